"""An exchange: a name, its declaration, and the bindings that lead to it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

from leveret.broker.argument_checks import check_exchange_name
from leveret.broker.arguments import Arguments
from leveret.broker.equivalence import check_arguments, check_field
from leveret.broker.policy import NO_POLICY
from leveret.engine.route import Exchange as RouteSource

if TYPE_CHECKING:
    from leveret.broker.binding import Binding, Destination
    from leveret.broker.message import Message

ALTERNATE = "alternate-exchange"
# The incarnation of an exchange that is always there, or not after a restart.
NOT_KEPT = 0
COMPARED_ARGUMENTS = (ALTERNATE,)


class Router(Protocol):
    """What an exchange type is: an index of the exchange's bindings."""

    @property
    def by_content(self) -> bool:
        """Whether a message's destinations hang on more than its routing keys."""

    def bind(self, binding: Binding) -> None:
        """Adds a binding that is not there.

        Raises PreconditionFailed, with nothing changed, for one that cannot be of this type.
        """

    def unbind(self, binding: Binding) -> None:
        """Removes a binding that is there."""

    def destinations(self, message: Message) -> Iterable[Destination]:
        """Where a message goes, in an order that the commands so far determine.

        A destination may come more than once. Unless `by_content`, only the message's routing
        keys are looked at, and the answer holds for all messages with the same.
        """

    def bindings(self) -> Iterable[Binding]:
        """All of them."""


class Exchange:
    """`source` is what the engine's cached routes through this exchange depend on.

    `alternate` is the name of the exchange that gets the messages for which this one has no
    destination; None: they are dropped, or returned. `incarnation` is a number that no other has
    or had that survives a restart.
    """

    __slots__ = (
        "alternate",
        "arguments",
        "auto_delete",
        "binding_count",
        "bindings",
        "durable",
        "effective",
        "incarnation",
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
        incarnation: int = NOT_KEPT,
    ) -> None:
        self.name = name
        self.type = type
        self.router = router
        self.durable = durable
        self.auto_delete = auto_delete
        self.internal = internal
        self.arguments = arguments
        self.incarnation = incarnation
        self.alternate = alternate_in(arguments)
        self.effective = NO_POLICY  # whatever of its policies it goes by
        self.source = RouteSource()
        self.is_routed = False  # whether a good route may lead through here
        self.binding_count = 0  # of the bindings from here, which `router` holds
        self.bindings: dict[Binding, None] | None = None  # those that lead here, in order
        self.upstream: dict[Exchange, int] = {}  # where these come from, and how many from each

    @property
    def own_alternate(self) -> str | None:
        """As it was declared."""
        return alternate_in(self.arguments)

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


def alternate_in(arguments: Arguments) -> str | None:
    alternate = arguments.get(ALTERNATE)
    return alternate if isinstance(alternate, str) else None


def check_alternate(arguments: Arguments, *, resource: str) -> None:
    """Raises PreconditionFailed if the alternate exchange's name is not text."""
    check_exchange_name(arguments, ALTERNATE, resource=resource)
