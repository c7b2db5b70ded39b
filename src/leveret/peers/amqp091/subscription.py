"""A consumer: of a queue for the broker, of a channel for the client."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leveret.broker.queue import Queue
from leveret.engine.amqp091.consumer import ChannelConsumer
from leveret.peers.amqp091 import event_facts
from leveret.wire.amqp091.methods import BasicCancel

if TYPE_CHECKING:
    from leveret.broker.statistics import ConsumerStatistics
    from leveret.peers.amqp091.channel import Channel


class Subscription:
    """Satisfies the broker's protocol of that name."""

    __slots__ = ("channel", "consumer", "exclusive", "queue", "tag")

    consumer: ChannelConsumer  # once it is started

    def __init__(self, channel: Channel, queue: Queue, tag: str, *, exclusive: bool) -> None:
        self.channel = channel
        self.queue = queue
        self.tag = tag
        self.exclusive = exclusive

    def start(self, *, no_ack: bool, priority: int, timeout: int | None = None) -> None:
        """Deliveries begin with the shard's next turn. Raises what the queue refuses.

        `timeout` is for how many milliseconds it may keep a message; None: for ever.
        """
        channel = self.channel
        self.queue.subscribe(self)
        tag = self.tag.encode("utf-8", "surrogateescape")
        self.consumer = channel.engine.consume(
            self.queue.store, tag, no_ack, channel.prefetch_count, priority
        )
        channel.subscriptions[self.tag] = self
        if timeout is not None and not no_ack:
            channel.watch(self.consumer, timeout)

    def stop(self) -> None:
        """No more deliveries. What was delivered may still be acknowledged."""
        del self.channel.subscriptions[self.tag]
        self.channel.engine.cancel(self.consumer)
        self.release()

    def release(self) -> None:
        """The channel has gone, or the consumer."""
        self._tell_stopped()
        self.queue.unsubscribe(self)

    def _tell_stopped(self) -> None:
        events = self.channel.connection.events
        events.tell("consumer.deleted", event_facts.consumer_stopped, self)

    def statistics(self) -> ConsumerStatistics:
        from leveret.peers.amqp091.statistics import of_consumer  # not before somebody asks

        return of_consumer(self)

    def cancelled(self) -> None:
        """The queue has gone."""
        del self.channel.subscriptions[self.tag]
        self.channel.engine.cancel(self.consumer)
        self._tell_stopped()
        connection = self.channel.connection
        if "consumer_cancel_notify" in connection.capabilities:
            cancel = BasicCancel(consumer_tag=self.tag, no_wait=True)
            connection.write(self.channel.number, cancel)
