"""pika, blocking: the life of queues."""

import re
from collections.abc import Callable

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import ChannelClosedByBroker

from tests.interop.pika_inbox import Inbox, fill, wait_until

Connect = Callable[..., pika.BlockingConnection]


def exists(connection: pika.BlockingConnection, queue: str) -> bool:
    channel = connection.channel()
    try:
        channel.queue_declare(queue, passive=True)
    except ChannelClosedByBroker as error:
        assert error.reply_code == 404
        return False
    channel.close()
    return True


def test_the_server_names_queues_that_have_no_name(channel: BlockingChannel) -> None:
    names = {channel.queue_declare("", exclusive=True).method.queue for _ in range(3)}
    assert len(names) == 3
    assert all(re.fullmatch(r"amq\.gen-[\w-]{22}", name) for name in names)


def test_the_empty_name_is_the_queue_declared_last(channel: BlockingChannel) -> None:
    declared = channel.queue_declare("", exclusive=True).method.queue
    channel.queue_bind("", "amq.fanout")
    channel.basic_publish("amq.fanout", "", b"found")
    inbox = Inbox(channel, "", auto_ack=True)
    assert inbox.wait(1)[0].body == b"found"
    channel.basic_publish("", declared, b"found too")
    assert inbox.wait(2)[1].body == b"found too"


def test_declare_reports_messages_and_consumers(channel: BlockingChannel, queue: str) -> None:
    channel.basic_qos(prefetch_count=1)
    fill(channel, queue, b"a", b"b", b"c")
    Inbox(channel, queue).wait(1)
    declared = channel.queue_declare(queue, exclusive=True).method
    assert (declared.queue, declared.message_count, declared.consumer_count) == (queue, 2, 1)


def test_declaring_the_same_queue_again_is_no_error(channel: BlockingChannel, name: str) -> None:
    for _ in range(2):
        channel.queue_declare(name, durable=True, auto_delete=True)
    channel.queue_declare(name, passive=True, durable=False)


def test_purge_drops_what_is_ready_and_says_how_much(channel: BlockingChannel, queue: str) -> None:
    fill(channel, queue, b"a", b"b", b"c")
    held, _, _ = channel.basic_get(queue)
    assert channel.queue_purge(queue).method.message_count == 2
    assert channel.basic_get(queue) == (None, None, None)
    channel.basic_ack(held.delivery_tag)


def test_delete_says_how_many_messages_went_with_the_queue(
    connection: pika.BlockingConnection, channel: BlockingChannel, queue: str
) -> None:
    fill(channel, queue, b"a", b"b")
    assert channel.queue_delete(queue).method.message_count == 2
    assert not exists(connection, queue)


def test_deleting_what_is_not_there_is_no_error(channel: BlockingChannel, name: str) -> None:
    assert channel.queue_delete(name).method.message_count == 0


def test_conditions_of_delete_that_hold(
    connection: pika.BlockingConnection, channel: BlockingChannel, queue: str
) -> None:
    channel.queue_delete(queue, if_unused=True, if_empty=True)
    assert not exists(connection, queue)


def test_a_queue_made_anew_is_empty(channel: BlockingChannel, name: str) -> None:
    channel.queue_declare(name, durable=True)
    fill(channel, name, b"old")
    channel.queue_delete(name)
    assert channel.queue_declare(name, durable=True).method.message_count == 0


def test_an_exclusive_queue_goes_with_its_connection(
    connect: Connect, connection: pika.BlockingConnection, name: str
) -> None:
    owner = connect()
    owner.channel().queue_declare(name, exclusive=True)
    owner.close()
    wait_until(connection, lambda: not exists(connection, name))


def test_an_exclusive_queue_belongs_to_all_channels_of_its_connection(
    connection: pika.BlockingConnection, channel: BlockingChannel, queue: str
) -> None:
    fill(channel, queue, b"shared")
    channel.close()
    assert connection.channel().basic_get(queue, auto_ack=True)[2] == b"shared"


def test_any_connection_may_publish_to_an_exclusive_queue(
    connect: Connect, channel: BlockingChannel, queue: str
) -> None:
    publisher = connect().channel()
    publisher.confirm_delivery()
    publisher.basic_publish("", queue, b"post", mandatory=True)
    assert channel.basic_get(queue, auto_ack=True)[2] == b"post"


def test_an_auto_delete_queue_goes_with_its_last_consumer(
    connection: pika.BlockingConnection, channel: BlockingChannel, name: str
) -> None:
    channel.queue_declare(name, durable=True, auto_delete=True)
    assert exists(connection, name)
    first, last = Inbox(channel, name), Inbox(channel, name)
    channel.basic_cancel(first.tag)
    assert exists(connection, name)
    channel.basic_cancel(last.tag)
    wait_until(connection, lambda: not exists(connection, name))


def test_an_auto_delete_queue_goes_when_the_last_consumers_channel_closes(
    connection: pika.BlockingConnection, channel: BlockingChannel, name: str
) -> None:
    channel.queue_declare(name, durable=True, auto_delete=True)
    Inbox(channel, name)
    channel.close()
    wait_until(connection, lambda: not exists(connection, name))


@pytest.mark.parametrize("queue_name", ["with space", "grün/木", "x" * 255, "a.b#c*d"])
def test_any_utf_8_is_a_name(channel: BlockingChannel, queue_name: str) -> None:
    assert channel.queue_declare(queue_name, exclusive=True).method.queue == queue_name
    channel.confirm_delivery()
    channel.basic_publish("", queue_name, b"there", mandatory=True)
    method, _, _ = channel.basic_get(queue_name, auto_ack=True)
    assert method.routing_key == queue_name


@pytest.mark.slow
def test_a_thousand_queues_each_hold_their_own(channel: BlockingChannel, name: str) -> None:
    queues = [f"{name}.{number}" for number in range(1000)]
    for queue in queues:
        channel.queue_declare(queue, exclusive=True)
    for queue in queues:
        channel.basic_publish("", queue, queue.encode())
    for queue in queues:
        assert channel.basic_get(queue, auto_ack=True)[2] == queue.encode()
