"""Fanout: a message goes to every destination, whatever the keys."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from leveret.broker.binding import Binding, Destination
    from leveret.broker.message import Message


class Fanout:
    __slots__ = ("held",)

    by_content = False

    def __init__(self) -> None:
        self.held: dict[Binding, None] = {}

    def bind(self, binding: Binding) -> None:
        self.held[binding] = None

    def unbind(self, binding: Binding) -> None:
        del self.held[binding]

    def destinations(self, message: Message) -> Iterable[Destination]:
        return (binding.destination for binding in self.held)

    def bindings(self) -> Iterable[Binding]:
        return self.held
