"""py-amqp, which kombu and Celery stand on: its own interface, methods as in the specification."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import amqp
import pytest
from amqp.exceptions import (
    AccessRefused,
    AMQPNotImplementedError,
    ConsumerCancelled,
    NotAllowed,
    NotFound,
    PreconditionFailed,
    ResourceLocked,
)
from kombu.utils.url import parse_url

from tests.interop.broker_under_test import BrokerUnderTest

WAIT_SECONDS_MAX = 10


@pytest.fixture
def connect_amqp(broker: BrokerUnderTest, name: str) -> Iterator[Callable[..., amqp.Connection]]:
    """Opens py-amqp connections; they are closed afterwards, so `name` is free to go."""
    at = parse_url(broker.url)
    opened: list[amqp.Connection] = []

    def connect(**options: Any) -> amqp.Connection:
        host = f"{at['hostname']}:{at['port']}"
        user = {"userid": at["userid"], "password": at["password"]}
        opened.append(amqp.Connection(host, **{**user, **options}))
        opened[-1].connect()
        return opened[-1]

    yield connect
    for connection in opened:
        connection.close()


@pytest.fixture
def channel(connect_amqp: Callable[..., amqp.Connection]) -> amqp.Channel:
    return connect_amqp(confirm_publish=True).channel()


@pytest.fixture
def queue(channel: amqp.Channel, name: str) -> str:
    channel.queue_declare(name, exclusive=True, auto_delete=False)
    return name


def publish(channel: amqp.Channel, queue: str, *bodies: str) -> None:
    for body in bodies:
        channel.basic_publish(amqp.Message(body), routing_key=queue)


def bodies_left(channel: amqp.Channel, queue: str) -> list[str]:
    gets = iter(lambda: channel.basic_get(queue, no_ack=True), None)
    return [message.body for message in gets]


def wait_until(connection: amqp.Connection, condition: Callable[[], object]) -> None:
    while not condition():
        connection.drain_events(timeout=WAIT_SECONDS_MAX)


def test_the_server_says_who_it_is(connect_amqp: Callable[..., amqp.Connection]) -> None:
    connection = connect_amqp()
    assert (connection.version_major, connection.version_minor) == (0, 9)
    assert connection.server_properties["capabilities"]["publisher_confirms"] is True
    assert connection.locales == ["en_US"]


@pytest.mark.parametrize("method", ["PLAIN", "AMQPLAIN"])
def test_login(connect_amqp: Callable[..., amqp.Connection], method: str) -> None:
    connection = connect_amqp(login_method=method)
    assert method.encode() in connection.mechanisms
    assert connection.channel().is_open


def test_a_heartbeat_is_agreed(connect_amqp: Callable[..., amqp.Connection]) -> None:
    connection = connect_amqp(heartbeat=5)
    assert connection.heartbeat == 5
    connection.heartbeat_tick()
    connection.send_heartbeat()
    assert connection.channel().is_open


def test_properties_and_headers_come_back(channel: amqp.Channel, queue: str) -> None:
    when = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC).replace(tzinfo=None)
    headers = {
        **{"text": "ü", "whole": -7, "large": 2**40, "real": 2.5, "yes": True, "none": None},
        **{
            "list": [1, ["two"]],
            "table": {"deep": {"er": 1}},
            "when": when,
            "sum": Decimal("1.25"),
        },
    }
    options = {
        "content_type": "text/plain",
        "priority": 3,
        "correlation_id": "c",
        "delivery_mode": 2,
        "timestamp": 1_750_000_000,
    }
    message = amqp.Message("body", application_headers=headers, **options)
    channel.basic_publish(message, routing_key=queue)
    back = channel.basic_get(queue, no_ack=True)
    assert back.body == "body"
    assert back.headers == headers
    assert {option: back.properties[option] for option in options} == options


def test_a_body_of_many_frames(channel: amqp.Channel, queue: str) -> None:
    body = bytes(range(256)) * 4096
    channel.basic_publish(amqp.Message(body, content_encoding="binary"), routing_key=queue)
    assert bytes(channel.basic_get(queue, no_ack=True).body) == body


def test_consuming_and_settling(channel: amqp.Channel, queue: str) -> None:
    seen: list[amqp.Message] = []
    channel.basic_qos(0, 2, False)
    tag = channel.basic_consume(queue, callback=seen.append)
    publish(channel, queue, "a", "b", "c", "d")
    wait_until(channel.connection, lambda: len(seen) == 2)
    channel.basic_ack(seen[0].delivery_tag)
    wait_until(channel.connection, lambda: len(seen) == 3)
    channel.basic_cancel(tag)
    channel.basic_reject(seen[1].delivery_tag, requeue=True)
    channel.basic_reject(seen[2].delivery_tag, requeue=False)
    assert [message.body for message in seen] == ["a", "b", "c"]
    assert bodies_left(channel, queue) == ["b", "d"]


def test_a_new_prefetch_reaches_running_consumers(channel: amqp.Channel, queue: str) -> None:
    seen: list[amqp.Message] = []
    channel.basic_qos(0, 1, False)
    channel.basic_consume(queue, callback=seen.append)
    publish(channel, queue, "a", "b", "c", "d")
    wait_until(channel.connection, lambda: len(seen) == 1)
    channel.basic_qos(0, 3, False)
    wait_until(channel.connection, lambda: len(seen) == 3)
    assert channel.basic_get(queue, no_ack=True).body == "d"


def test_an_unroutable_message_is_returned_and_confirmed(channel: amqp.Channel) -> None:
    returned: list[tuple[Any, ...]] = []
    channel.events["basic_return"].add(lambda *arguments: returned.append(arguments))
    channel.basic_publish(amqp.Message("back"), routing_key="nobody", mandatory=True)
    ((error, exchange, routing_key, message),) = returned
    assert (error.reply_code, error.reply_text) == (312, "NO_ROUTE")
    assert (exchange, routing_key, message.body) == ("", "nobody", "back")


def test_exchanges_bound_to_exchanges(channel: amqp.Channel, queue: str, name: str) -> None:
    channel.exchange_declare(name, "topic", auto_delete=False)
    channel.exchange_bind(name, "amq.fanout")
    channel.queue_bind(queue, name, "a.*")
    channel.basic_publish(amqp.Message("1"), "amq.fanout", "a.b")
    channel.basic_publish(amqp.Message("2"), "amq.fanout", "b.b")
    channel.exchange_unbind(name, "amq.fanout")
    channel.basic_publish(amqp.Message("3"), "amq.fanout", "a.b")
    assert bodies_left(channel, queue) == ["1"]


def test_a_headers_exchange(channel: amqp.Channel, queue: str) -> None:
    channel.queue_bind(queue, "amq.headers", arguments={"x-match": "any", "a": 1, "b": 2})
    for headers in ({"a": 1, "c": 3}, {"a": 2}, {"b": 2}):
        message = amqp.Message(str(headers), application_headers=headers)
        channel.basic_publish(message, "amq.headers", "")
    assert bodies_left(channel, queue) == ["{'a': 1, 'c': 3}", "{'b': 2}"]


def test_a_transaction(connect_amqp: Callable[..., amqp.Connection], name: str) -> None:
    connection = connect_amqp()
    channel, other = connection.channel(), connection.channel()
    channel.queue_declare(name, exclusive=True, auto_delete=False)
    channel.tx_select()
    publish(channel, name, "rolled back")
    channel.tx_rollback()
    publish(channel, name, "committed")
    assert other.basic_get(name) is None
    channel.tx_commit()
    assert bodies_left(other, name) == ["committed"]


def test_recover_gives_everything_back(channel: amqp.Channel, queue: str) -> None:
    publish(channel, queue, "a", "b")
    for _ in "ab":
        channel.basic_get(queue)
    channel.basic_recover(requeue=True)
    again = [channel.basic_get(queue, no_ack=True) for _ in "ab"]
    assert [message.body for message in again] == ["a", "b"]
    assert all(message.delivery_info["redelivered"] for message in again)


def test_flow_can_only_be_turned_on(channel: amqp.Channel) -> None:
    channel.flow(True)
    with pytest.raises(AMQPNotImplementedError) as error:
        channel.flow(False)
    assert error.value.reply_code == 540


def test_a_consumer_is_told_of_its_queues_end(channel: amqp.Channel, queue: str) -> None:
    told: list[str] = []
    tag = channel.basic_consume(queue, on_cancel=told.append)
    channel.connection.channel().queue_delete(queue)
    wait_until(channel.connection, lambda: told)
    assert told == [tag]
    assert channel.is_open


def test_a_consumer_without_a_listener_raises(channel: amqp.Channel, queue: str) -> None:
    tag = channel.basic_consume(queue)
    channel.queue_delete(queue, nowait=True)
    with pytest.raises(ConsumerCancelled, match=tag):
        channel.connection.drain_events(timeout=WAIT_SECONDS_MAX)


def declare_otherwise(channel: amqp.Channel, name: str) -> None:
    channel.queue_declare(name, exclusive=True, auto_delete=False)
    channel.queue_declare(name, exclusive=True, auto_delete=True)


SOFT_ERRORS: list[tuple[Callable[[amqp.Channel, str], object], type[Exception], str]] = [
    (
        lambda channel, name: channel.queue_declare(name, passive=True),
        NotFound,
        "NOT_FOUND - no queue '{name}' in vhost '/'",
    ),
    (
        lambda channel, name: channel.basic_publish(amqp.Message(""), name, ""),
        NotFound,
        "NOT_FOUND - no exchange '{name}' in vhost '/'",
    ),
    (
        lambda channel, name: channel.exchange_declare("amq.mine", "direct"),
        AccessRefused,
        "ACCESS_REFUSED - exchange name 'amq.mine' contains reserved prefix 'amq.*'",
    ),
    (
        lambda channel, name: channel.queue_bind(name, ""),
        AccessRefused,
        "ACCESS_REFUSED - operation not permitted on the default exchange",
    ),
    (
        lambda channel, name: channel.exchange_declare(name, "sideways"),
        PreconditionFailed,
        "PRECONDITION_FAILED - unknown exchange type 'sideways'",
    ),
    (
        declare_otherwise,
        PreconditionFailed,
        "PRECONDITION_FAILED - inequivalent arg 'auto_delete' for queue '{name}' in vhost '/': "
        "received 'true' but current is 'false'",
    ),
]


@pytest.mark.parametrize(("act", "kind", "text"), SOFT_ERRORS)
def test_a_soft_error_closes_the_channel_alone(
    channel: amqp.Channel,
    name: str,
    act: Callable[[amqp.Channel, str], object],
    kind: type[Exception],
    text: str,
) -> None:
    with pytest.raises(kind) as error:
        act(channel, name)
    assert error.value.reply_text.startswith(text.format(name=name))
    assert channel.queue_declare("", exclusive=True).message_count == 0  # py-amqp opens it again


def test_a_queue_of_another_connection(
    connect_amqp: Callable[..., amqp.Connection], name: str
) -> None:
    connect_amqp().channel().queue_declare(name, exclusive=True)
    with pytest.raises(ResourceLocked, match="cannot obtain exclusive access to locked queue"):
        connect_amqp().channel().queue_declare(name, passive=True)


def test_a_hard_error_closes_the_connection(channel: amqp.Channel, queue: str) -> None:
    connection = channel.connection
    with pytest.raises(AMQPNotImplementedError) as error:
        channel.basic_publish(amqp.Message(""), routing_key=queue, immediate=True)
    assert "NOT_IMPLEMENTED - immediate=true" in error.value.reply_text
    assert not connection.connected


def test_a_consumer_tag_is_used_once(channel: amqp.Channel, queue: str) -> None:
    for _ in range(2):
        channel.basic_consume(queue, consumer_tag="mine", nowait=True)
    with pytest.raises(NotAllowed, match="attempt to reuse consumer tag 'mine'"):
        channel.queue_declare(queue, passive=True)


def test_a_wrong_password(connect_amqp: Callable[..., amqp.Connection]) -> None:
    with pytest.raises(AccessRefused, match="ACCESS_REFUSED - Login was refused"):
        connect_amqp(password="wrong")


def test_a_virtual_host_that_is_none(connect_amqp: Callable[..., amqp.Connection]) -> None:
    with pytest.raises(NotAllowed, match="vhost nowhere not found"):
        connect_amqp(virtual_host="nowhere")
