"""Direct reply-to: the consumer of a reply queue, and the declaration that asks for one.

What becomes of the requests' reply-to is the engine's business, the addresses are the broker's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from leveret.engine.amqp091.consumer import ChannelConsumer
from leveret.wire.amqp091.errors import ProtocolError
from leveret.wire.amqp091.methods import BasicConsume, QueueDeclare, QueueDeclareOk

if TYPE_CHECKING:
    from leveret.broker.queue import Queue
    from leveret.peers.amqp091.channel import Channel


class ReplySubscription:
    """A channel's consumer of direct replies. The reply queue is its own, and goes with it."""

    __slots__ = ("channel", "consumer", "queue", "tag")

    consumer: ChannelConsumer  # once it is started

    def __init__(self, channel: Channel, queue: Queue, tag: str) -> None:
        self.channel = channel
        self.queue = queue
        self.tag = tag

    def start(self) -> None:
        channel = self.channel
        tag = self.tag.encode("utf-8", "surrogateescape")
        self.consumer = channel.engine.consume(self.queue.store, tag, True, 0)
        channel.engine.reply_to(self.queue.name.encode())
        channel.subscriptions[self.tag] = self

    def stop(self) -> None:
        """Requests have no reply address from now on, and replies that come are lost."""
        del self.channel.subscriptions[self.tag]
        self.channel.engine.reply_to(None)
        self.channel.engine.cancel(self.consumer)
        self.release()

    def release(self) -> None:
        """The channel has gone."""
        self.channel.virtual_host.close_reply_queue(self.queue)


def consume(channel: Channel, method: BasicConsume, tag: str) -> None:
    """basic.consume of the pseudo queue."""
    if not method.no_ack:
        raise ProtocolError("precondition_failed", "reply consumer cannot acknowledge")
    if any(isinstance(each, ReplySubscription) for each in channel.subscriptions.values()):
        raise ProtocolError("precondition_failed", "reply consumer already set")
    queue = channel.virtual_host.open_reply_queue(channel.connection)
    ReplySubscription(channel, queue, tag).start()


def declare(channel: Channel, method: QueueDeclare) -> QueueDeclareOk:
    """queue.declare of an address: is anybody waiting there?"""
    channel.virtual_host.check_reply_queue(method.queue)
    channel.last_queue = method.queue
    return QueueDeclareOk(queue=method.queue, message_count=0, consumer_count=1)
