"""What happens in the broker, as messages for who has bound a queue to amq.rabbitmq.event.

    routing key    the event's name: queue.created, connection.closed, ...
    headers        timestamp_in_ms, then its facts, then user_who_performed_action
    body           none

The exchange is in the default virtual host. As long as nothing is bound to it there are no events:
whoever has something to tell gives a function that puts the facts together, and it is not called.

An event is noted when it happens and published in the shard's next turn, so that nothing is routed
in the middle of a change. What is published so is no event itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from leveret.broker.message import Message

if TYPE_CHECKING:
    from leveret.broker.topology import Topology

EVENT_EXCHANGE: Final = "amq.rabbitmq.event"
INTERNAL: Final = "rmq-internal"
"""RabbitMQ's name for itself, where no user has asked for what happens."""
COMMAND_LINE: Final = "rmq-cli"
"""Its name for operators' commands."""
ACTOR: Final = "user_who_performed_action"
WITHOUT_ACTOR: Final = ("alarm.", "user.authentication.")

Facts: TypeAlias = Mapping[str, object]
WriteProperties: TypeAlias = Callable[[Facts, int], bytes]
"""Makes a persistent message's properties from its headers and its timestamp, in seconds."""


class Event(NamedTuple):
    name: str
    headers: Facts
    now: int  # milliseconds since 1970


class Events:
    """Mute until it is opened; `topology` is the default virtual host's.

    `actor` is for whom the broker does what it is doing.
    """

    def __init__(self) -> None:
        self.actor = INTERNAL
        self.topology: Topology | None = None
        self.write: WriteProperties | None = None
        self.pending: list[Event] = []

    def open(self, write: WriteProperties) -> None:
        """From now on there are events: all that was there before has come back."""
        self.write = write

    @property
    def is_wanted(self) -> bool:
        """Somebody has bound something to the exchange."""
        if self.write is None or self.topology is None:
            return False
        exchange = self.topology.exchanges.get(EVENT_EXCHANGE)
        return exchange is not None and exchange.binding_count > 0

    def tell(self, name: str, facts: Callable[..., Facts], *about: Any) -> None:
        """It has happened; `facts(*about)` is what there is to know, for who wants to."""
        if not self.is_wanted or self.topology is None:
            return
        now = self.topology.shard.agenda.now
        headers = {"timestamp_in_ms": now, **facts(*about)}
        if not name.startswith(WITHOUT_ACTOR):
            headers[ACTOR] = self.actor
        if not self.pending:
            self.topology.shard.next_turn(self.publish)
        self.pending.append(Event(name, headers, now))

    @contextmanager
    def acting(self, actor: str) -> Iterator[None]:
        """What happens meanwhile, happens for that user."""
        self.actor = actor
        try:
            yield
        finally:
            self.actor = INTERNAL

    def publish(self) -> None:
        """What has happened since the last turn."""
        pending, self.pending = self.pending, []
        topology, write = self.topology, self.write
        exchange = None if topology is None else topology.exchanges.get(EVENT_EXCHANGE)
        if topology is None or exchange is None or write is None:
            return
        for event in pending:
            timestamp = event.now // 1000
            message = Message(
                EVENT_EXCHANGE,
                (event.name,),
                event.headers,
                timestamp=timestamp,
                arrival=event.now,
                persistent=True,
                properties=write(event.headers, timestamp),
            )
            topology.hand_over(message, topology.route_message(exchange, message))
