"""The methods of class queue."""

from __future__ import annotations

from leveret.broker.reply_queues import is_reply_queue
from leveret.peers.amqp091 import direct_reply_to
from leveret.peers.amqp091.channel import Channel
from leveret.peers.amqp091.outcome import Outcome, Unfinished, after
from leveret.wire.amqp091.methods import (
    QueueBind,
    QueueBindOk,
    QueueDeclare,
    QueueDeclareOk,
    QueueDelete,
    QueueDeleteOk,
    QueuePurge,
    QueuePurgeOk,
    QueueUnbind,
    QueueUnbindOk,
)


def declare(channel: Channel, method: QueueDeclare) -> QueueDeclareOk:
    if is_reply_queue(method.queue):
        return direct_reply_to.declare(channel, method)
    queue = channel.virtual_host.declare_queue(
        method.queue,
        passive=method.passive,
        durable=method.durable,
        exclusive=method.exclusive,
        auto_delete=method.auto_delete,
        arguments=method.arguments,
        connection=channel.connection,
        access=channel.access,
    )
    channel.last_queue = queue.name
    return QueueDeclareOk(
        queue=queue.name,
        message_count=queue.message_count,
        consumer_count=queue.consumer_count,
    )


def bind(channel: Channel, method: QueueBind) -> QueueBindOk:
    channel.virtual_host.bind_queue(
        queue=channel.queue_name(method.queue),
        exchange=method.exchange,
        routing_key=routing_key(channel, method),
        arguments=method.arguments,
        connection=channel.connection,
        access=channel.access,
    )
    return QueueBindOk()


def unbind(channel: Channel, method: QueueUnbind) -> Outcome:
    chore = channel.virtual_host.unbind_queue(
        queue=channel.queue_name(method.queue),
        exchange=method.exchange,
        routing_key=routing_key(channel, method),
        arguments=method.arguments,
        connection=channel.connection,
        access=channel.access,
    )
    return after(chore, QueueUnbindOk())


def routing_key(channel: Channel, method: QueueBind | QueueUnbind) -> str:
    """With neither a queue nor a key given, the key is the queue's name as well."""
    if method.queue or method.routing_key:
        return method.routing_key
    return channel.queue_name("")


def purge(channel: Channel, method: QueuePurge) -> Outcome:
    name = channel.queue_name(method.queue)
    chore = channel.virtual_host.purge_queue(name, channel.connection, access=channel.access)
    return Unfinished([chore], lambda: QueuePurgeOk(message_count=chore.count))


def delete(channel: Channel, method: QueueDelete) -> Outcome:
    count, chore = channel.virtual_host.delete_queue(
        channel.queue_name(method.queue),
        if_unused=method.if_unused,
        if_empty=method.if_empty,
        connection=channel.connection,
        access=channel.access,
    )
    return after(chore, QueueDeleteOk(message_count=count))
