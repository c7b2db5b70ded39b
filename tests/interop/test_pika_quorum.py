"""pika, blocking: quorum queues, which count how often a message went back."""

from collections.abc import Callable

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import ChannelClosedByBroker

from tests.interop.pika_inbox import Inbox, wait_ready

Connect = Callable[..., pika.BlockingConnection]
QUORUM = {"x-queue-type": "quorum"}


def declare(channel: BlockingChannel, name: str, **arguments: object) -> None:
    given = {f"x-{key.replace('_', '-')}": value for key, value in arguments.items()}
    channel.queue_declare(name, durable=True, arguments={**QUORUM, **given})


def test_a_message_tells_how_often_it_went_back(channel: BlockingChannel, name: str) -> None:
    declare(channel, name)
    inbox = Inbox(channel, name)
    channel.basic_publish("", name, b"x")
    first = inbox.wait(1)[-1]
    assert first.properties.headers is None
    inbox.nack(first)
    second = inbox.wait(2)[-1]
    assert second.properties.headers == {"x-delivery-count": 0, "x-acquired-count": 1}
    channel.basic_reject(second.method.delivery_tag, requeue=True)
    third = inbox.wait(3)[-1]
    assert third.properties.headers == {"x-delivery-count": 1, "x-acquired-count": 2}
    assert third.method.redelivered
    inbox.ack(third)


@pytest.mark.parametrize("limit", [0, 2])
def test_what_fails_too_often_dies_of_it(channel: BlockingChannel, name: str, limit: int) -> None:
    dead = channel.queue_declare("", exclusive=True).method.queue
    declare(
        channel, name, delivery_limit=limit, dead_letter_exchange="", dead_letter_routing_key=dead
    )
    inbox = Inbox(channel, name)
    channel.basic_publish("", name, b"x")
    for turn in range(limit + 1):
        channel.basic_reject(inbox.wait(turn + 1)[-1].method.delivery_tag, requeue=True)
    wait_ready(channel, dead, 1)
    _, properties, _ = channel.basic_get(dead, auto_ack=True)
    assert properties.headers["x-death"][0]["reason"] == "delivery_limit"
    assert len(inbox.deliveries) == limit + 1


def test_without_an_argument_a_message_may_fail_twenty_times(
    channel: BlockingChannel, name: str
) -> None:
    declare(channel, name)
    inbox = Inbox(channel, name)
    channel.basic_publish("", name, b"x")
    for turn in range(21):
        channel.basic_reject(inbox.wait(turn + 1)[-1].method.delivery_tag, requeue=True)
    wait_ready(channel, name, 0)
    assert len(inbox.deliveries) == 21


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"durable": False}, "non-durable"),
        ({"durable": True, "exclusive": True}, "exclusive-owner"),
        ({"durable": True, "auto_delete": True}, "auto-delete"),
    ],
)
def test_what_a_quorum_queue_cannot_be(
    channel: BlockingChannel, name: str, options: dict[str, bool], what: str
) -> None:
    with pytest.raises(ChannelClosedByBroker) as closed:
        channel.queue_declare(name, arguments=QUORUM, **options)  # type: ignore[arg-type]  # flags
    text = f"PRECONDITION_FAILED - invalid property '{what}' for queue '{name}' in vhost '/'"
    assert (closed.value.reply_code, closed.value.reply_text) == (406, text)


def test_a_consumer_that_keeps_a_message_too_long_loses_its_channel(
    connect: Connect, channel: BlockingChannel, name: str
) -> None:
    declare(channel, name, consumer_timeout=200)
    slow = connect().channel()
    Inbox(slow, name)
    channel.basic_publish("", name, b"x")
    with pytest.raises(ChannelClosedByBroker) as closed:
        slow.start_consuming()
    assert closed.value.reply_code == 406
    assert "timed out. Timeout value used: 200 ms." in closed.value.reply_text
    wait_ready(channel, name, 1)


def test_messages_of_an_alone_consumer_are_not_asked_for(
    channel: BlockingChannel, name: str
) -> None:
    declare(channel, name, single_active_consumer=True)
    with pytest.raises(ChannelClosedByBroker) as closed:
        channel.basic_get(name)
    assert closed.value.reply_code == 405


def test_a_stream_is_refused(channel: BlockingChannel, name: str) -> None:
    with pytest.raises(ChannelClosedByBroker) as closed:
        channel.queue_declare(name, durable=True, arguments={"x-queue-type": "stream"})
    assert closed.value.reply_code == 406
    assert "unsupported queue type 'stream'" in closed.value.reply_text
