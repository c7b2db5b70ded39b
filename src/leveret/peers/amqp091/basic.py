"""The methods of class basic that are not about a single message, and basic.get."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from typing import Final

from leveret.broker import consumer_arguments
from leveret.broker.reply_queues import PSEUDO_QUEUE
from leveret.engine.chores import Chore
from leveret.peers.amqp091 import direct_reply_to, event_facts
from leveret.peers.amqp091.channel import Channel
from leveret.peers.amqp091.consumer_timeout import timeout_of
from leveret.peers.amqp091.outcome import Outcome, Unfinished, after
from leveret.peers.amqp091.subscription import Subscription
from leveret.wire.amqp091.errors import ProtocolError
from leveret.wire.amqp091.methods import (
    BasicCancel,
    BasicCancelOk,
    BasicConsume,
    BasicConsumeOk,
    BasicGet,
    BasicGetEmpty,
    BasicQos,
    BasicQosOk,
    BasicRecover,
    BasicRecoverAsync,
    BasicRecoverOk,
)

GENERATED_PREFIX: Final = "amq.ctag-"
GENERATED_BYTES: Final = 16  # 22 characters


def qos(channel: Channel, method: BasicQos) -> BasicQosOk:
    """`global` sets the limit that the channel's consumers share; else each one's own.

    RabbitMQ leaves the consumers as they are that run already, and since 4.3 knows no shared limit.
    """
    if method.prefetch_size:
        raise ProtocolError("not_implemented", f"prefetch_size!=0 ({method.prefetch_size})")
    strict = channel.connection.service.settings.strict
    if method.global_ and not strict:
        channel.engine.limit_channel(method.prefetch_count)
        return BasicQosOk()
    channel.prefetch_count = method.prefetch_count
    if not strict:
        channel.engine.limit_consumers(method.prefetch_count)
    return BasicQosOk()


def consume(channel: Channel, method: BasicConsume) -> BasicConsumeOk:
    name = channel.queue_name(method.queue)
    if method.consumer_tag in channel.subscriptions:
        text = f"attempt to reuse consumer tag '{method.consumer_tag}'"
        raise ProtocolError("not_allowed", text)
    check_consumers(channel)
    tag = method.consumer_tag or generated_tag(channel)
    if name == PSEUDO_QUEUE:
        direct_reply_to.consume(channel, method, tag)
        return BasicConsumeOk(consumer_tag=tag)
    queue = channel.virtual_host.find_read(name, channel.connection, channel.access)
    kind = queue.settings.type
    consumer_arguments.check(method.arguments, kind=kind, resource=queue.description)
    priority = consumer_arguments.priority_of(method.arguments)
    subscription = Subscription(channel, queue, tag, exclusive=method.exclusive)
    timeout = timeout_of(queue, method.arguments.get(consumer_arguments.TIMEOUT))
    subscription.start(no_ack=method.no_ack, priority=priority, timeout=timeout)
    channel.connection.events.tell(
        "consumer.created", event_facts.consumer_started, subscription, method.arguments
    )
    return BasicConsumeOk(consumer_tag=tag)


def check_consumers(channel: Channel) -> None:
    """Raises ProtocolError and PreconditionFailed if there cannot be one more."""
    limit = channel.connection.service.settings.consumers_per_channel_max
    if channel.engine.holder_count >= limit:
        raise ProtocolError("not_allowed", f"reached maximum ({limit}) of consumers per channel")
    channel.virtual_host.check_consumers()


def generated_tag(channel: Channel) -> str:
    digits = urlsafe_b64encode(channel.virtual_host.random(GENERATED_BYTES)).decode()
    return GENERATED_PREFIX + digits.rstrip("=")


def cancel(channel: Channel, method: BasicCancel) -> BasicCancelOk:
    """A consumer that is not there is cancelled all the same, as the specification wants."""
    subscription = channel.subscriptions.get(method.consumer_tag)
    if subscription is not None:
        subscription.stop()
    return BasicCancelOk(consumer_tag=method.consumer_tag)


def get(channel: Channel, method: BasicGet) -> Outcome:
    """None: the engine has written basic.get-ok and the message, or will when it is in memory."""
    name = channel.queue_name(method.queue)
    queue = channel.virtual_host.find_read(name, channel.connection, channel.access)
    queue.check_get()
    if not method.no_ack and not channel.engine.may_hold:
        limit = channel.connection.service.settings.unacked_per_channel_max
        raise ProtocolError(
            "precondition_failed",
            f"cannot get: limit of unacknowledged messages on the channel ({limit}) is reached",
        )
    queue.used()
    if (awaited := queue.store.await_next()) is not None:
        return Unfinished([awaited], lambda: get(channel, method))
    if channel.engine.get(queue.store, method.no_ack):
        return None
    return BasicGetEmpty()


def recover(channel: Channel, method: BasicRecover) -> Outcome:
    return after(requeue_all(channel, method), BasicRecoverOk())


def recover_async(channel: Channel, method: BasicRecoverAsync) -> Outcome:
    """The same, without an answer."""
    return after(requeue_all(channel, method), None)


def requeue_all(channel: Channel, method: BasicRecover | BasicRecoverAsync) -> Chore | None:
    if not method.requeue:
        raise ProtocolError("not_implemented", "requeue=false")
    return channel.engine.recover()
