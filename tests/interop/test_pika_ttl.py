"""pika, blocking: messages and queues that go by themselves."""

import time
from collections.abc import Callable

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import ChannelClosedByBroker

from tests.interop.pika_inbox import Inbox, ready_count, wait_ready, wait_until

Connect = Callable[..., pika.BlockingConnection]


def fill(channel: BlockingChannel, queue: str, *bodies: bytes, **properties: object) -> None:
    channel.confirm_delivery()
    for body in bodies:
        channel.basic_publish("", queue, body, pika.BasicProperties(**properties))


def test_a_message_goes_when_its_time_is_over(channel: BlockingChannel, queue: str) -> None:
    fill(channel, queue, b"a", expiration="100")
    assert ready_count(channel, queue) == 1
    wait_ready(channel, queue, 0)


def test_the_messages_of_a_queue_go_when_its_time_is_over(
    channel: BlockingChannel, name: str
) -> None:
    channel.queue_declare(name, exclusive=True, arguments={"x-message-ttl": 100})
    fill(channel, name, b"a", b"b", expiration="60000")
    since = time.monotonic()
    assert ready_count(channel, name) == 2
    wait_ready(channel, name, 0)
    assert time.monotonic() - since > 0.05


def test_a_message_that_may_not_stay_goes_to_who_is_there(
    channel: BlockingChannel, queue: str
) -> None:
    fill(channel, queue, b"nobody", expiration="0")
    assert ready_count(channel, queue) == 0
    inbox = Inbox(channel, queue, auto_ack=True)
    fill(channel, queue, b"somebody", expiration="0")
    assert inbox.wait(1)[0].body == b"somebody"
    assert inbox.deliveries[0].properties.expiration == "0"


@pytest.mark.parametrize(
    ("expiration", "reason"),
    [("soon", "no_integer"), ("-1", "{value_negative,-1}"), ("5s", '{leftover_string,"s"}')],
)
def test_a_bad_expiration_closes_the_channel(
    channel: BlockingChannel, queue: str, expiration: str, reason: str
) -> None:
    with pytest.raises(ChannelClosedByBroker) as closed:
        fill(channel, queue, b"x", expiration=expiration)
    text = f"PRECONDITION_FAILED - invalid expiration '{expiration}': {reason}"
    assert (closed.value.reply_code, closed.value.reply_text) == (406, text)


def test_a_queue_that_nobody_uses_goes(connection: pika.BlockingConnection, name: str) -> None:
    channel = connection.channel()
    channel.queue_declare(name, arguments={"x-expires": 200})
    inbox = Inbox(channel, name)
    limit = time.monotonic() + 0.3
    wait_until(connection, lambda: time.monotonic() > limit)
    channel.basic_cancel(inbox.tag)

    def is_gone() -> bool:
        probe = connection.channel()
        try:
            probe.basic_get(name)
        except ChannelClosedByBroker as error:
            assert error.reply_code == 404
            return True
        probe.close()
        return False

    assert not is_gone()
    limit_again = time.monotonic() + 0.4
    wait_until(connection, lambda: time.monotonic() > limit_again)
    assert is_gone()
