"""pika, blocking: publishing, confirms and returned messages."""

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import UnroutableError

from tests.interop.pika_inbox import Inbox, publish, ready_count, wait_until


def test_a_confirmed_message_is_in_the_queue(channel: BlockingChannel, queue: str) -> None:
    channel.confirm_delivery()
    channel.basic_publish("", queue, b"hello", mandatory=True)
    assert ready_count(channel, queue) == 1


def test_each_of_many_messages_is_confirmed(channel: BlockingChannel, queue: str) -> None:
    channel.confirm_delivery()
    publish(channel, queue, *[b"%d" % number for number in range(200)])
    assert ready_count(channel, queue) == 200


def test_an_unroutable_message_is_confirmed_like_any_other(channel: BlockingChannel) -> None:
    channel.confirm_delivery()
    channel.basic_publish("amq.direct", "nobody", b"lost")


def test_an_unroutable_mandatory_message_comes_back_before_its_confirm(
    channel: BlockingChannel,
) -> None:
    channel.confirm_delivery()
    properties = pika.BasicProperties(headers={"attempt": 1}, message_id="m-1")
    with pytest.raises(UnroutableError) as error:
        channel.basic_publish("amq.topic", "no.body", b"come back", properties, mandatory=True)
    (returned,) = error.value.messages
    assert (returned.method.reply_code, returned.method.reply_text) == (312, "NO_ROUTE")
    assert (returned.method.exchange, returned.method.routing_key) == ("amq.topic", "no.body")
    assert (returned.body, returned.properties) == (b"come back", properties)


def test_a_mandatory_message_comes_back_without_confirms_too(channel: BlockingChannel) -> None:
    returned: list[tuple[int, bytes]] = []
    channel.add_on_return_callback(
        lambda _channel, method, _properties, body: returned.append((method.reply_code, body))
    )
    channel.basic_publish("", "no such queue", b"x" * 300_000, mandatory=True)
    wait_until(channel.connection, lambda: bool(returned))
    assert returned == [(312, b"x" * 300_000)]


def test_a_mandatory_message_that_has_a_queue_is_not_returned(
    channel: BlockingChannel, queue: str
) -> None:
    channel.confirm_delivery()
    channel.basic_publish("", queue, b"kept", mandatory=True)
    assert channel.basic_get(queue, auto_ack=True)[2] == b"kept"


def test_messages_arrive_in_the_order_of_their_publishing(
    channel: BlockingChannel, queue: str
) -> None:
    bodies = [b"%d" % number for number in range(500)]
    publish(channel, queue, *bodies)
    inbox = Inbox(channel, queue, auto_ack=True)
    inbox.wait(500)
    assert inbox.bodies == bodies


def test_a_delivery_says_where_the_message_was_published(
    channel: BlockingChannel, queue: str
) -> None:
    channel.queue_bind(queue, "amq.direct", "colour.red")
    channel.basic_publish("amq.direct", "colour.red", b"red")
    inbox = Inbox(channel, queue, auto_ack=True)
    ((method, _, _),) = inbox.wait(1)
    assert (method.exchange, method.routing_key) == ("amq.direct", "colour.red")
    assert (method.consumer_tag, method.delivery_tag) == (inbox.tag, 1)
    assert method.redelivered is False
