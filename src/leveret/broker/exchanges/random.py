"""Random: each message to one destination, whatever the keys; each binding is as likely."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from leveret.broker.arguments import Arguments

if TYPE_CHECKING:
    from leveret.broker.binding import Binding, Destination
    from leveret.broker.exchanges.surroundings import Surroundings
    from leveret.broker.message import Message

CHOICE_BYTES = 8  # so many that no count of bindings makes the first more likely


class Random:
    __slots__ = ("held", "listed", "random")

    by_content = True  # of two messages that are the same each has its own luck

    def __init__(self, _arguments: Arguments, surroundings: Surroundings) -> None:
        self.random = surroundings.random
        self.held: dict[Binding, None] = {}
        self.listed: list[Binding] | None = None  # None: not made yet

    def bind(self, binding: Binding) -> None:
        self.held[binding] = None
        self.listed = None

    def unbind(self, binding: Binding) -> None:
        del self.held[binding]
        self.listed = None

    def destinations(self, message: Message) -> Iterable[Destination]:
        if not self.held:
            return ()
        if self.listed is None:
            self.listed = list(self.held)
        choice = int.from_bytes(self.random(CHOICE_BYTES), "big")
        return (self.listed[choice % len(self.listed)].destination,)

    def bindings(self) -> Iterable[Binding]:
        return self.held
