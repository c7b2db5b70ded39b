"""pika, blocking: a gigabyte through one queue, published by another process meanwhile."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pika
import pytest

from tests.interop.broker_under_test import BrokerUnderTest

MESSAGES = 10_000
BODY_BYTES = 100_000
PUBLISHER = Path(__file__).with_name("volume_publisher.py")


@pytest.mark.slow
def test_ten_thousand_messages_of_100_kilobytes(
    broker: BrokerUnderTest, connect: Callable[..., pika.BlockingConnection], name: str
) -> None:
    channel = connect().channel()
    channel.queue_declare(name, durable=True, auto_delete=True)
    channel.basic_qos(prefetch_count=50)
    command = [sys.executable, PUBLISHER, broker.url, name, str(MESSAGES), str(BODY_BYTES)]
    publisher = subprocess.Popen(command)
    filler = b"\x2a" * (BODY_BYTES - 8)
    received = 0
    try:
        for method, _, body in channel.consume(name, inactivity_timeout=20):
            assert method is not None, f"nothing came after {received} messages"
            assert int.from_bytes(body[:8], "big") == received
            assert body[8:] == filler
            received += 1
            if received % 25 == 0:
                channel.basic_ack(method.delivery_tag, multiple=True)
            if received == MESSAGES:
                break
    finally:
        publisher.kill() if received < MESSAGES else None
        returncode = publisher.wait(timeout=20)
    assert returncode == 0
