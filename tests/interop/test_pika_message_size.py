"""pika, blocking: how large a message may be, and what a large one costs."""

from collections.abc import Iterator
from pathlib import Path

import pika
import pytest
from pika.exceptions import ChannelClosedByBroker

from tests.broker_process import BrokerProcess, running_broker
from tests.interop.pika_inbox import Inbox

LARGE = 100_000_000


@pytest.fixture(scope="module")
def broker_for_large() -> Iterator[BrokerProcess]:
    with running_broker("--max-message-size", "100MB") as process:
        yield process


@pytest.fixture
def channel_for_large(
    broker_for_large: BrokerProcess,
) -> Iterator[pika.adapters.blocking_connection.BlockingChannel]:
    with pika.BlockingConnection(pika.URLParameters(broker_for_large.url)) as connection:
        yield connection.channel()


def memory_bytes(process: BrokerProcess, what: str) -> int:
    status = Path(f"/proc/{process.pid}/status")
    if not status.exists():
        pytest.skip("without /proc nobody says how much memory a process has")
    (line,) = (line for line in status.read_text().splitlines() if line.startswith(what + ":"))
    return int(line.split()[1]) * 1024


@pytest.mark.slow
def test_a_message_of_100_mb_takes_memory_for_two_of_it_and_leaves_none_behind(
    broker_for_large: BrokerProcess,
    channel_for_large: pika.adapters.blocking_connection.BlockingChannel,
) -> None:
    before = memory_bytes(broker_for_large, "VmRSS")
    queue = channel_for_large.queue_declare("", exclusive=True).method.queue
    body = bytes(range(250)) * (LARGE // 250)
    channel_for_large.basic_publish("", queue, body)
    inbox = Inbox(channel_for_large, queue)
    (delivery,) = inbox.wait(1)
    assert delivery.body == body
    inbox.ack(delivery)
    channel_for_large.queue_declare(queue, passive=True)
    assert memory_bytes(broker_for_large, "VmHWM") - before < 2.2 * LARGE
    assert memory_bytes(broker_for_large, "VmRSS") - before < 0.1 * LARGE


@pytest.mark.slow
def test_a_larger_one_is_refused(
    channel_for_large: pika.adapters.blocking_connection.BlockingChannel,
) -> None:
    channel_for_large.confirm_delivery()
    with pytest.raises(ChannelClosedByBroker) as refusal:
        channel_for_large.basic_publish("", "q", bytes(LARGE + 1))
    what = f"message size {LARGE + 1} is larger than configured max size {LARGE}"
    assert refusal.value.reply_code == 406
    assert refusal.value.reply_text == f"PRECONDITION_FAILED - {what}"
