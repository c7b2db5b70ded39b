"""A client that publishes and settles in transactions."""

from __future__ import annotations

from pika.frame import Method

from tests.crash.client import Client
from tests.crash.ledger import Copy, Transaction, confirm, go, leave, stay

STEPS = 6


class TransactingClient(Client):
    """Some steps, then tx.commit or tx.rollback; all of it or nothing happens."""

    def begin(self) -> None:
        self.is_waiting = True
        self.channel.tx_select(callback=self._selected)

    def step(self) -> None:
        if self.is_waiting:
            return
        self.rest -= 1
        if self.rest <= 0:
            self._end()
        elif self.chance.random() < 0.4:
            self._settle()
        else:
            for _ in range(self.chance.randint(1, 8)):
                to_all = self.chance.random() < 0.3
                self.transaction.published += self.publish(to_all=to_all)

    def publish(self, *, to_all: bool) -> list[Copy]:
        """Nothing is there before it is committed."""
        copies = super().publish(to_all=to_all)
        go(copies)
        return copies

    def _settle(self) -> None:
        """Nothing is gone before it is committed."""
        before = dict(self.held)
        settled = self.settle()
        for copy in settled:
            stay(copy)
        self.transaction.settled += settled
        self.taken |= {tag: copy for tag, copy in before.items() if tag not in self.held}

    def _selected(self, _frame: Method) -> None:
        self._start_again()

    def _end(self) -> None:
        self.is_waiting = True
        if self.chance.random() < 0.1:
            self.channel.tx_rollback(callback=self._rolled_back)
            return
        for copy in self.transaction.published:
            copy.is_gone = False
        leave(self.transaction.settled)
        self.ledger.transactions.append(self.transaction)
        self.channel.tx_commit(callback=self._committed)

    def _committed(self, _frame: Method) -> None:
        self.ledger.transactions.remove(self.transaction)
        confirm(self.transaction.published)
        go(self.transaction.settled)
        self._start_again()

    def _rolled_back(self, _frame: Method) -> None:
        """What was settled or given back is held by the channel again."""
        self.held = dict(sorted((self.held | self.taken).items()))
        self._start_again()

    def _start_again(self) -> None:
        self.transaction = Transaction([], [])
        self.taken: dict[int, Copy] = {}
        self.rest = self.chance.randint(1, STEPS)
        self.is_waiting = False
