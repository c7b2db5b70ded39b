"""Memory that is full, with a broker of its own that may use little."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import ConnectionBlockedTimeout

from tests.broker_process import BrokerProcess, running_broker

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        "LEVERET_TEST_BROKER" in os.environ, reason="fills the memory of a broker of its own"
    ),
]
LIMIT_MB = 64
BODY = bytes(16 * 1024)
PIECE = 100  # published in one go


@pytest.fixture
def small() -> Iterator[BrokerProcess]:
    with running_broker("--memory-limit", f"{LIMIT_MB}MB") as broker:
        yield broker


def connect(
    broker: BrokerProcess, *, blocked_timeout: float | None = None
) -> pika.BlockingConnection:
    parameters = pika.URLParameters(broker.url)
    parameters.blocked_connection_timeout = blocked_timeout
    return pika.BlockingConnection(parameters)


def publish_until_blocked(channel: BlockingChannel, queue: str) -> int:
    """How many messages were confirmed before the broker had the connection wait."""
    channel.confirm_delivery()
    count = 0
    with pytest.raises(ConnectionBlockedTimeout):
        while count < 20 * PIECE * LIMIT_MB:
            channel.basic_publish("", queue, BODY)
            count += 1
    return count


def resident_mb(broker: BrokerProcess) -> float:
    return int(Path(f"/proc/{broker.pid}/statm").read_text().split()[1]) * 4096 / (1 << 20)


def consume_all(broker: BrokerProcess, queue: str) -> int:
    """Until the queue is empty for good."""
    with connect(broker) as connection:
        channel = connection.channel()
        taken = 0
        for method, _, _ in channel.consume(queue, inactivity_timeout=1):
            if method is None:
                break
            channel.basic_ack(method.delivery_tag)
            taken += 1
        channel.cancel()
    return taken


def test_publishers_are_blocked_while_memory_is_full_and_all_that_was_confirmed_is_delivered(
    small: BrokerProcess,
) -> None:
    publisher = connect(small, blocked_timeout=1)
    publisher.channel().queue_declare("q")
    confirmed = publish_until_blocked(publisher.channel(), "q")
    if sys.platform == "linux":
        assert resident_mb(small) <= 1.25 * LIMIT_MB
    assert confirmed > 1000
    assert consume_all(small, "q") >= confirmed
    with connect(small, blocked_timeout=1) as again:
        channel = again.channel()
        channel.confirm_delivery()
        channel.basic_publish("", "q", BODY)


def test_who_only_consumes_or_declares_goes_on_while_publishers_are_blocked(
    small: BrokerProcess,
) -> None:
    publisher = connect(small, blocked_timeout=1)
    publisher.channel().queue_declare("q")
    publish_until_blocked(publisher.channel(), "q")
    with connect(small) as other:
        channel = other.channel()
        channel.queue_declare("another", exclusive=True)
        assert channel.basic_get("q", auto_ack=True)[2] == BODY


def test_a_blocked_publisher_is_told_when_it_may_go_on(small: BrokerProcess) -> None:
    connection = connect(small)
    channel = connection.channel()
    channel.queue_declare("q")
    told: list[str] = []
    connection.add_on_connection_blocked_callback(
        lambda _connection, frame: told.append(frame.method.reason)
    )
    connection.add_on_connection_unblocked_callback(lambda *_: told.append("unblocked"))
    while not told:
        for _ in range(PIECE):
            channel.basic_publish("", "q", BODY)
        connection.process_data_events()
    assert told == ["low on memory"]
    consume_all(small, "q")
    until = time.monotonic() + 10
    while len(told) < 2 and time.monotonic() < until:
        connection.process_data_events(time_limit=0.1)
    assert told == ["low on memory", "unblocked"]
    connection.close()
