"""What a connection tells the firehose of its virtual host while it is on; see firehose.py."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from leveret.broker.firehose import Client
from leveret.broker.message import Message
from leveret.peers.amqp091.event_facts import name_of

if TYPE_CHECKING:
    from leveret.peers.amqp091.connection import Connection


def follow(connection: Connection) -> None:
    """It begins or ends: from now on each delivery is told, or none."""
    host = connection.virtual_host
    is_on = host is not None and host.firehose is not None
    told = partial(delivered, connection) if is_on else None
    connection.engine.session.delivered = told
    for channel in connection.channels.values():
        channel.engine.holders.tell(told)


def client_of(connection: Connection, channel: int) -> Client:
    return Client(name_of(connection), channel, connection.user.name)


def delivered(
    connection: Connection,
    channel: int,
    queue: int,
    redelivered: bool,
    names: bytes,
    properties: bytes,
    body: bytes,
) -> None:
    """Called by the engine in the middle of a delivery: it must not touch anything there."""
    host = connection.virtual_host
    if host is None or host.firehose is None:
        return
    key = 1 + names[0]
    message = Message(
        names[1:key].decode("utf-8", "surrogateescape"),
        (names[key + 1 :].decode("utf-8", "surrogateescape"),),
        properties=properties,
        body=body,
    )
    client = client_of(connection, channel)
    host.firehose.delivered(message, client, queue=queue, redelivered=redelivered)
