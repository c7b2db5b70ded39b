"""AMQPStorm: a client with a thread of its own for reading."""

from collections.abc import Callable, Iterator
from typing import Any

import amqpstorm
import pytest
from amqpstorm import AMQPChannelError, AMQPConnectionError, AMQPMessageError, Channel, Message

from tests.interop.broker_under_test import BrokerUnderTest

WAIT_SECONDS_MAX = 10


@pytest.fixture
def connect_storm(
    broker: BrokerUnderTest, name: str
) -> Iterator[Callable[..., amqpstorm.Connection]]:
    """Opens AMQPStorm connections; they are closed afterwards, so `name` is free to go."""
    at = broker.parameters()
    opened: list[amqpstorm.Connection] = []

    def connect(password: str = at.credentials.password, **options: Any) -> amqpstorm.Connection:
        user = at.credentials.username
        opened.append(amqpstorm.Connection(at.host, user, password, port=at.port, **options))
        return opened[-1]

    yield connect
    for connection in opened:
        connection.close()


@pytest.fixture
def channel(connect_storm: Callable[..., amqpstorm.Connection]) -> Channel:
    return connect_storm().channel(rpc_timeout=WAIT_SECONDS_MAX)


@pytest.fixture
def queue(channel: Channel, name: str) -> str:
    channel.queue.declare(name, exclusive=True)
    return name


def fill(channel: Channel, queue: str, *bodies: str) -> None:
    channel.confirm_deliveries()
    for body in bodies:
        assert channel.basic.publish(body, queue)


def bodies_left(channel: Channel, queue: str) -> list[str]:
    return [message.body for message in iter(lambda: channel.basic.get(queue, no_ack=True), None)]


def take(channel: Channel, count: int) -> list[Message]:
    """The next messages of the channel's consumers."""
    messages = channel.build_inbound_messages(to_tuple=False, auto_decode=True)
    return [next(messages) for _ in range(count)]


def test_the_server_says_what_it_can(connect_storm: Callable[..., amqpstorm.Connection]) -> None:
    connection = connect_storm()
    assert connection.is_open
    assert connection.max_allowed_channels == 2047
    assert connection.max_frame_size == 131072


def test_a_publish_is_confirmed(channel: Channel, queue: str) -> None:
    channel.confirm_deliveries()
    assert channel.basic.publish("hello", queue) is True
    assert bodies_left(channel, queue) == ["hello"]


def test_an_unroutable_mandatory_message_raises(channel: Channel) -> None:
    channel.confirm_deliveries()
    with pytest.raises(AMQPMessageError, match="NO_ROUTE") as error:
        channel.basic.publish("back", "nobody", mandatory=True)
    assert error.value.error_code == 312


def test_properties_come_back(channel: Channel, queue: str) -> None:
    headers = {"text": "ü", "whole": -7, "large": 2**40, "yes": True, "list": [1, {"deep": "er"}]}
    properties = {"message_id": "m", "correlation_id": "c", "priority": 3, "headers": headers}
    Message.create(channel, "body", properties).publish(queue)
    message = channel.basic.get(queue, no_ack=True)
    assert {key: message.properties[key] for key in properties} == properties


def test_a_body_of_many_frames(channel: Channel, queue: str) -> None:
    body = "ab" * 500_000
    channel.basic.publish(body, queue)
    assert channel.basic.get(queue, no_ack=True).body == body


def test_settling(channel: Channel, queue: str) -> None:
    fill(channel, queue, "a", "b", "c", "d")
    tag = channel.basic.consume(queue=queue)
    a, b, c, d = take(channel, 4)
    channel.basic.cancel(tag)
    b.ack()
    d.reject(requeue=False)
    c.nack(requeue=True)
    a.reject(requeue=True)
    assert bodies_left(channel, queue) == ["a", "c"]


def test_a_prefetch_holds_back(channel: Channel, queue: str) -> None:
    fill(channel, queue, "a", "b", "c")
    channel.basic.qos(prefetch_count=2)
    channel.basic.consume(queue=queue)
    first, second = take(channel, 2)
    assert channel.queue.declare(queue, passive=True)["message_count"] == 1
    first.ack()
    assert take(channel, 1)[0].body == "c"
    assert not second.redelivered


def test_start_consuming_calls_back(channel: Channel, queue: str) -> None:
    seen: list[str] = []

    def keep(message: Message) -> None:
        seen.append(message.body)
        message.ack()
        if len(seen) == 3:
            channel.stop_consuming()

    fill(channel, queue, "a", "b", "c")
    channel.basic.consume(keep, queue)
    channel.start_consuming()
    assert seen == ["a", "b", "c"]
    assert bodies_left(channel, queue) == []


def test_a_topic_exchange(channel: Channel, queue: str, name: str) -> None:
    channel.exchange.declare(name, "topic")
    channel.queue.bind(queue, name, "a.#")
    for key in ("a", "a.b.c", "b.a"):
        channel.basic.publish(key, key, name)
    channel.queue.unbind(queue, name, "a.#")
    channel.basic.publish("late", "a", name)
    assert bodies_left(channel, queue) == ["a", "a.b.c"]


def test_exchanges_bound_to_exchanges(channel: Channel, queue: str, name: str) -> None:
    channel.exchange.declare(name, "direct")
    channel.exchange.bind(name, "amq.fanout", "")
    channel.queue.bind(queue, name, "k")
    channel.basic.publish("through", "k", "amq.fanout")
    channel.exchange.unbind(name, "amq.fanout", "")
    channel.basic.publish("beside", "k", "amq.fanout")
    assert bodies_left(channel, queue) == ["through"]


def test_purging_and_deleting(channel: Channel, queue: str) -> None:
    fill(channel, queue, "a", "b")
    assert channel.queue.purge(queue)["message_count"] == 2
    fill(channel, queue, "c")
    with pytest.raises(AMQPChannelError, match="not empty") as error:
        channel.queue.delete(queue, if_empty=True)
    assert error.value.error_code == 406


def test_a_transaction(channel: Channel, queue: str) -> None:
    with channel.tx:
        channel.basic.publish("committed", queue)
    with pytest.raises(ZeroDivisionError), channel.tx:
        channel.basic.publish("rolled back", queue)
        raise ZeroDivisionError
    assert bodies_left(channel, queue) == ["committed"]


def test_recover_gives_everything_back(channel: Channel, queue: str) -> None:
    fill(channel, queue, "a")
    channel.basic.get(queue)
    channel.basic.recover(requeue=True)
    assert channel.basic.get(queue, no_ack=True).redelivered


def test_what_a_channel_held_comes_back(
    connect_storm: Callable[..., amqpstorm.Connection], name: str
) -> None:
    connection = connect_storm()
    channel = connection.channel()
    channel.queue.declare(name, exclusive=True)
    with connection.channel() as other:
        fill(other, name, "a")
        other.basic.get(name)
    again = channel.basic.get(name, no_ack=True)
    assert (again.body, again.redelivered) == ("a", True)


def test_a_queue_of_another_connection(
    queue: str, connect_storm: Callable[..., amqpstorm.Connection]
) -> None:
    with pytest.raises(AMQPChannelError, match="RESOURCE_LOCKED") as error:
        connect_storm().channel().basic.get(queue)
    assert error.value.error_code == 405


SOFT_ERRORS: list[tuple[Callable[[Channel, str], object], int, str]] = [
    (
        lambda channel, name: channel.queue.declare(name, passive=True),
        404,
        "NOT_FOUND - no queue '{name}' in vhost '/'",
    ),
    (
        lambda channel, name: channel.basic.consume(queue=name),
        404,
        "NOT_FOUND - no queue '{name}' in vhost '/'",
    ),
    (
        lambda channel, name: channel.queue.declare("amq.mine"),
        403,
        "ACCESS_REFUSED - queue name 'amq.mine' contains reserved prefix 'amq.*'",
    ),
    (
        lambda channel, name: channel.exchange.declare("amq.direct", "topic", durable=True),
        406,
        "PRECONDITION_FAILED - inequivalent arg 'type' for exchange 'amq.direct' in vhost '/': "
        "received 'topic' but current is 'direct'",
    ),
]


@pytest.mark.parametrize(("act", "code", "text"), SOFT_ERRORS)
def test_a_soft_error_closes_the_channel_alone(
    connect_storm: Callable[..., amqpstorm.Connection],
    name: str,
    act: Callable[[Channel, str], object],
    code: int,
    text: str,
) -> None:
    connection = connect_storm()
    channel = connection.channel(rpc_timeout=WAIT_SECONDS_MAX)
    with pytest.raises(AMQPChannelError) as error:
        act(channel, name)
    assert error.value.error_code == code
    assert text.format(name=name) in str(error.value)
    assert channel.is_closed
    assert connection.channel().is_open


def test_a_hard_error_closes_the_connection(channel: Channel, queue: str) -> None:
    channel.basic.publish("", queue, immediate=True)
    with pytest.raises(AMQPConnectionError, match="NOT_IMPLEMENTED - immediate=true") as error:
        channel.queue.declare(queue, passive=True)
    assert error.value.error_code == 540


def test_a_wrong_password(connect_storm: Callable[..., amqpstorm.Connection]) -> None:
    with pytest.raises(AMQPConnectionError, match="Login was refused") as error:
        connect_storm(password="wrong")
    assert error.value.error_code == 403


def test_a_virtual_host_that_is_none(connect_storm: Callable[..., amqpstorm.Connection]) -> None:
    with pytest.raises(AMQPConnectionError, match="vhost nowhere not found") as error:
        connect_storm(virtual_host="nowhere")
    assert error.value.error_code == 530
