"""The consumers of queues, as their peers tell of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from leveret.broker.commands.command import VIRTUAL_HOST, Column, Command
from leveret.broker.commands.node import Node
from leveret.broker.statistics import ConsumerStatistics


class Row(NamedTuple):
    queue: str
    consumer: ConsumerStatistics


COLUMNS: Final = (
    Column("queue_name", "what it consumes from", lambda row: row.queue),
    Column("channel_pid", "its connection and channel", lambda row: row.consumer.channel_pid),
    Column("consumer_tag", "its tag", lambda row: row.consumer.consumer_tag),
    Column("ack_required", "it acknowledges", lambda row: row.consumer.ack_required),
    Column("prefetch_count", "0: without a limit", lambda row: row.consumer.prefetch_count),
    Column("active", "it may be given something", lambda row: row.consumer.active),
    Column("exclusive", "it has the queue for itself", lambda row: row.consumer.exclusive),
    Column("priority", "its priority", lambda row: row.consumer.priority),
    Column(
        "messages_unacknowledged",
        "delivered, and not acknowledged",
        lambda row: row.consumer.unacked_count,
    ),
)
SHOWN: Final = (
    *("queue_name", "channel_pid", "consumer_tag", "ack_required", "prefetch_count", "active"),
)


def list_consumers(node: Node, *, vhost: str) -> Iterator[Row | None]:
    for queue in list(node.broker.hosts.find(vhost).queues.values()):
        yield None
        for subscription in list(queue.subscriptions or ()):
            if queue.subscriptions is not None and subscription in queue.subscriptions:
                yield Row(queue.name, subscription.statistics())


COMMANDS: Final = (
    Command(
        "list_consumers",
        "list the consumers of the queues of a virtual host",
        list_consumers,
        (VIRTUAL_HOST,),
        COLUMNS,
        SHOWN,
    ),
)
