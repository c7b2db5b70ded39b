"""Credit and room: when a consumer is served, passed over, and served again."""

import pytest

from leveret.engine.consumer import Consumer
from leveret.engine.errors import InvariantError
from leveret.engine.output import Output
from tests.engine.client import Client, World, ack_frame, nack_frame

FULL = 256 * 1024


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def client(world) -> Client:
    return world.connect()


def publish(world: World, count: int, size: int = 0) -> None:
    publisher = world.connect()
    for number in range(count):
        publisher.publish(b"q", b"%d" % number + bytes(size))


def test_a_protocol_says_how_its_consumers_deliver(world):
    queue = world.queue(b"q")
    queue.add_consumer(Consumer(Output(None, [], []), 0, False))
    publish(world, 1)
    with pytest.raises(InvariantError):
        world.turn()


@pytest.mark.parametrize(
    ("prefetch", "sent"), [(1, 1), (3, 3), (9, 9), (10, 9), (0, 9), (65535, 9)]
)
def test_a_consumer_holds_no_more_than_its_prefetch_count(world, client, prefetch, sent):
    queue = world.queue(b"q")
    publish(world, 9)
    consumer = client.consume(queue, prefetch=prefetch)
    world.turn()
    assert (len(client.messages()), consumer.unacked_count, queue.ready_count) == (
        sent,
        sent,
        9 - sent,
    )


def test_credit_comes_back_message_by_message(world, client):
    queue = world.queue(b"q")
    publish(world, 6)
    client.consume(queue, prefetch=2)
    world.turn()
    assert client.tags() == [1, 2]
    for frame, expected in [
        (ack_frame(2), [3]),
        (nack_frame(1, requeue=False), [4]),
        (ack_frame(4, multiple=True), [5, 6]),
    ]:
        client.send(frame)
        world.turn()
        assert client.tags() == expected


def test_what_a_consumer_requeues_it_is_sent_again(world, client):
    queue = world.queue(b"q")
    publish(world, 2)
    client.consume(queue, prefetch=1)
    for tag in range(1, 5):
        world.turn()
        (message,) = client.messages()
        assert (message.delivery_tag, message.body, message.redelivered) == (tag, b"0", tag > 1)
        client.send(nack_frame(tag))


def test_a_consumer_that_acknowledges_nothing_needs_no_credit(world, client):
    queue = world.queue(b"q")
    publish(world, 9)
    client.consume(queue, prefetch=1, no_ack=True)
    world.turn()
    assert len(client.messages()) == 9


def test_what_a_get_holds_takes_no_consumers_credit(world, client):
    queue = world.queue(b"q")
    publish(world, 4)
    client.channel().get(queue, False)
    client.consume(queue, prefetch=2)
    world.turn()
    assert client.tags() == [1, 2, 3]


def test_credit_is_the_consumers_own_though_a_channel_has_several(world, client):
    queue = world.queue(b"q")
    publish(world, 9)
    for tag in (b"a", b"b"):
        client.consume(queue, tag=tag, prefetch=1)
    world.turn()
    assert [event.consumer for event in client.messages()] == [b"a", b"b"]
    client.send(ack_frame(1))
    world.turn()
    assert [event.consumer for event in client.messages()] == [b"a"]


@pytest.mark.parametrize("no_ack", [True, False])
def test_a_consumer_is_passed_over_while_its_output_is_full(world, client, no_ack):
    queue = world.queue(b"q")
    publish(world, 10, size=100_000)
    client.consume(queue, no_ack=no_ack)
    world.turn()
    assert queue.ready_count == 7
    assert not world.shard.pending
    pending = len(client.connection.send_buffer())
    assert FULL <= pending < FULL + 110_000


def test_room_in_the_output_brings_the_consumer_back(world, client):
    queue = world.queue(b"q")
    publish(world, 10, size=100_000)
    client.consume(queue, no_ack=True)
    world.turn()
    pending = len(client.connection.send_buffer())
    client.parser.receive(client.take(pending - FULL))
    assert not world.shard.pending, "still full"
    client.parser.receive(client.take(1))
    assert world.shard.pending
    world.turn()
    assert queue.ready_count == 6


def test_a_slow_consumer_holds_up_no_other(world, client):
    queue = world.queue(b"q")
    slow, fast = client, world.connect()
    slow.consume(queue, tag=b"slow", no_ack=True)
    fast.consume(queue, tag=b"fast", no_ack=True)
    publish(world, 40, size=50_000)
    received = 0
    for _ in range(40):
        world.turn()
        received += len(fast.messages())
    assert (queue.ready_count, received) == (0, 40 - len(slow.messages()))
    publish(world, 2)
    world.turn()
    assert [len(fast.messages()), len(slow.messages())] == [1, 1]


def test_all_consumers_of_a_full_output_come_back(world, client):
    queues = [world.queue(b"q"), world.queue(b"q"), world.queue(b"r")]
    for number, queue in enumerate(queues):
        client.consume(queue, tag=b"%d" % number, no_ack=True)
    publish(world, 8, size=100_000)
    world.turn()
    world.connect().publish(b"r", b"r")
    world.turn()
    assert any(queue.ready_count for queue in queues)
    assert len(client.take_turns()) > 1_600_000
    assert [queue.ready_count for queue in queues] == [0, 0, 0]


def test_a_consumer_cancelled_while_its_output_is_full_does_not_come_back(world, client):
    queue = world.queue(b"q")
    publish(world, 5, size=100_000)
    consumer = client.consume(queue, no_ack=True)
    world.turn()
    left = queue.ready_count
    client.channel().cancel(consumer)
    client.take_turns()
    assert (queue.ready_count, queue.consumers, left) == (left, [], 2)


def test_a_consumer_waits_for_credit_and_room_both(world, client):
    queue = world.queue(b"q")
    publish(world, 9, size=100_000)
    client.consume(queue, prefetch=3)
    world.turn()
    client.send(ack_frame(1))
    world.turn()
    assert queue.ready_count == 6, "the output is full"
    client.take()
    world.turn()
    assert (queue.ready_count, len(client.take()) > 100_000) == (5, True)
    client.send(ack_frame(0, multiple=True))
    world.turn()
    assert queue.ready_count == 2
