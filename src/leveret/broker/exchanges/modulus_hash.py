"""Modulus hash: each message to one destination, the same for the same routing key.

The destinations are put in order by name, so where a key leads does not hang on the order in
which they were bound. When one comes or goes, most keys lead elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from leveret.broker.exchanges.hashing import digest
from leveret.broker.queue import Queue

if TYPE_CHECKING:
    from leveret.broker.binding import Binding, Destination
    from leveret.broker.message import Message


class ModulusHash:
    __slots__ = ("held", "ordered")

    by_content = False

    def __init__(self) -> None:
        self.held: dict[Binding, None] = {}
        self.ordered: list[Destination] | None = None  # None: not known yet

    def bind(self, binding: Binding) -> None:
        self.held[binding] = None
        self.ordered = None

    def unbind(self, binding: Binding) -> None:
        del self.held[binding]
        self.ordered = None

    def destinations(self, message: Message) -> Iterable[Destination]:
        if not self.held:
            return ()
        if self.ordered is None:
            self.ordered = sorted({binding.destination for binding in self.held}, key=place)
        return (self.ordered[digest(message.routing_keys) % len(self.ordered)],)

    def bindings(self) -> Iterable[Binding]:
        return self.held


def place(destination: Destination) -> tuple[bool, str]:
    """Exchanges first."""
    return isinstance(destination, Queue), destination.name
