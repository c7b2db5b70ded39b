"""pika, blocking: errors close the channel alone, or the connection, with RabbitMQ's words."""

from collections.abc import Callable
from dataclasses import dataclass

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import (
    ChannelClosedByBroker,
    ConnectionClosedByBroker,
    ProbableAccessDeniedError,
    ProbableAuthenticationError,
)

from tests.interop.broker_under_test import BrokerUnderTest
from tests.interop.pika_inbox import Inbox, fill, wait_until

Connect = Callable[..., pika.BlockingConnection]
Act = Callable[[BlockingChannel, str], object]


@dataclass(frozen=True)
class Soft:
    """`act` gets a name: that of a queue which exists, and of an exchange that does not."""

    rule: str
    act: Act
    code: int
    text: str


NO_QUEUE = "NOT_FOUND - no queue '{name}.none' in vhost '/'"
NO_EXCHANGE = "NOT_FOUND - no exchange '{name}' in vhost '/'"
DEFAULT_EXCHANGE = "ACCESS_REFUSED - operation not permitted on the default exchange"
SOFT_ERRORS = [
    Soft(
        "passive declare of no queue",
        lambda channel, name: channel.queue_declare(f"{name}.none", passive=True),
        404,
        NO_QUEUE,
    ),
    Soft(
        "consume from no queue",
        lambda channel, name: Inbox(channel, f"{name}.none"),
        404,
        NO_QUEUE,
    ),
    Soft(
        "get from no queue",
        lambda channel, name: channel.basic_get(f"{name}.none"),
        404,
        NO_QUEUE,
    ),
    Soft(
        "purge of no queue",
        lambda channel, name: channel.queue_purge(f"{name}.none"),
        404,
        NO_QUEUE,
    ),
    Soft(
        "bind no queue",
        lambda channel, name: channel.queue_bind(f"{name}.none", "amq.direct", "k"),
        404,
        NO_QUEUE,
    ),
    Soft(
        "no queue declared before",
        lambda channel, name: channel.connection.channel().basic_get(""),
        404,
        "NOT_FOUND - no previously declared queue",
    ),
    Soft(
        "passive declare of no exchange",
        lambda channel, name: channel.exchange_declare(name, passive=True),
        404,
        NO_EXCHANGE,
    ),
    Soft(
        "bind to no exchange",
        lambda channel, name: channel.queue_bind(name, name, "k"),
        404,
        NO_EXCHANGE,
    ),
    Soft(
        "a queue's reserved name",
        lambda channel, name: channel.queue_declare("amq.mine"),
        403,
        "ACCESS_REFUSED - queue name 'amq.mine' contains reserved prefix 'amq.*'",
    ),
    Soft(
        "redeclare a queue that the server named",
        lambda channel, name: channel.queue_declare("amq.gen-6gMWhGQwGGNeXYIWJhUe2A"),
        403,
        "ACCESS_REFUSED - queue name 'amq.gen-6gMWhGQwGGNeXYIWJhUe2A' "
        "contains reserved prefix 'amq.*'",
    ),
    Soft(
        "an exchange's reserved name",
        lambda channel, name: channel.exchange_declare("amq.mine"),
        403,
        "ACCESS_REFUSED - exchange name 'amq.mine' contains reserved prefix 'amq.*'",
    ),
    Soft(
        "bind to the default exchange",
        lambda channel, name: channel._impl.queue_bind(name, "", "k"),
        403,
        DEFAULT_EXCHANGE,
    ),
    Soft(
        "delete the default exchange",
        lambda channel, name: channel.exchange_delete(""),
        403,
        DEFAULT_EXCHANGE,
    ),
    Soft(
        "delete an exchange of the system",
        lambda channel, name: channel.exchange_delete("amq.topic"),
        403,
        "ACCESS_REFUSED - deletion of system exchange 'amq.topic' in vhost '/' not allowed",
    ),
    Soft(
        "redeclare a queue with another flag",
        lambda channel, name: channel.queue_declare(name, exclusive=True, auto_delete=True),
        406,
        "PRECONDITION_FAILED - inequivalent arg 'auto_delete' for queue '{name}' in vhost '/': "
        "received 'true' but current is 'false'",
    ),
    Soft(
        "redeclare an exchange with another type",
        lambda channel, name: channel.exchange_declare("amq.topic", "fanout", durable=True),
        406,
        "PRECONDITION_FAILED - inequivalent arg 'type' for exchange 'amq.topic' in vhost '/': "
        "received 'fanout' but current is 'topic'",
    ),
    Soft(
        "redeclare an exchange with another flag",
        lambda channel, name: channel.exchange_declare("amq.topic", "topic", durable=False),
        406,
        "PRECONDITION_FAILED - inequivalent arg 'durable' for exchange 'amq.topic' in vhost '/': "
        "received 'false' but current is 'true'",
    ),
    Soft(
        "acknowledge what was not delivered",
        lambda channel, name: channel.basic_ack(7),
        406,
        "PRECONDITION_FAILED - unknown delivery tag 7",
    ),
    Soft(
        "nack what was not delivered",
        lambda channel, name: channel.basic_nack(8, multiple=True),
        406,
        "PRECONDITION_FAILED - unknown delivery tag 8",
    ),
    Soft(
        "reject what was not delivered",
        lambda channel, name: channel.basic_reject(9),
        406,
        "PRECONDITION_FAILED - unknown delivery tag 9",
    ),
    Soft(
        "delete a queue in use",
        lambda channel, name: (Inbox(channel, name), channel.queue_delete(name, if_unused=True)),
        406,
        "PRECONDITION_FAILED - queue '{name}' in vhost '/' in use",
    ),
    Soft(
        "delete a queue that is not empty",
        lambda channel, name: (
            fill(channel, name, b"full"),
            channel.queue_delete(name, if_empty=True),
        ),
        406,
        "PRECONDITION_FAILED - queue '{name}' in vhost '/' not empty",
    ),
    Soft(
        "delete an exchange in use",
        lambda channel, name: (
            channel.exchange_declare(name),
            channel.queue_bind(name, name, "k"),
            channel.exchange_delete(name, if_unused=True),
        ),
        406,
        "PRECONDITION_FAILED - exchange '{name}' in vhost '/' in use",
    ),
    Soft(
        "publish to no exchange",
        lambda channel, name: channel.basic_publish(name, "k", b"into the void"),
        404,
        NO_EXCHANGE,
    ),
    Soft(
        "publish to an internal exchange",
        lambda channel, name: (
            channel.exchange_declare(name, internal=True),
            channel.basic_publish(name, "k", b"not for you"),
        ),
        403,
        "ACCESS_REFUSED - cannot publish to internal exchange '{name}' in vhost '/'",
    ),
    *(
        Soft(
            f"a queue with {argument}={value!r}",
            lambda channel, name, argument=argument, value=value: channel.queue_declare(
                f"{name}.new", exclusive=True, arguments={argument: value}
            ),
            406,
            f"PRECONDITION_FAILED - invalid arg '{argument}' for queue '{{name}}.new' in vhost '/'"
            f"{reason}",
        )
        for argument, value, reason in (
            ("x-expires", 0, ": {{value_zero,0}}"),
            ("x-message-ttl", -1, ": {{value_negative,-1}}"),
            ("x-max-length", "5", ': "expected integer, got longstr"'),
            ("x-max-priority", 256, ": {{max_value_exceeded,256}}"),
            ("x-overflow", "spill", ": invalid_overflow"),
            ("x-dead-letter-routing-key", "k", ": routing_key_but_no_dlx_defined"),
            ("x-single-active-consumer", "yes", ": {{unacceptable_type,longstr}}"),
            ("x-max-age", "1D", " of queue type rabbit_classic_queue"),
        )
    ),
    Soft(
        "a dead letter exchange that is no name",
        lambda channel, name: channel.queue_declare(
            f"{name}.new", exclusive=True, arguments={"x-dead-letter-exchange": True}
        ),
        406,
        "PRECONDITION_FAILED - invalid type 'bool' for arg 'x-dead-letter-exchange' in queue "
        "'{name}.new' in vhost '/'",
    ),
    Soft(
        "consume with a priority that is no number",
        lambda channel, name: Inbox(channel, name, arguments={"x-priority": "high"}),
        406,
        "PRECONDITION_FAILED - invalid arg 'x-priority' for queue '{name}' in vhost '/': "
        '"expected integer, got longstr"',
    ),
    Soft(
        "consume from an offset, as from a stream",
        lambda channel, name: Inbox(channel, name, arguments={"x-stream-offset": "first"}),
        406,
        "PRECONDITION_FAILED - invalid arg 'x-stream-offset' for queue '{name}' in vhost '/' "
        "of queue type rabbit_classic_queue",
    ),
    Soft(
        "consume beside an exclusive consumer",
        lambda channel, name: (Inbox(channel, name, exclusive=True), Inbox(channel, name)),
        403,
        "ACCESS_REFUSED - queue '{name}' in vhost '/' in exclusive use",
    ),
    Soft(
        "consume exclusively beside a consumer",
        lambda channel, name: (Inbox(channel, name), Inbox(channel, name, exclusive=True)),
        403,
        "ACCESS_REFUSED - queue '{name}' in vhost '/' in exclusive use",
    ),
]


@pytest.mark.parametrize("case", SOFT_ERRORS, ids=lambda case: case.rule)
def test_a_soft_error_closes_the_channel_alone(
    connection: pika.BlockingConnection, channel: BlockingChannel, queue: str, case: Soft
) -> None:
    bystander = connection.channel()
    with pytest.raises(ChannelClosedByBroker) as error:
        case.act(channel, queue)
        channel.basic_get(queue)
    expected = case.text.format(name=queue)
    assert (error.value.reply_code, error.value.reply_text) == (case.code, expected)
    assert bystander.queue_declare(queue, passive=True).method.queue == queue
    assert connection.channel().is_open


LOCKED = (
    "RESOURCE_LOCKED - cannot obtain exclusive access to locked queue '{name}' in vhost '/'. "
    "It could be originally declared on another connection or the exclusive property value "
    "does not match that of the original declaration."
)


@pytest.mark.parametrize(
    "act",
    [
        lambda channel, name: channel.queue_declare(name, exclusive=True),
        lambda channel, name: channel.queue_declare(name, passive=True),
        lambda channel, name: channel.basic_get(name),
        lambda channel, name: Inbox(channel, name),
        lambda channel, name: channel.queue_bind(name, "amq.direct", "k"),
        lambda channel, name: channel.queue_purge(name),
        lambda channel, name: channel.queue_delete(name),
    ],
    ids=["declare", "passive", "get", "consume", "bind", "purge", "delete"],
)
def test_an_exclusive_queue_is_locked_for_other_connections(
    connect: Connect, queue: str, act: Act
) -> None:
    with pytest.raises(ChannelClosedByBroker) as error:
        act(connect().channel(), queue)
    expected = LOCKED.format(name=queue)
    assert len(expected) > 255
    assert error.value.reply_code == 405
    assert error.value.reply_text == expected[:252] + "..."


def test_whose_a_queue_is_cannot_be_changed_by_declaring_it_again(
    channel: BlockingChannel, queue: str
) -> None:
    with pytest.raises(ChannelClosedByBroker) as error:
        channel.queue_declare(queue, exclusive=False)
    expected = LOCKED.format(name=queue)[:252] + "..."
    assert (error.value.reply_code, error.value.reply_text) == (405, expected)


def test_an_unknown_type_of_exchange(
    broker: BrokerUnderTest, channel: BlockingChannel, name: str
) -> None:
    if broker.is_old_rabbitmq:
        pytest.skip("before 4.0 RabbitMQ closes the connection: 503 COMMAND_INVALID")
    with pytest.raises(ChannelClosedByBroker) as error:
        channel.exchange_declare(name, "x-nonsense")
    expected = (406, "PRECONDITION_FAILED - unknown exchange type 'x-nonsense'")
    assert (error.value.reply_code, error.value.reply_text) == expected


def test_the_channel_number_of_a_failed_channel_can_be_used_again(
    connection: pika.BlockingConnection, channel: BlockingChannel, queue: str
) -> None:
    number = channel.channel_number
    with pytest.raises(ChannelClosedByBroker):
        channel.queue_declare(f"{queue}.none", passive=True)
    again = connection.channel(number)
    fill(again, queue, b"alive")
    assert again.basic_get(queue)[0].delivery_tag == 1


def test_a_failed_channel_gives_back_what_it_held(
    connection: pika.BlockingConnection, channel: BlockingChannel, queue: str
) -> None:
    other = connection.channel()
    fill(channel, queue, b"a", b"b")
    Inbox(channel, queue).wait(2)
    with pytest.raises(ChannelClosedByBroker):
        channel.queue_declare(f"{queue}.none", passive=True)
    wait_until(
        connection, lambda: other.queue_declare(queue, passive=True).method.message_count == 2
    )
    method, _, body = other.basic_get(queue)
    assert (body, method.redelivered) == (b"a", True)


def test_what_follows_an_error_on_its_channel_is_ignored(
    connection: pika.BlockingConnection, channel: BlockingChannel, queue: str
) -> None:
    other = connection.channel()
    # pika's own channel below the blocking one writes without waiting for an answer.
    channel._impl.basic_publish(f"{queue}.none", "", b"fails")
    for _ in range(100):
        channel._impl.basic_publish("", queue, b"ignored")
    with pytest.raises(ChannelClosedByBroker):
        channel.basic_get(queue)
    assert other.queue_declare(queue, passive=True).method.message_count == 0


def hard_error(connection: pika.BlockingConnection) -> tuple[int, str]:
    with pytest.raises(ConnectionClosedByBroker) as error:
        wait_until(connection, lambda: connection.is_closed)
        connection.channel()
    return error.value.reply_code, error.value.reply_text


def test_a_consumer_tag_used_twice_closes_the_connection(
    connection: pika.BlockingConnection, channel: BlockingChannel, queue: str
) -> None:
    Inbox(channel, queue, consumer_tag="twin")
    # pika refuses a tag it knows, so the method is sent as it is.
    channel._impl._send_method(pika.spec.Basic.Consume(queue=queue, consumer_tag="twin"))
    expected = (530, "NOT_ALLOWED - attempt to reuse consumer tag 'twin'")
    assert hard_error(connection) == expected


def test_a_prefetch_size_closes_the_connection(
    connection: pika.BlockingConnection, channel: BlockingChannel
) -> None:
    channel._impl._send_method(pika.spec.Basic.Qos(prefetch_size=10))
    assert hard_error(connection) == (540, "NOT_IMPLEMENTED - prefetch_size!=0 (10)")


def test_an_immediate_message_closes_the_connection(
    connection: pika.BlockingConnection, channel: BlockingChannel, queue: str
) -> None:
    channel._impl._send_method(
        pika.spec.Basic.Publish(0, "", queue, immediate=True), (pika.BasicProperties(), b"now")
    )
    assert hard_error(connection) == (540, "NOT_IMPLEMENTED - immediate=true")


def test_an_unknown_virtual_host_is_refused(connect: Connect) -> None:
    with pytest.raises(ProbableAccessDeniedError) as error:
        connect(virtual_host="nowhere")
    (cause,) = error.value.args
    assert "(530)" in str(cause)
    assert "NOT_ALLOWED - vhost nowhere not found" in str(cause)


@pytest.mark.parametrize(("user", "password"), [("guest", "wrong"), ("nobody", "guest"), ("", "")])
def test_a_wrong_password_is_refused_with_403(connect: Connect, user: str, password: str) -> None:
    with pytest.raises(ProbableAuthenticationError) as error:
        connect(credentials=pika.PlainCredentials(user, password))
    assert (
        "(403) 'ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN. "
        "For details see the broker logfile.'" in str(error.value)
    )
