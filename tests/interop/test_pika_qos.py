"""pika, blocking: prefetch, Leveret's way and strictly RabbitMQ's."""

from collections.abc import Iterator

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel

from tests.broker_process import running_broker
from tests.interop.broker_under_test import BrokerUnderTest
from tests.interop.pika_inbox import Inbox, fill, ready_count, wait_ready

TEN = [b"%d" % number for number in range(10)]


@pytest.fixture(scope="module")
def strict_url(broker: BrokerUnderTest) -> Iterator[str]:
    """A broker that does as RabbitMQ does."""
    if broker.product != "Leveret":
        yield broker.url
        return
    with running_broker("--strict") as process:
        yield process.url


@pytest.fixture
def strict_channel(strict_url: str) -> Iterator[BlockingChannel]:
    with pika.BlockingConnection(pika.URLParameters(strict_url)) as connection:
        yield connection.channel()


@pytest.fixture
def lenient_channel(broker: BrokerUnderTest, channel: BlockingChannel) -> BlockingChannel:
    if broker.product != "Leveret":
        pytest.skip("Leveret's own way")
    return channel


def exclusive_queue(channel: BlockingChannel, *bodies: bytes) -> str:
    queue: str = channel.queue_declare("", exclusive=True).method.queue
    fill(channel, queue, *bodies)
    return queue


def test_strictly_prefetch_is_for_consumers_to_come(strict_channel: BlockingChannel) -> None:
    queue = exclusive_queue(strict_channel, *TEN)
    strict_channel.basic_qos(prefetch_count=2)
    two = Inbox(strict_channel, queue)
    strict_channel.basic_qos(prefetch_count=5)
    five = Inbox(strict_channel, queue)
    five.wait(5)
    wait_ready(strict_channel, queue, 3)
    assert (len(two.deliveries), len(five.deliveries)) == (2, 5)


def test_prefetch_changes_running_consumers(lenient_channel: BlockingChannel) -> None:
    queue = exclusive_queue(lenient_channel, *TEN)
    lenient_channel.basic_qos(prefetch_count=1)
    inbox = Inbox(lenient_channel, queue)
    inbox.wait(1)
    lenient_channel.basic_qos(prefetch_count=4)
    inbox.wait(4)
    assert ready_count(lenient_channel, queue) == 6
    lenient_channel.basic_qos(prefetch_count=2)
    inbox.ack(inbox.deliveries[1], multiple=True)
    wait_ready(lenient_channel, queue, 6)
    inbox.ack(inbox.deliveries[2])
    inbox.wait(5)
    assert ready_count(lenient_channel, queue) == 5


def test_global_prefetch_is_shared_by_a_channels_consumers(
    lenient_channel: BlockingChannel,
) -> None:
    queues = [exclusive_queue(lenient_channel, *TEN) for _ in range(2)]
    lenient_channel.basic_qos(prefetch_count=3, global_qos=True)
    first, second = (Inbox(lenient_channel, queue) for queue in queues)
    first.wait(3)
    assert [ready_count(lenient_channel, queue) for queue in queues] == [7, 10]
    assert second.deliveries == []
    first.ack(first.deliveries[0])
    second.wait(1)
    assert [ready_count(lenient_channel, queue) for queue in queues] == [7, 9]


def test_a_global_limit_of_none_frees_all(lenient_channel: BlockingChannel) -> None:
    queue = exclusive_queue(lenient_channel, *TEN)
    lenient_channel.basic_qos(prefetch_count=1, global_qos=True)
    inbox = Inbox(lenient_channel, queue)
    inbox.wait(1)
    lenient_channel.basic_qos(prefetch_count=0, global_qos=True)
    assert len(inbox.wait(10)) == 10
