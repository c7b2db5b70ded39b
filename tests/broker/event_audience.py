"""A broker whose events somebody listens to."""

from leveret.broker.broker import Broker
from leveret.broker.events import EVENT_EXCHANGE
from leveret.engine.shard import Shard


class Audience:
    """A broker, and a queue of events in it: `heard` takes what is there."""

    def __init__(self, random) -> None:
        self.shard = Shard()
        self.broker = Broker(self.shard, random)
        self.broker.events.open(lambda headers, timestamp: b"\0\0")
        self.host = self.broker.virtual_host("/")
        self.host.declare_queue("events", connection=None)

    def bind(self, routing_key="#"):
        self.host.bind_queue(
            queue="events", exchange=EVENT_EXCHANGE, routing_key=routing_key, connection=None
        )
        return self

    def unbind(self, routing_key="#"):
        self.host.unbind_queue(
            queue="events", exchange=EVENT_EXCHANGE, routing_key=routing_key, connection=None
        )

    def heard(self):
        """Names and facts, the time and the actor left out."""
        events = self.broker.events
        told = [(event.name, dict(event.headers)) for event in events.pending]
        before = self.host.queues["events"].message_count
        self.shard.turn()
        assert not events.pending
        assert self.host.queues["events"].message_count - before == len(told)
        return [
            (name, {key: value for key, value in headers.items() if key != "timestamp_in_ms"})
            for name, headers in told
        ]

    def names(self):
        return [name for name, _ in self.heard()]
