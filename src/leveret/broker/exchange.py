"""An exchange: a name, its declaration, and the bindings that lead to it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

from leveret.broker.arguments import Arguments
from leveret.broker.equivalence import check_arguments, check_field
from leveret.engine.route import Exchange as RouteSource

if TYPE_CHECKING:
    from leveret.broker.binding import Binding, Destination

COMPARED_ARGUMENTS = ("alternate-exchange",)


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
        "is_routed",
        "name",
        "router",
        "source",
        "type",
        "upstream",
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
        self.is_routed = False  # whether a good route may lead through here
        self.binding_count = 0  # of the bindings from here, which `router` holds
        self.bindings: dict[Binding, None] | None = None  # those that lead here, in order
        self.upstream: dict[Exchange, int] = {}  # where these come from, and how many from each

    def check_same(
        self,
        type: str,
        *,
        durable: bool,
        auto_delete: bool,
        internal: bool,
        arguments: Arguments,
        resource: str,
    ) -> None:
        """Raises PreconditionFailed if a second declaration differs from the first."""
        check_field("type", current=self.type, received=type, resource=resource)
        check_field("durable", current=self.durable, received=durable, resource=resource)
        check_field(
            "auto_delete", current=self.auto_delete, received=auto_delete, resource=resource
        )
        check_field("internal", current=self.internal, received=internal, resource=resource)
        check_arguments(
            COMPARED_ARGUMENTS, current=self.arguments, received=arguments, resource=resource
        )
