"""Millions of small messages: neither they nor what their queue knows of them stays in memory."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from leveret.bench.session import FRAME_MAX, Session
from leveret.bench.uri import parse_uri
from leveret.engine.buffer import COMPILED
from leveret.wire.amqp091.frames import encode_content
from leveret.wire.amqp091.methods import (
    BasicConsume,
    BasicConsumeOk,
    BasicPublish,
    QueueDeclare,
    QueueDeclareOk,
    encode_method,
)
from tests.broker_process import BrokerProcess, running_broker

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        "LEVERET_TEST_BROKER" in os.environ, reason="looks into a broker of its own"
    ),
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="it reads /proc"),
    pytest.mark.skipif(not COMPILED, reason="uncompiled, it takes minutes"),
]
LIMIT_MB = 96
COUNT = 8_000_000
"""What a queue knows of them would be 70 MB: with all else, more than the limit."""
BODY_BYTES = 8
MANY = 10_000
QUEUE = "q"
TAG = "t"
NO_PROPERTIES = b"\0\0"
# basic.deliver, with tags and names of one byte; the header's frame; the body's
DELIVER_BYTES = 8 + 4 + 2 + 8 + 1 + 1 + 2
HEADER_BYTES = 8 + 14
BODY_AT = DELIVER_BYTES + HEADER_BYTES + 7
DELIVERY_BYTES = BODY_AT + BODY_BYTES + 1


def status_mb(broker: BrokerProcess, field: str) -> float:
    status = Path(f"/proc/{broker.pid}/status").read_text()
    return int(status.partition(f"{field}:")[2].split()[0]) / 1024


def publish(session: Session, first: int, count: int) -> None:
    method = encode_method(1, BasicPublish(exchange="", routing_key=QUEUE))
    content = encode_content(1, NO_PROPERTIES, bytes(BODY_BYTES), frame_max=FRAME_MAX)
    before, end = method + content[: -BODY_BYTES - 1], content[-1:]
    session.socket.sendall(
        b"".join(
            before + number.to_bytes(BODY_BYTES) + end for number in range(first, first + count)
        )
    )


def numbers(session: Session, count: int) -> Iterator[int]:
    """The bodies of the next deliveries."""
    rest = b""
    while count > 0:
        received = session.socket.recv(1 << 20)
        assert received, "the connection has ended"
        rest += received
        whole = len(rest) - len(rest) % DELIVERY_BYTES
        for at in range(BODY_AT, whole, DELIVERY_BYTES):
            yield int.from_bytes(rest[at : at + BODY_BYTES])
        count -= whole // DELIVERY_BYTES
        rest = rest[whole:]


def test_a_long_queue_of_small_messages_takes_little_memory_and_comes_back_in_order(
    tmp_path: Path,
) -> None:
    options = ("--memory-limit", f"{LIMIT_MB}MB", "--spill-dir", str(tmp_path))
    with running_broker(*options) as broker:
        publisher = Session(parse_uri(broker.url))
        publisher.call(QueueDeclare(queue=QUEUE), QueueDeclareOk)
        for first in range(0, COUNT, MANY):
            publish(publisher, first, MANY)
        declared = publisher.call(QueueDeclare(queue=QUEUE), QueueDeclareOk)
        assert declared.message_count == COUNT
        assert "go to files" in broker.log
        assert "publishers are blocked" not in broker.log
        assert list(tmp_path.iterdir()) == []
        reader = Session(parse_uri(broker.url))
        reader.call(BasicConsume(queue=QUEUE, consumer_tag=TAG, no_ack=True), BasicConsumeOk)
        for number, found in enumerate(numbers(reader, COUNT)):
            assert found == number
        assert status_mb(broker, "VmHWM") <= LIMIT_MB
        reader.close()
        publisher.close()
