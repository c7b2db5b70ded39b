"""Commands on the connections of clients, in all virtual hosts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from leveret.broker.argument_values import JsonValue
from leveret.broker.commands.command import Answer, Argument, Column, Command, show
from leveret.broker.commands.node import Connection, Node
from leveret.broker.errors import NotFound
from leveret.broker.statistics import ConnectionStatistics

COLUMNS: Final = (
    Column("pid", "its number", lambda row: row.pid),
    Column("name", "both ends of its socket", lambda row: row.name),
    Column("user", "who has logged in", lambda row: row.peer.user),
    Column("vhost", "its virtual host", lambda row: row.peer.virtual_host),
    Column("peer_host", "the client's address", lambda row: row.peer_host),
    Column("peer_port", "the client's port", lambda row: row.peer_port),
    Column("host", "the broker's address", lambda row: row.host),
    Column("port", "the broker's port", lambda row: row.port),
    Column("state", "how far it is", lambda row: row.peer.state),
    Column("blocked", "it was told not to publish", lambda row: row.peer.is_blocked),
    Column("protocol", "what is spoken", lambda row: row.peer.protocol),
    Column("channels", "how many are open", lambda row: row.peer.channel_count),
    Column("channel_max", "how many may be", lambda row: row.peer.channel_max),
    Column("frame_max", "the longest frame", lambda row: row.peer.frame_max),
    Column("timeout", "the heartbeat's, in seconds", lambda row: row.peer.heartbeat_s),
    Column("user_provided_name", "what the client calls it", lambda row: row.peer.name),
    Column(
        "client_properties",
        "what the client is",
        lambda row: dict(row.peer.client_properties),
    ),
    Column("connected_at", "when, in milliseconds since 1970", lambda row: row.connected_at),
    Column("idle_ms", "how long nothing has come", lambda row: row.idle_ms),
    Column("recv_oct", "bytes received", lambda row: row.peer.received_bytes),
    Column("send_oct", "bytes sent", lambda row: row.peer.sent_bytes),
)
SHOWN: Final = ("pid", "user", "peer_host", "peer_port", "state")

CLOSED: Final = "CLOSED_VIA_LEVERET_CTL"


def list_connections(node: Node) -> Iterator[ConnectionStatistics]:
    for connection in node.connections():
        if node.find_connection(connection.pid) is connection:
            yield connection.statistics()


def show_connection(node: Node, *, pid: str) -> dict[str, JsonValue]:
    return show(COLUMNS, find(node, pid).statistics())


def close_connection(node: Node, *, pid: str, reason: str) -> None:
    find(node, pid).shut_down(text_of(reason))


def close_all_connections(
    node: Node, *, vhost: str | None, user: str | None, reason: str
) -> Answer:
    """Of those that have opened the virtual host, or logged in as the user, where one is given."""
    count = 0

    def steps() -> Iterator[None]:
        nonlocal count
        for connection in node.connections():
            peer = connection.statistics().peer
            if vhost in (None, peer.virtual_host) and user in (None, peer.user):
                connection.shut_down(text_of(reason))
                count += 1
            yield

    return Answer(lambda: {"connections": count}, steps=steps())


def close_all_user_connections(node: Node, *, user: str, reason: str) -> Answer:
    return close_all_connections(node, vhost=None, user=user, reason=reason)


def find(node: Node, pid: str) -> Connection:
    """Raises NotFound."""
    connection = node.find_connection(pid)
    if connection is None:
        raise NotFound(f"no connection with pid {pid!r}: list_connections shows those there are")
    return connection


def text_of(reason: str) -> str:
    """What a client is told, as RabbitMQ has it."""
    return f"{CLOSED} with reason '{reason}'" if reason else CLOSED


PID: Final = Argument("pid", "its pid, as list_connections shows it")
REASON: Final = Argument("reason", "what the clients are told", default="")

COMMANDS: Final = (
    Command(
        "list_connections",
        "list the connections of clients",
        list_connections,
        (),
        COLUMNS,
        SHOWN,
        example="pid name user state channels",
    ),
    Command(
        "show_connection",
        "all that is known of one connection",
        show_connection,
        (PID,),
        asks=True,
    ),
    Command(
        "close_connection",
        "close a client's connection",
        close_connection,
        (PID, REASON),
        example="17 'go to the other broker'",
    ),
    Command(
        "close_all_user_connections",
        "close all connections of a user",
        close_all_user_connections,
        (Argument("user", "the user's name"), REASON),
        example="ann 'maintenance'",
    ),
    Command(
        "close_all_connections",
        "close all connections, or those of a virtual host or user",
        close_all_connections,
        (
            REASON,
            Argument("vhost", "only of this virtual host", default=None, option="--vhost"),
            Argument("user", "only of this user", default=None, option="--user"),
        ),
        example="'maintenance'",
    ),
)
