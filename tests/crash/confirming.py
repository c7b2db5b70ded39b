"""A client that waits for confirms, and does with its queue all that one can do with a queue."""

from __future__ import annotations

from collections import deque

from pika.frame import Method
from pika.spec import Basic

from tests.crash.client import Client
from tests.crash.ledger import Copy, Presence, confirm, go, leave, stay

WINDOW = 400
BURST = 40


class ConfirmingClient(Client):
    """Publishes with a window of unconfirmed messages, settles, purges, deletes, declares again.

    A confirm also says that what this channel settled before is on the disk, where the message
    is.
    """

    burst: int = BURST

    def begin(self) -> None:
        self.tag = 0
        self.unconfirmed: dict[int, list[Copy]] = {}
        self.unanswered: deque[tuple[int, list[Copy]]] = deque()  # settled before that tag
        self.purging: set[Copy] | None = None
        self.is_there = False
        self.channel.confirm_delivery(self._confirmed)

    def step(self) -> None:
        what = self.chance.random()
        if self.is_there and self.purging is None and what < 0.01:
            self._purge()
        elif self.is_there and self.purging is None and what < 0.015:
            self._delete()
        elif what < 0.5:
            if self.is_there and (settled := self.settle()):
                self.unanswered.append((self.tag, settled))
        elif len(self.unconfirmed) < WINDOW:
            for _ in range(self.chance.randint(1, self.burst)):
                to_all = not self.is_there or self.chance.random() < 0.2
                self.tag += 1
                self.unconfirmed[self.tag] = self.publish(to_all=to_all)

    def _confirmed(self, frame: Method) -> None:
        method = frame.method
        tags = [method.delivery_tag]
        if method.multiple:
            tags = [tag for tag in self.unconfirmed if tag <= method.delivery_tag]
        for tag in tags:
            copies = self.unconfirmed.pop(tag)
            if isinstance(method, Basic.Ack):
                confirm(copies)
                if copies[0].is_persistent:
                    self._is_durable_before(tag)
            else:
                self.failures.append(f"{self.name}: message {tag} was refused")

    def _is_durable_before(self, tag: int) -> None:
        while self.unanswered and self.unanswered[0][0] < tag:
            go(self.unanswered.popleft()[1])

    # Purging: what was delivered before the answer stays

    def _purge(self) -> None:
        held = set(self.held.values())
        self.purging = {
            copy
            for copy in self.ledger.live(self.queue)
            if copy not in held and not copy.is_leaving
        }
        leave(self.purging)
        self.channel.queue_purge(self.queue, callback=self._purged)

    def delivered(self, copy: Copy) -> None:
        if self.purging is not None and copy in self.purging:
            self.purging.discard(copy)
            stay(copy)

    def _purged(self, _frame: Method) -> None:
        go(self.purging or ())
        self.purging = None

    # Deleting, and declaring again

    def _delete(self) -> None:
        self.is_there = False
        self.ledger.there[self.queue] = Presence.MAY
        leave(self.ledger.live(self.queue))
        self.channel.queue_delete(self.queue, callback=self._deleted)

    def _deleted(self, _frame: Method) -> None:
        go(self.ledger.live(self.queue))
        self.held.clear()
        self.ledger.there[self.queue] = Presence.MAY
        self.channel.queue_declare(self.queue, durable=True, callback=self._declared)

    def _declared(self, _frame: Method) -> None:
        self.ledger.there[self.queue] = Presence.MUST
        self.consume()

    def consuming(self) -> None:
        self.is_there = True
