"""What queues do with their messages survives a crash, and goes on after it."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import AMQPError

from tests.broker_process import BrokerProcess, durable_broker
from tests.interop.pika_inbox import Inbox, ready_count, wait_ready

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif("LEVERET_TEST_BROKER" in os.environ, reason="restarts a broker of its own"),
]


@contextmanager
def channel_of(broker: BrokerProcess) -> Iterator[BlockingChannel]:
    connection = pika.BlockingConnection(pika.URLParameters(broker.url))
    try:
        channel = connection.channel()
        channel.confirm_delivery()
        yield channel
    finally:
        with suppress(AMQPError):
            connection.close()


def declare(channel: BlockingChannel, name: str, **arguments: object) -> None:
    given = {f"x-{key.replace('_', '-')}": value for key, value in arguments.items()}
    channel.queue_declare(name, durable=True, arguments=given)


def publish(channel: BlockingChannel, queue: str, body: bytes, **properties: object) -> None:
    channel.basic_publish("", queue, body, pika.BasicProperties(delivery_mode=2, **properties))


def drain(channel: BlockingChannel, queue: str) -> list[bytes]:
    found = []
    while (body := channel.basic_get(queue, auto_ack=True)[2]) is not None:
        found.append(body)
    return found


def test_all_of_it_is_there_after_a_kill(tmp_path: Path) -> None:
    with durable_broker(tmp_path) as broker, channel_of(broker) as channel:
        channel.exchange_declare("graves", "fanout", durable=True)
        declare(channel, "aging", dead_letter_exchange="graves")
        declare(channel, "dead")
        channel.queue_bind("dead", "graves")
        declare(
            channel,
            "short",
            max_length=2,
            dead_letter_exchange="",
            dead_letter_routing_key="dead",
        )
        declare(channel, "ranked", max_priority=9)
        declare(channel, "counted", queue_type="quorum", delivery_limit=2)
        publish(channel, "aging", b"soon", expiration="1")
        publish(channel, "aging", b"later", expiration="600")
        publish(channel, "aging", b"never")
        for number in range(4):
            publish(channel, "short", b"%d" % number)
        for priority, body in ((1, b"low"), (9, b"high"), (5, b"middle")):
            publish(channel, "ranked", body, priority=priority)
        channel.basic_publish("", "counted", b"x")
        method, _, _ = channel.basic_get("counted")
        channel.basic_reject(method.delivery_tag, requeue=True)
        wait_ready(channel, "dead", 3)
        publish(channel, "dead", b"mark")  # and so is all before it durable
        broker.stop(signal.SIGKILL)
    time.sleep(0.6)
    with durable_broker(tmp_path) as broker, channel_of(broker) as channel:
        wait_ready(channel, "dead", 5)
        assert sorted(drain(channel, "dead")) == [b"0", b"1", b"later", b"mark", b"soon"]
        assert drain(channel, "aging") == [b"never"]
        assert drain(channel, "short") == [b"2", b"3"]
        assert drain(channel, "ranked") == [b"high", b"middle", b"low"]
        inbox = Inbox(channel, "counted")
        counts = [delivery.properties.headers for delivery in inbox.wait(1)]
        assert counts == [{"x-delivery-count": 1, "x-acquired-count": 1}]
        channel.basic_reject(inbox.deliveries[-1].method.delivery_tag, requeue=True)
        channel.basic_reject(inbox.wait(2)[-1].method.delivery_tag, requeue=True)
        assert ready_count(channel, "counted") == 0
        publish(channel, "short", b"4")
        assert ready_count(channel, "short") == 1
