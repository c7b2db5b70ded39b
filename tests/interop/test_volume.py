"""A gigabyte through one queue: 10,000 numbered messages, published by another process meanwhile.

Node.js does the same in amqplib/volume.test.js.
"""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import aio_pika
import pika
import pytest

from tests.interop.broker_under_test import BrokerUnderTest

MESSAGES = 10_000
BODY_BYTES = 100_000
FILLER = b"\x2a" * (BODY_BYTES - 8)
SILENCE_SECONDS_MAX = 20
PUBLISHER = Path(__file__).with_name("volume_publisher.py")


@contextmanager
def publisher(broker: BrokerUnderTest, queue: str) -> Iterator[None]:
    command = [sys.executable, PUBLISHER, broker.url, queue, str(MESSAGES), str(BODY_BYTES)]
    process = subprocess.Popen(command)
    try:
        yield
        assert process.wait(timeout=SILENCE_SECONDS_MAX) == 0
    finally:
        process.kill()
        process.wait()


def check(body: bytes, number: int) -> None:
    assert int.from_bytes(body[:8], "big") == number
    assert body[8:] == FILLER


@pytest.mark.slow
def test_pika_gets_every_message_in_order(
    broker: BrokerUnderTest, connect: Callable[..., pika.BlockingConnection], name: str
) -> None:
    channel = connect().channel()
    channel.queue_declare(name, durable=True, auto_delete=True)
    channel.basic_qos(prefetch_count=50)
    received = 0
    with publisher(broker, name):
        for method, _, body in channel.consume(name, inactivity_timeout=SILENCE_SECONDS_MAX):
            assert method is not None, f"nothing came after {received} messages"
            check(body, received)
            received += 1
            if received % 25 == 0:
                channel.basic_ack(method.delivery_tag, multiple=True)
            if received == MESSAGES:
                break


@pytest.mark.slow
async def test_aio_pika_gets_every_message_in_order(broker: BrokerUnderTest, name: str) -> None:
    async with await aio_pika.connect(broker.url) as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue(name, durable=True, auto_delete=True)
        await channel.set_qos(prefetch_count=50)
        received = 0
        with publisher(broker, name):
            async with queue.iterator(timeout=SILENCE_SECONDS_MAX) as messages:
                async for message in messages:
                    check(message.body, received)
                    received += 1
                    if received % 25 == 0:
                        await message.ack(multiple=True)
                    if received == MESSAGES:
                        break
        assert received == MESSAGES
