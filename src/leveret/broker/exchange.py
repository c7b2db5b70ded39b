"""An exchange: a name, its declaration, and the bindings that lead to it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

from leveret.broker.arguments import Arguments
from leveret.engine.route import Exchange as RouteSource

if TYPE_CHECKING:
    from leveret.broker.binding import Binding, Destination


class Router(Protocol):
    """What an exchange type is: an index of the exchange's bindings."""

    def bind(self, binding: Binding) -> None:
        """Adds a binding that is not there."""

    def unbind(self, binding: Binding) -> None:
        """Removes a binding that is there."""

    def destinations(self, routing_key: str) -> Iterable[Destination]:
        """Where a message with this key goes, in an order that the commands so far determine.

        A destination may come more than once.
        """

    def bindings(self) -> Iterable[Binding]:
        """All of them."""


class Exchange:
    """`source` is what the engine's cached routes through this exchange depend on."""

    __slots__ = (
        "arguments",
        "auto_delete",
        "binding_count",
        "bindings",
        "durable",
        "internal",
        "name",
        "router",
        "source",
        "type",
    )

    def __init__(
        self,
        name: str,
        type: str,
        router: Router,
        *,
        durable: bool,
        auto_delete: bool,
        internal: bool,
        arguments: Arguments,
    ) -> None:
        self.name = name
        self.type = type
        self.router = router
        self.durable = durable
        self.auto_delete = auto_delete
        self.internal = internal
        self.arguments = arguments
        self.source = RouteSource()
        self.binding_count = 0  # of the bindings from here, which `router` holds
        self.bindings: dict[Binding, None] | None = None  # those that lead here, in order
