"""Nowhere: the router of an exchange that has gone, while its bindings are being taken out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from leveret.engine.errors import InvariantError

if TYPE_CHECKING:
    from leveret.broker.binding import Binding, Destination
    from leveret.broker.message import Message


class Nowhere:
    """Not for new bindings; an old one may still be unbound."""

    __slots__ = ()

    by_content = False

    def bind(self, binding: Binding) -> None:
        raise InvariantError("an exchange that has gone is not bound to")

    def unbind(self, binding: Binding) -> None:
        pass

    def destinations(self, message: Message) -> Iterable[Destination]:
        return ()

    def bindings(self) -> Iterable[Binding]:
        return ()
