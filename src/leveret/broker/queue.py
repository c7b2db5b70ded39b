"""A queue: its declaration, its consumers, and the bindings that lead to it.

The messages are the engine's (`store`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from leveret.broker import queue_arguments
from leveret.broker.arguments import Arguments
from leveret.broker.equivalence import check_arguments, check_field
from leveret.broker.errors import AccessRefused, ResourceLocked
from leveret.broker.policy import NO_POLICY
from leveret.broker.queue_settings import QueueSettings
from leveret.engine.route import Exchange as RouteSource

if TYPE_CHECKING:
    from leveret.broker.binding import Binding
    from leveret.broker.statistics import ConsumerStatistics
    from leveret.broker.topology import Topology
    from leveret.engine.queue import Queue as Store


class Subscription(Protocol):
    """A consumer, as the peer that has it shows it to the queue."""

    @property
    def exclusive(self) -> bool:
        """Whether it wants the queue for itself."""

    def cancelled(self) -> None:
        """The queue goes away and has let go of the subscription: tell the client, forget it."""

    def statistics(self) -> ConsumerStatistics:
        """What an operator may want to know of it."""


class Queue:
    """`owner` is the connection that an exclusive queue belongs to, None for all other queues.

    `settings` are what its arguments ask for, and policies; `effective` is whose these are.
    """

    __slots__ = (
        "arguments",
        "auto_delete",
        "bindings",
        "durable",
        "effective",
        "name",
        "owner",
        "settings",
        "source",
        "store",
        "subscriptions",
        "topology",
    )

    def __init__(
        self,
        name: str,
        topology: Topology,
        store: Store,
        *,
        durable: bool,
        auto_delete: bool,
        owner: object | None,
        arguments: Arguments,
    ) -> None:
        self.name = name
        self.topology = topology
        self.store = store
        self.durable = durable
        self.auto_delete = auto_delete
        self.owner = owner
        self.arguments = arguments
        self.source = RouteSource()  # what the default exchange's route to here depends on
        self.bindings: dict[Binding, None] | None = None  # those that lead here, in order
        self.subscriptions: dict[Subscription, None] | None = None
        self.effective = NO_POLICY
        self.settings: QueueSettings
        QueueSettings.from_arguments(arguments).apply(self)

    @property
    def message_count(self) -> int:
        """The messages that are ready, as queue.declare-ok counts them."""
        return self.store.ready_count

    @property
    def consumer_count(self) -> int:
        return len(self.subscriptions or ())

    def subscribe(self, subscription: Subscription) -> None:
        """Raises AccessRefused if an exclusive consumer is there, or cannot be alone."""
        if self.subscriptions is None:
            self.subscriptions = {}
        elif subscription.exclusive or next(iter(self.subscriptions)).exclusive:
            raise AccessRefused(f"{self.description} in exclusive use")
        self.subscriptions[subscription] = None
        self.topology.consumer_count += 1

    def unsubscribe(self, subscription: Subscription) -> None:
        """The consumer has gone; with the last one an auto-delete queue goes too.

        A subscription that the queue let go of before is ignored.
        """
        if self.subscriptions is None or subscription not in self.subscriptions:
            return
        del self.subscriptions[subscription]
        self.topology.consumer_count -= 1
        if self.subscriptions:
            return
        self.subscriptions = None
        if self.auto_delete:
            self.topology.remove_queue(self)

    def check_access(self, connection: object | None) -> None:
        """Raises ResourceLocked if the queue is another connection's own."""
        if self.owner is not None and self.owner is not connection:
            self.refuse_access()

    def check_same(
        self, *, durable: bool, auto_delete: bool, owner: object | None, arguments: Arguments
    ) -> None:
        """Raises ResourceLocked or PreconditionFailed if a second declaration differs."""
        if self.owner is not owner:
            self.refuse_access()
        resource = self.description
        check_field("durable", current=self.durable, received=durable, resource=resource)
        check_field(
            "auto_delete", current=self.auto_delete, received=auto_delete, resource=resource
        )
        check_arguments(
            queue_arguments.COMPARED, current=self.arguments, received=arguments, resource=resource
        )

    def refuse_access(self) -> None:
        raise ResourceLocked(
            f"cannot obtain exclusive access to locked {self.description}. It could be originally "
            "declared on another connection or the exclusive property value does not match that "
            "of the original declaration."
        )

    @property
    def description(self) -> str:
        return f"queue '{self.name}' in vhost '{self.topology.virtual_host}'"
