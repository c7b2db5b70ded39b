"""What the clients know of each message, and so what a broker must have when it is there again.

    published            may be there
    confirmed            must be there
    settling, purging,   may be there: the broker was asked, and has not answered
    deleting
    gone                 must not be there: the broker has answered, or it was seen to be gone

A settlement is answered where something that its client published after it was confirmed, or the
transaction was that it was in: there is one log. A message that several queues have has a copy in
each. All that is published has a number that rises, so that an order can be checked.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum


class Presence(Enum):
    NEVER = "must not be there"
    MAY = "may be there"
    MUST = "must be there"


@dataclass(slots=True, eq=False)
class Copy:
    """A message in one queue. `publisher` and `number` are its key."""

    queue: str
    publisher: str
    number: int
    body: bytes
    is_persistent: bool
    was_delivered: bool = False
    is_confirmed: bool = False
    is_leaving: bool = False
    is_gone: bool = False

    def __str__(self) -> str:
        flags = ("is_persistent", "was_delivered", "is_confirmed", "is_leaving", "is_gone")
        return ", ".join(flag for flag in flags if getattr(self, flag))

    @property
    def key(self) -> str:
        return f"{self.publisher}/{self.number}"

    @property
    def presence(self) -> Presence:
        """After the broker's process has ended."""
        if self.is_gone or not self.is_persistent:
            return Presence.NEVER
        return Presence.MUST if self.is_confirmed and not self.is_leaving else Presence.MAY


@dataclass(slots=True)
class Transaction:
    """Nothing or all of it has happened; it was not answered."""

    published: list[Copy]
    settled: list[Copy]


@dataclass(slots=True, frozen=True)
class Found:
    """What a broker gave."""

    key: str
    body: bytes
    redelivered: bool


@dataclass
class Ledger:
    """`queues` has the copies by queue and key, as published; `there`, whether the queue is.

    `transactions` were asked to commit, and not answered.
    """

    queues: dict[str, dict[str, Copy]] = field(default_factory=dict)
    there: dict[str, Presence] = field(default_factory=dict)
    transactions: list[Transaction] = field(default_factory=list)
    number: int = 0

    def add_queue(self, name: str) -> None:
        self.queues[name] = {}
        self.there[name] = Presence.MAY

    def new_key(self, publisher: str) -> tuple[str, int]:
        self.number += 1
        return publisher, self.number

    def publish(
        self, queues: Iterable[str], key: tuple[str, int], body: bytes, *, is_persistent: bool
    ) -> list[Copy]:
        copies = [Copy(queue, *key, body, is_persistent) for queue in queues]
        for copy in copies:
            self.queues[copy.queue][copy.key] = copy
        return copies

    def live(self, queue: str) -> list[Copy]:
        return [copy for copy in self.queues[queue].values() if not copy.is_gone]

    @property
    def has_confirmed(self) -> bool:
        return any(copy.is_confirmed for copies in self.queues.values() for copy in copies.values())

    def recovered(self, found: dict[str, list[Found]]) -> None:
        """The broker has these after its start, and has delivered them to find out.

        They were read from what is on the disk, so the rest is gone for good, whatever might have
        become of it.
        """
        self.transactions.clear()
        for queue, copies in self.queues.items():
            seen = {each.key for each in found.get(queue, ())}
            self.queues[queue] = {key: copy for key, copy in copies.items() if key in seen}
            self.there[queue] = Presence.MUST if queue in found else Presence.NEVER
            for copy in self.queues[queue].values():
                copy.is_confirmed, copy.is_leaving, copy.was_delivered = True, False, True


def confirm(copies: Iterable[Copy]) -> None:
    for copy in copies:
        copy.is_confirmed = True


def leave(copies: Iterable[Copy]) -> None:
    """The broker is asked to let go of them."""
    for copy in copies:
        copy.is_leaving = True


def stay(copy: Copy) -> None:
    """The broker has not let go of it."""
    copy.is_leaving = False


def go(copies: Iterable[Copy]) -> None:
    """The broker has said that they are gone."""
    for copy in copies:
        copy.is_gone = True
