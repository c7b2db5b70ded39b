"""More messages than memory is for: they go to disk, and all of them come back in order."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pika
import pytest

from tests.broker_process import BrokerProcess, running_broker

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        "LEVERET_TEST_BROKER" in os.environ, reason="looks into a broker of its own"
    ),
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="it reads /proc"),
]
LIMIT_MB = 64
COUNT = 4_000
BODY_BYTES = 64 * 1024  # 250 MB in all


@pytest.fixture
def small(tmp_path: Path) -> Iterator[BrokerProcess]:
    with running_broker("--memory-limit", f"{LIMIT_MB}MB", "--spill-dir", str(tmp_path)) as broker:
        yield broker


def connect(broker: BrokerProcess) -> pika.BlockingConnection:
    parameters = pika.URLParameters(broker.url)
    parameters.blocked_connection_timeout = 20
    return pika.BlockingConnection(parameters)


def most_resident_mb(broker: BrokerProcess) -> float:
    status = Path(f"/proc/{broker.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def body(number: int) -> bytes:
    return number.to_bytes(8) * (BODY_BYTES // 8)


def test_four_times_the_memory_is_confirmed_and_comes_back_in_order(
    small: BrokerProcess, tmp_path: Path
) -> None:
    with connect(small) as connection:
        channel = connection.channel()
        channel.queue_declare("backlog")
        channel.confirm_delivery()
        for number in range(COUNT):
            channel.basic_publish("", "backlog", body(number))
        assert list(tmp_path.iterdir()) == []
        got, _, first = channel.basic_get("backlog", auto_ack=False)
        assert got.message_count == COUNT - 1
        channel.basic_nack(got.delivery_tag, requeue=True)
        assert first == body(0)
        for number, (method, _, content) in enumerate(channel.consume("backlog")):
            assert content == body(number)
            channel.basic_ack(method.delivery_tag)
            if number == COUNT - 1:
                break
        channel.cancel()
        assert channel.queue_declare("backlog", passive=True).method.message_count == 0
    assert most_resident_mb(small) < 1.25 * LIMIT_MB
