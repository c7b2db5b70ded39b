"""What is in a broker's queues, as a client finds out."""

from __future__ import annotations

import time
from collections.abc import Iterable

import pika
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import ChannelClosedByBroker

from tests.crash.ledger import Found

WAIT_LIMIT_S = 30


def read_queues(url: str, queues: Iterable[str]) -> dict[str, list[Found]]:
    """The messages of those queues that there are, in order; all of them stay."""
    found: dict[str, list[Found]] = {}
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        for queue in queues:
            channel = connection.channel()
            try:
                count = ready_count(channel, queue)
            except ChannelClosedByBroker as error:
                assert error.reply_code == 404, error
                continue
            found[queue] = read_queue(connection, channel, queue, count)
    return found


def ready_count(channel: BlockingChannel, queue: str) -> int:
    return int(channel.queue_declare(queue, passive=True).method.message_count)


def read_queue(
    connection: pika.BlockingConnection, channel: BlockingChannel, queue: str, count: int
) -> list[Found]:
    """They are not settled. Whatever comes beyond `count` is there, too."""
    found: list[Found] = []
    channel.basic_consume(
        queue,
        lambda _channel, method, properties, body: found.append(
            Found(properties.message_id, body, method.redelivered)
        ),
    )
    limit = time.monotonic() + WAIT_LIMIT_S
    while len(found) < count:
        assert time.monotonic() < limit, f"{queue} gave {len(found)} of its {count} messages"
        connection.process_data_events(0.05)
    left = ready_count(channel, queue)
    assert left == 0, f"{queue} has {left} messages more"
    return found
