"""pika, blocking: consumers, prefetch, acknowledgement and what goes back to the queue."""

import socket
from collections.abc import Callable

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import AMQPConnectionError

from tests.interop.pika_inbox import (
    Inbox,
    fill,
    publish,
    ready_count,
    wait_ready,
    wait_until,
)

Connect = Callable[..., pika.BlockingConnection]


def test_the_server_names_a_consumer_that_has_no_name(channel: BlockingChannel, queue: str) -> None:
    # pika makes up a tag of its own, so the method is sent as it is.
    frame = pika.spec.Basic.Consume(queue=queue, consumer_tag="", no_ack=True)
    answers: list[str] = []
    raw = channel._impl
    raw._rpc(
        frame,
        lambda answer: answers.append(answer.method.consumer_tag),
        [pika.spec.Basic.ConsumeOk],
    )
    wait_until(channel.connection, lambda: bool(answers))
    assert answers[0].startswith("amq.ctag-")


def test_an_acknowledged_message_is_gone(
    connect: Connect, channel: BlockingChannel, name: str
) -> None:
    channel.queue_declare(name, durable=True)
    fill(channel, name, b"a", b"b")
    inbox = Inbox(channel, name)
    first, _ = inbox.wait(2)
    inbox.ack(first)
    channel.close()
    other = connect().channel()
    wait_ready(other, name, 1)
    assert other.basic_get(name)[2] == b"b"


def test_a_multiple_acknowledgement_takes_all_up_to_its_tag(
    channel: BlockingChannel, queue: str
) -> None:
    publish(channel, queue, *[b"%d" % number for number in range(10)])
    inbox = Inbox(channel, queue)
    inbox.ack(inbox.wait(10)[6], multiple=True)
    channel.basic_cancel(inbox.tag)
    channel.basic_nack(0, multiple=True)
    wait_ready(channel, queue, 3)
    assert channel.basic_get(queue)[2] == b"7"


def test_the_tag_zero_with_multiple_means_everything(channel: BlockingChannel, queue: str) -> None:
    publish(channel, queue, b"a", b"b", b"c")
    inbox = Inbox(channel, queue)
    inbox.wait(3)
    channel.basic_cancel(inbox.tag)
    channel.basic_ack(0, multiple=True)
    assert ready_count(channel, queue) == 0
    channel.basic_nack(0, multiple=True)
    assert ready_count(channel, queue) == 0


def test_requeued_messages_take_their_old_places_and_are_marked(
    channel: BlockingChannel, queue: str
) -> None:
    publish(channel, queue, *[b"%d" % number for number in range(6)])
    channel.basic_qos(prefetch_count=4)
    inbox = Inbox(channel, queue)
    zero, one, two, three = inbox.wait(4)
    channel.basic_cancel(inbox.tag)
    inbox.ack(one)
    for delivery in (three, zero, two):
        inbox.nack(delivery)
    wait_ready(channel, queue, 5)
    again = Inbox(channel, queue, auto_ack=True).wait(4)
    channel.basic_qos(prefetch_count=0)
    assert [(each.body, each.method.redelivered) for each in again[:4]] == [
        (b"0", True),
        (b"2", True),
        (b"3", True),
        (b"4", False),
    ]


def test_a_multiple_nack_requeues_all_up_to_its_tag(channel: BlockingChannel, queue: str) -> None:
    publish(channel, queue, *[b"%d" % number for number in range(5)])
    inbox = Inbox(channel, queue)
    inbox.wait(5)
    channel.basic_cancel(inbox.tag)
    inbox.nack(inbox.deliveries[2], multiple=True)
    wait_ready(channel, queue, 3)
    bodies = [channel.basic_get(queue)[2] for _ in range(3)]
    assert bodies == [b"0", b"1", b"2"]


def test_a_nack_without_requeue_drops_the_message(channel: BlockingChannel, queue: str) -> None:
    publish(channel, queue, b"unwanted", b"wanted")
    inbox = Inbox(channel, queue)
    unwanted, wanted = inbox.wait(2)
    channel.basic_cancel(inbox.tag)
    inbox.nack(unwanted, requeue=False)
    inbox.nack(wanted)
    wait_ready(channel, queue, 1)
    assert channel.basic_get(queue)[2] == b"wanted"


def test_reject_drops_or_requeues(channel: BlockingChannel, queue: str) -> None:
    publish(channel, queue, b"drop", b"requeue")
    inbox = Inbox(channel, queue)
    drop, requeue = inbox.wait(2)
    channel.basic_cancel(inbox.tag)
    channel.basic_reject(drop.method.delivery_tag, requeue=False)
    channel.basic_reject(requeue.method.delivery_tag, requeue=True)
    wait_ready(channel, queue, 1)
    method, _, body = channel.basic_get(queue)
    assert (body, method.redelivered) == (b"requeue", True)


def test_a_requeued_message_goes_to_the_consumer_again(
    channel: BlockingChannel, queue: str
) -> None:
    publish(channel, queue, b"again")
    inbox = Inbox(channel, queue)
    inbox.nack(inbox.wait(1)[0])
    first, second = inbox.wait(2)
    assert (first.method.redelivered, second.method.redelivered) == (False, True)
    assert second.method.delivery_tag == first.method.delivery_tag + 1


def test_prefetch_bounds_what_a_consumer_holds(channel: BlockingChannel, queue: str) -> None:
    fill(channel, queue, *[b"%d" % number for number in range(10)])
    channel.basic_qos(prefetch_count=3)
    inbox = Inbox(channel, queue)
    inbox.wait(3)
    assert ready_count(channel, queue) == 7
    inbox.ack(inbox.deliveries[1], multiple=True)
    inbox.wait(5)
    wait_ready(channel, queue, 5)
    assert inbox.bodies == [b"0", b"1", b"2", b"3", b"4"]


def test_prefetch_does_not_bind_consumers_that_never_acknowledge(
    channel: BlockingChannel, queue: str
) -> None:
    channel.basic_qos(prefetch_count=1)
    inbox = Inbox(channel, queue, auto_ack=True)
    publish(channel, queue, *[b"%d" % number for number in range(10)])
    assert len(inbox.wait(10)) == 10


def test_consumers_with_credit_take_turns(channel: BlockingChannel, queue: str) -> None:
    inboxes = [Inbox(channel, queue) for _ in range(3)]
    publish(channel, queue, *[b"%d" % number for number in range(9)])
    for inbox in inboxes:
        inbox.wait(3)
    assert sorted(body for inbox in inboxes for body in inbox.bodies) == [
        b"%d" % number for number in range(9)
    ]
    assert [len(inbox.deliveries) for inbox in inboxes] == [3, 3, 3]


def test_a_cancelled_consumer_gets_nothing_more_and_may_still_acknowledge(
    channel: BlockingChannel, queue: str
) -> None:
    publish(channel, queue, b"held")
    inbox = Inbox(channel, queue)
    held = inbox.wait(1)[0]
    channel.basic_cancel(inbox.tag)
    fill(channel, queue, b"left")
    inbox.ack(held)
    assert ready_count(channel, queue) == 1
    assert inbox.bodies == [b"held"]


def test_a_closed_channel_gives_back_what_it_held_in_order(
    connection: pika.BlockingConnection, channel: BlockingChannel, queue: str
) -> None:
    publish(channel, queue, b"a", b"b", b"c")
    holder = connection.channel()
    inbox = Inbox(holder, queue)
    inbox.ack(inbox.wait(3)[1])
    holder.close()
    wait_ready(channel, queue, 2)
    got = [channel.basic_get(queue) for _ in range(2)]
    assert [(body, method.redelivered) for method, _, body in got] == [(b"a", True), (b"c", True)]


def test_a_lost_connection_gives_back_what_it_held(
    connect: Connect, channel: BlockingChannel, name: str
) -> None:
    channel.queue_declare(name, durable=True)
    fill(channel, name, b"survivor")
    doomed = connect()
    inbox = Inbox(doomed.channel(), name)
    inbox.wait(1)
    doomed._impl._transport._sock.shutdown(socket.SHUT_RDWR)
    with pytest.raises(AMQPConnectionError):
        wait_until(doomed, lambda: False)
    wait_ready(channel, name, 1)
    assert channel.basic_get(name)[0].redelivered is True


def test_a_deleted_queue_cancels_its_consumers(channel: BlockingChannel, queue: str) -> None:
    cancelled: list[str] = []
    channel.add_on_cancel_callback(lambda frame: cancelled.append(frame.method.consumer_tag))
    inbox = Inbox(channel, queue)
    channel.queue_delete(queue)
    wait_until(channel.connection, lambda: bool(cancelled))
    assert cancelled == [inbox.tag]
    channel.queue_declare(queue, exclusive=True)


def test_an_exclusive_consumer_is_alone_until_it_is_cancelled(
    channel: BlockingChannel, queue: str
) -> None:
    alone = Inbox(channel, queue, exclusive=True)
    channel.basic_cancel(alone.tag)
    Inbox(channel, queue, exclusive=False)


def test_a_higher_priority_is_served_while_it_has_credit(
    channel: BlockingChannel, queue: str
) -> None:
    channel.basic_qos(prefetch_count=2)
    low = Inbox(channel, queue)
    high = Inbox(channel, queue, arguments={"x-priority": 10})
    publish(channel, queue, b"0", b"1", b"2")
    low.wait(1)
    assert (high.bodies, low.bodies) == ([b"0", b"1"], [b"2"])
    high.ack(high.deliveries[0])
    publish(channel, queue, b"3")
    high.wait(3)
    assert (high.bodies[2:], low.bodies) == ([b"3"], [b"2"])
