"""The channels of all connections, as their peers tell of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from leveret.broker.commands.command import Column, Command
from leveret.broker.commands.node import Node
from leveret.broker.statistics import ChannelStatistics

COLUMNS: Final = (
    Column("pid", "its connection's pid and its number", lambda row: row.pid),
    Column("number", "its number", lambda row: row.number),
    Column("user", "whose it is", lambda row: row.user),
    Column("vhost", "its virtual host", lambda row: row.virtual_host),
    Column("confirm", "publishes are confirmed", lambda row: row.confirm),
    Column("transactional", "it has transactions", lambda row: row.transactional),
    Column("consumer_count", "its consumers", lambda row: row.consumer_count),
    Column(
        "messages_unacknowledged",
        "delivered, and not acknowledged",
        lambda row: row.unacked_count,
    ),
    Column(
        "messages_unconfirmed", "published, and not confirmed", lambda row: row.unconfirmed_count
    ),
    Column("prefetch_count", "for consumers to come", lambda row: row.prefetch_count),
    Column(
        "global_prefetch_count", "that its consumers share", lambda row: row.global_prefetch_count
    ),
)
SHOWN: Final = ("pid", "user", "consumer_count", "messages_unacknowledged")


def list_channels(node: Node) -> Iterator[ChannelStatistics | None]:
    for connection in node.connections():
        yield None
        yield from connection.channel_statistics()


COMMANDS: Final = (
    Command("list_channels", "list the channels of clients", list_channels, (), COLUMNS, SHOWN),
)
