"""pika, blocking: queues that may not be longer than so much."""

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import NackError

from tests.interop.pika_inbox import Inbox, ready_count


def drain(channel: BlockingChannel, queue: str) -> list[bytes]:
    found = []
    while (body := channel.basic_get(queue, auto_ack=True)[2]) is not None:
        found.append(body)
    return found


def fill(channel: BlockingChannel, queue: str, *bodies: bytes) -> None:
    channel.confirm_delivery()
    for body in bodies:
        channel.basic_publish("", queue, body)


@pytest.mark.parametrize("arguments", [{"x-max-length": 2}, {"x-max-length-bytes": 3}])
def test_the_first_messages_make_room_for_new_ones(
    channel: BlockingChannel, name: str, arguments: dict[str, object]
) -> None:
    channel.queue_declare(name, exclusive=True, arguments=arguments)
    fill(channel, name, b"1", b"2", b"3", b"45")
    assert drain(channel, name) == [b"3", b"45"]


def test_a_full_queue_may_refuse_what_is_published(channel: BlockingChannel, name: str) -> None:
    arguments = {"x-max-length": 1, "x-overflow": "reject-publish"}
    channel.queue_declare(name, exclusive=True, arguments=arguments)
    fill(channel, name, b"first")
    with pytest.raises(NackError):
        fill(channel, name, b"second")
    assert drain(channel, name) == [b"first"]
    fill(channel, name, b"third")
    assert drain(channel, name) == [b"third"]


def test_what_consumers_hold_does_not_count(channel: BlockingChannel, name: str) -> None:
    arguments = {"x-max-length": 1, "x-overflow": "reject-publish"}
    channel.queue_declare(name, exclusive=True, arguments=arguments)
    inbox = Inbox(channel, name)
    fill(channel, name, *[b"%d" % number for number in range(5)])
    inbox.wait(5)
    assert ready_count(channel, name) == 0


def test_declare_counts_what_is_left(channel: BlockingChannel, name: str) -> None:
    channel.queue_declare(name, exclusive=True, arguments={"x-max-length": 3})
    for number in range(10):
        channel.basic_publish("", name, b"%d" % number)
    assert ready_count(channel, name) == 3
    assert isinstance(channel.connection, pika.BlockingConnection)
