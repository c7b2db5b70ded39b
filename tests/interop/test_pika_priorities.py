"""pika, blocking: messages that come first, and consumers that come alone."""

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import ChannelClosedByBroker

from tests.interop.pika_inbox import Inbox, wait_ready, wait_until


def publish(channel: BlockingChannel, queue: str, *messages: tuple[int | None, bytes]) -> None:
    for priority, body in messages:
        channel.basic_publish("", queue, body, pika.BasicProperties(priority=priority))


def drain(channel: BlockingChannel, queue: str) -> list[bytes]:
    found = []
    while (body := channel.basic_get(queue, auto_ack=True)[2]) is not None:
        found.append(body)
    return found


def test_the_highest_priority_comes_first(channel: BlockingChannel, name: str) -> None:
    channel.queue_declare(name, exclusive=True, arguments={"x-max-priority": 9})
    publish(channel, name, (1, b"low"), (9, b"high"), (None, b"none"), (5, b"middle"))
    publish(channel, name, (200, b"more"), (5, b"later"))
    wait_ready(channel, name, 6)
    assert drain(channel, name) == [b"high", b"more", b"middle", b"later", b"low", b"none"]


def test_without_priorities_nothing_comes_first(channel: BlockingChannel, queue: str) -> None:
    publish(channel, queue, (1, b"low"), (9, b"high"))
    wait_ready(channel, queue, 2)
    assert drain(channel, queue) == [b"low", b"high"]


def test_one_consumer_is_served_and_when_it_goes_the_next(
    channel: BlockingChannel, name: str
) -> None:
    channel.queue_declare(name, exclusive=True, arguments={"x-single-active-consumer": True})
    one, two = Inbox(channel, name, auto_ack=True), Inbox(channel, name, auto_ack=True)
    publish(channel, name, (None, b"a"), (None, b"b"))
    one.wait(2)
    channel.basic_cancel(one.tag)
    publish(channel, name, (None, b"c"))
    wait_until(channel.connection, lambda: two.bodies == [b"c"])
    assert one.bodies == [b"a", b"b"]


def test_an_exclusive_consumer_cannot_be_alone_there(channel: BlockingChannel, name: str) -> None:
    channel.queue_declare(name, exclusive=True, arguments={"x-single-active-consumer": True})
    with pytest.raises(ChannelClosedByBroker) as closed:
        Inbox(channel, name, exclusive=True)
    assert closed.value.reply_code == 403
