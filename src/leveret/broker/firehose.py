"""A virtual host's firehose: a copy of each message that comes in or goes out, while it is on.

    published     publish.<exchange>    to the topic exchange amq.rabbitmq.trace, with the message's
    delivered     deliver.<queue>       body; all else that is known of it is in the headers

While it is off it costs nothing: who publishes finds routes in caches, and consumers deliver by
themselves. While it is on no route is kept, each message is routed on its own (VirtualHost.route),
and each consumer tells its peer what it delivers.

A copy is noted when the message passes and published in the shard's next turn. What was published
to the exchange itself is not copied again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from leveret.broker.events import Facts
from leveret.broker.message import Message
from leveret.broker.names import encoded

if TYPE_CHECKING:
    from leveret.broker.queue import Queue
    from leveret.broker.topology import Topology

TRACE_EXCHANGE: Final = "amq.rabbitmq.trace"
ROUTING_KEY_BYTES_MAX: Final = 255
"""AMQP's limit: a longer key is cut."""

WriteTrace: TypeAlias = Callable[[bytes, Facts], bytes]
"""Makes a copy's properties from those of the message and from what is known of it."""


class Client(NamedTuple):
    """Whose message it is, or becomes."""

    connection: str
    channel: int
    user: str


class Firehose:
    """`names` of the queues, by the engine's numbers."""

    def __init__(self, topology: Topology, write: WriteTrace) -> None:
        self.topology = topology
        self.write = write
        self.names: dict[int, str] = {}
        self.pending: list[tuple[str, Message, Facts]] = []

    def published(self, message: Message, queues: Iterable[Queue], client: Client) -> None:
        facts = {
            "vhost": self.topology.virtual_host,
            "connection": client.connection,
            "channel": client.channel,
            "user": client.user,
            "routed_queues": [queue.name for queue in queues],
        }
        copied = message._replace(body=bytes(message.body))
        self.note(f"publish.{message.exchange}", copied, facts)

    def delivered(self, message: Message, client: Client, *, queue: int, redelivered: bool) -> None:
        """From the queue of that number."""
        facts = {
            "redelivered": int(redelivered),
            "vhost": self.topology.virtual_host,
            "connection": client.connection,
            "channel": client.channel,
            "user": client.user,
        }
        self.note(f"deliver.{self.names.get(queue, '')}", message, facts)

    def note(self, routing_key: str, message: Message, facts: Facts) -> None:
        exchange = self.topology.exchanges.get(TRACE_EXCHANGE)
        if message.exchange == TRACE_EXCHANGE or exchange is None or not exchange.binding_count:
            return
        about = {"exchange_name": message.exchange, "routing_keys": message.routing_keys, **facts}
        if not self.pending:
            self.topology.shard.next_turn(self.publish)
        self.pending.append((routing_key, message, about))

    def publish(self) -> None:
        """What has passed since the last turn."""
        pending, self.pending = self.pending, []
        exchange = self.topology.exchanges.get(TRACE_EXCHANGE)
        if exchange is None:
            return
        now = self.topology.shard.agenda.now
        for routing_key, message, about in pending:
            key = encoded(routing_key)[:ROUTING_KEY_BYTES_MAX].decode("utf-8", "surrogateescape")
            copy = Message(
                TRACE_EXCHANGE,
                (key,),
                about,
                arrival=now,
                properties=self.write(message.properties, about),
                body=message.body,
            )
            self.topology.hand_over(copy, self.topology.route_message(exchange, copy))


def forget_routes(topology: Topology) -> Iterator[None]:
    """All that is known of where messages go is stale; one exchange or queue with each step."""
    for exchange in list(topology.exchanges.values()):
        exchange.source.changed()
        yield
    for queues in (topology.queues, topology.reply_queues):
        for queue in list(queues.values()):
            queue.source.changed()
            if topology.firehose is not None:
                topology.firehose.names[queue.store.number] = queue.name
            yield
