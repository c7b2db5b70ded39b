"""pika, blocking: direct reply-to, and who a message says that it is from."""

from collections.abc import Callable

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import ChannelClosedByBroker, UnroutableError

from tests.interop.broker_under_test import BrokerUnderTest
from tests.interop.pika_inbox import Inbox

PSEUDO = "amq.rabbitmq.reply-to"


def ask(channel: BlockingChannel, queue: str, body: bytes) -> None:
    properties = pika.BasicProperties(reply_to=PSEUDO, correlation_id="7")
    channel.basic_publish("", queue, body, properties)


@pytest.fixture
def requester(connect: Callable[..., pika.BlockingConnection]) -> BlockingChannel:
    return connect().channel()


def test_a_request_is_answered(
    channel: BlockingChannel, requester: BlockingChannel, name: str
) -> None:
    channel.queue_declare(name, auto_delete=True)
    requests = Inbox(channel, name, auto_ack=True)
    replies = Inbox(requester, PSEUDO, auto_ack=True)
    ask(requester, name, b"question")
    (request,) = requests.wait(1)
    address = request.properties.reply_to
    assert address.startswith(f"{PSEUDO}.")
    assert channel.queue_declare(address, passive=True).method.consumer_count == 1
    properties = pika.BasicProperties(correlation_id=request.properties.correlation_id)
    channel.basic_publish("", address, b"answer", properties)
    (reply,) = replies.wait(1)
    assert (reply.body, reply.properties.correlation_id) == (b"answer", "7")
    assert (reply.method.exchange, reply.method.routing_key) == ("", address)

    requester.close()
    with pytest.raises(ChannelClosedByBroker) as refusal:
        channel.queue_declare(address, passive=True)
    assert refusal.value.reply_code == 404


def refused(channel: BlockingChannel) -> tuple[int, str]:
    """What the channel is closed with."""
    with pytest.raises(ChannelClosedByBroker) as refusal:
        channel.basic_qos(prefetch_count=1)
    return refusal.value.reply_code, refusal.value.reply_text


def test_a_request_needs_a_consumer(channel: BlockingChannel, queue: str) -> None:
    ask(channel, queue, b"question")
    text = "PRECONDITION_FAILED - fast reply consumer does not exist"
    assert refused(channel) == (406, text)


def test_a_consumer_must_not_acknowledge(channel: BlockingChannel) -> None:
    with pytest.raises(ChannelClosedByBroker, match="reply consumer cannot acknowledge"):
        Inbox(channel, PSEUDO)


def test_a_channel_has_one_reply_consumer(channel: BlockingChannel) -> None:
    Inbox(channel, PSEUDO, auto_ack=True)
    with pytest.raises(ChannelClosedByBroker, match="reply consumer already set"):
        Inbox(channel, PSEUDO, auto_ack=True)


@pytest.fixture
def requests(channel: BlockingChannel, queue: str) -> Inbox:
    return Inbox(channel, queue, auto_ack=True)


@pytest.fixture
def address(requester: BlockingChannel, requests: Inbox, queue: str) -> str:
    """Where `requester` waits for replies."""
    Inbox(requester, PSEUDO, auto_ack=True)
    ask(requester, queue, b"question")
    return str(requests.wait(1)[0].properties.reply_to)


def test_a_reply_to_nobody_is_dropped_or_comes_back(
    channel: BlockingChannel, requester: BlockingChannel, address: str
) -> None:
    requester.close()
    channel.confirm_delivery()
    channel.basic_publish("", address, b"too late")
    with pytest.raises(UnroutableError):
        channel.basic_publish("", address, b"too late", mandatory=True)


def test_the_next_consumer_has_an_address_of_its_own(
    channel: BlockingChannel, requester: BlockingChannel, requests: Inbox, address: str, queue: str
) -> None:
    (tag,) = requester.consumer_tags
    requester.basic_cancel(tag)
    with pytest.raises(ChannelClosedByBroker) as refusal:
        channel.connection.channel().queue_declare(address, passive=True)
    assert refusal.value.reply_code == 404
    Inbox(requester, PSEUDO, auto_ack=True)
    ask(requester, queue, b"again")
    assert requests.wait(2)[1].properties.reply_to != address


@pytest.mark.parametrize(
    ("use", "code"),
    [
        (lambda channel, name: channel.basic_get(name), 404),
        (lambda channel, name: channel.basic_consume(name, print, auto_ack=True), 404),
        (lambda channel, name: channel.queue_bind(name, "amq.direct", "k"), 403),
    ],
    ids=["get", "consume", "bind"],
)
def test_an_address_is_no_queue(
    broker: BrokerUnderTest,
    channel: BlockingChannel,
    address: str,
    use: Callable[[BlockingChannel, str], object],
    code: int,
) -> None:
    with pytest.raises(ChannelClosedByBroker) as refusal:
        use(channel, address)
    assert refusal.value.reply_code == (404 if broker.is_old_rabbitmq else code)


def test_a_message_may_name_its_user(channel: BlockingChannel, queue: str) -> None:
    inbox = Inbox(channel, queue)
    channel.basic_publish("", queue, b"mine", pika.BasicProperties(user_id="guest"))
    assert inbox.wait(1)[0].properties.user_id == "guest"


def test_a_message_may_not_name_another_user(channel: BlockingChannel, queue: str) -> None:
    channel.basic_publish("", queue, b"not mine", pika.BasicProperties(user_id="x"))
    what = "user_id property set to 'x' but authenticated user was 'guest'"
    assert refused(channel) == (406, f"PRECONDITION_FAILED - {what}")
