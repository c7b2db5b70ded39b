"""Credit and room: when a consumer is served, passed over, and served again."""

import pytest

from leveret.engine.consumer import Consumer
from leveret.engine.errors import InvariantError
from leveret.engine.memory import Memory
from leveret.engine.output import Output, Outputs
from tests.engine.client import Client, World, ack_frame, nack_frame

FULL = 560 * 1024


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
    queue.add_consumer(Consumer(Output(None, Outputs(Memory())), 0, False))
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
    publish(world, 10, size=200_000)
    client.consume(queue, no_ack=no_ack)
    world.turn()
    assert queue.ready_count == 7
    assert not world.shard.pending
    pending = len(client.connection.send_buffer())
    assert FULL <= pending < FULL + 210_000


def test_room_in_the_output_brings_the_consumer_back(world, client):
    queue = world.queue(b"q")
    publish(world, 10, size=200_000)
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
    publish(world, 8, size=200_000)
    world.turn()
    world.connect().publish(b"r", b"r")
    world.turn()
    assert any(queue.ready_count for queue in queues)
    assert len(client.take_turns()) > 3_200_000
    assert [queue.ready_count for queue in queues] == [0, 0, 0]


def test_a_consumer_cancelled_while_its_output_is_full_does_not_come_back(world, client):
    queue = world.queue(b"q")
    publish(world, 5, size=200_000)
    consumer = client.consume(queue, no_ack=True)
    world.turn()
    left = queue.ready_count
    client.channel().cancel(consumer)
    client.take_turns()
    assert (queue.ready_count, queue.consumer_count, left) == (left, 0, 2)


def test_a_consumer_waits_for_credit_and_room_both(world, client):
    queue = world.queue(b"q")
    publish(world, 9, size=200_000)
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


# The limit that the consumers of a channel share


def shared(world: World, client: Client, limit: int, *tags: bytes) -> list[object]:
    """Consumers of one channel, each of a queue of its own."""
    client.channel().limit_channel(limit)
    return [client.consume(world.queue(b"q"), tag=tag) for tag in tags]


def consumers_served(world: World, client: Client) -> list[bytes | None]:
    world.turn()
    return [message.consumer for message in client.messages()]


def test_the_consumers_of_a_channel_hold_no_more_than_their_limit_together(world, client):
    shared(world, client, 3, b"a", b"b")
    publish(world, 4)
    assert len(consumers_served(world, client)) == 3
    client.send(ack_frame(2))
    assert len(consumers_served(world, client)) == 1


def test_a_shared_credit_goes_round(world, client):
    shared(world, client, 1, b"a", b"b", b"c")
    publish(world, 3)
    served = []
    for tag in range(1, 7):
        served += consumers_served(world, client)
        client.send(ack_frame(tag))
    assert served == [b"a", b"b", b"c"] * 2


def test_a_shared_credit_goes_round_in_one_queue_too(world, client):
    queue = world.queue(b"q")
    client.channel().limit_channel(1)
    for tag in (b"a", b"b"):
        client.consume(queue, tag=tag)
    publish(world, 4)
    served = []
    for number in range(1, 5):
        served += consumers_served(world, client)
        client.send(ack_frame(number))
    assert served == [b"a", b"b"] * 2


def test_the_limits_of_consumer_and_channel_both_hold(world, client):
    queue = world.queue(b"q")
    client.channel().limit_channel(3)
    client.consume(queue, tag=b"a", prefetch=2)
    client.consume(queue, tag=b"b", prefetch=2)
    publish(world, 9)
    assert consumers_served(world, client) == [b"a", b"b", b"a"]


def test_who_acknowledges_nothing_neither_needs_nor_takes_shared_credit(world, client):
    queue = world.queue(b"q")
    client.channel().limit_channel(1)
    client.consume(queue, no_ack=True)
    publish(world, 3)
    assert len(consumers_served(world, client)) == 3


@pytest.mark.parametrize("settle", [ack_frame, nack_frame])
def test_what_a_get_holds_takes_no_shared_credit(world, client, settle):
    queue = world.queue(b"q")
    client.channel().limit_channel(1)
    publish(world, 3)
    client.channel().get(queue, False)
    client.consume(queue)
    assert len(consumers_served(world, client)) == 2
    client.send(settle(1))
    assert consumers_served(world, client) == []


@pytest.mark.parametrize(("limit", "more"), [(0, 4), (3, 2), (1, 0)])
def test_a_new_limit_holds_at_once(world, client, limit, more):
    shared(world, client, 1, b"a")
    publish(world, 5)
    assert len(consumers_served(world, client)) == 1
    client.channel().limit_channel(limit)
    assert len(consumers_served(world, client)) == more


def test_the_limit_is_its_channels(world, client):
    shared(world, client, 1, b"a")
    client.open_channel(2)
    client.consume(world.queue(b"q"), channel=2)
    publish(world, 3)
    assert len(consumers_served(world, client)) == 4


@pytest.mark.parametrize(("prefetch", "more"), [(0, 4), (3, 2), (1, 0)])
def test_the_limit_of_running_consumers_can_be_changed(world, client, prefetch, more):
    queue = world.queue(b"q")
    client.consume(queue, prefetch=1)
    publish(world, 5)
    assert len(consumers_served(world, client)) == 1
    client.channel().limit_consumers(prefetch)
    assert len(consumers_served(world, client)) == more


def test_a_lower_limit_counts_what_a_consumer_holds(world, client):
    queue = world.queue(b"q")
    client.consume(queue)
    publish(world, 3)
    assert len(consumers_served(world, client)) == 3
    client.channel().limit_consumers(2)
    publish(world, 2)
    for tag, served in [(1, 0), (2, 1)]:
        client.send(ack_frame(tag))
        assert len(consumers_served(world, client)) == served


def test_a_cancelled_consumer_is_given_no_credit(world, client):
    queue = world.queue(b"q")
    consumer = client.consume(queue, prefetch=1)
    publish(world, 2)
    assert len(consumers_served(world, client)) == 1
    client.channel().cancel(consumer)
    client.channel().limit_consumers(0)
    client.channel().limit_channel(0)
    assert consumers_served(world, client) == []
