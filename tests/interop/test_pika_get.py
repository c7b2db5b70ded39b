"""pika, blocking: basic.get."""

from pika.adapters.blocking_connection import BlockingChannel

from tests.interop.pika_inbox import fill, ready_count, wait_ready


def test_an_empty_queue_gives_nothing(channel: BlockingChannel, queue: str) -> None:
    assert channel.basic_get(queue) == (None, None, None)


def test_get_says_how_many_are_left(channel: BlockingChannel, queue: str) -> None:
    fill(channel, queue, b"a", b"b", b"c")
    method, _, body = channel.basic_get(queue, auto_ack=True)
    assert (body, method.message_count) == (b"a", 2)
    assert (method.exchange, method.routing_key, method.redelivered) == ("", queue, False)


def test_without_acknowledgement_the_message_stays_the_channels(
    channel: BlockingChannel, queue: str
) -> None:
    fill(channel, queue, b"mine")
    method, _, _ = channel.basic_get(queue)
    assert channel.basic_get(queue) == (None, None, None)
    channel.basic_nack(method.delivery_tag)
    wait_ready(channel, queue, 1)
    again, _, body = channel.basic_get(queue)
    assert (body, again.redelivered) == (b"mine", True)
    assert again.delivery_tag == method.delivery_tag + 1
    channel.basic_ack(again.delivery_tag)
    assert ready_count(channel, queue) == 0


def test_prefetch_does_not_bind_get(channel: BlockingChannel, queue: str) -> None:
    fill(channel, queue, b"a", b"b")
    channel.basic_qos(prefetch_count=1)
    assert [channel.basic_get(queue)[2] for _ in range(2)] == [b"a", b"b"]


def test_get_from_the_queue_declared_last(channel: BlockingChannel, queue: str) -> None:
    fill(channel, queue, b"implied")
    assert channel.basic_get("", auto_ack=True)[2] == b"implied"
