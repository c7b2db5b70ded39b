"""What a channel settles, or gives back, in slices of several turns."""

import pytest

from leveret.engine.amqp091.consumer import ChannelConsumer
from leveret.engine.queue import Queue
from tests.engine.client import Client, World, ack_frame, message, nack_frame

AT_ONCE = 16384
SLICE = 2048


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def queue(world) -> Queue:
    return world.queue(b"q")


@pytest.fixture
def client(world, queue) -> Client:
    return world.connect()


def delivered(client: Client, queue: Queue, count: int, **options: object) -> ChannelConsumer:
    """The client holds so many messages, with the bodies 1, 2, ..."""
    for number in range(1, count + 1):
        client.publish(b"q", b"%d" % number)
    consumer = client.consume(queue, **options)
    client.world.turn()
    assert len(client.messages()) == count
    return consumer


@pytest.fixture
def busy(world) -> None:
    """What may be done at once in this turn has been done."""
    world.shard.chores.spend(AT_ONCE)


@pytest.mark.parametrize("frame", [ack_frame(0, multiple=True), nack_frame(0, multiple=True)])
def test_a_long_settlement_has_the_frames_behind_it_wait(world, client, queue, busy, frame):
    delivered(client, queue, 3)
    world.shard.chores.spend(AT_ONCE)
    client.send(frame + message(b"q", b"behind"))
    assert (queue.unacked_count, queue.ready_count) == (3, 0)
    assert client.connection.paused
    world.shard.turn()
    assert not client.connection.paused
    world.turn()
    bodies = client.bodies()
    assert bodies == (
        [b"behind"] if frame == ack_frame(0, multiple=True) else [b"1", b"2", b"3", b"behind"]
    )


def test_what_goes_back_over_several_turns_keeps_its_order(world, client, queue):
    count = SLICE + 10
    delivered(client, queue, count)
    reader = world.connect()
    reader.consume(queue)
    client.publish(b"q", b"last")
    world.shard.chores.spend(AT_ONCE)
    client.connection.close_channel(1)
    world.shard.turn()
    assert reader.messages() == [], "there is more to come back, and before it nothing else goes"
    assert queue.ready_count == SLICE + 1
    world.turn()
    bodies = [int(body) for body in reader.bodies()[:-1]]
    assert bodies == list(range(1, count + 1))


def test_a_channel_that_closes_says_what_is_still_to_be_given_back(world, client, queue):
    delivered(client, queue, 3)
    world.shard.chores.spend(AT_ONCE)
    chore = client.connection.close_channel(1)
    assert (chore.done, queue.unacked_count) == (False, 3)
    world.shard.turn()
    assert (chore.done, queue.unacked_count, queue.ready_count) == (True, 0, 3)


def test_a_channel_that_failed_gives_back_what_it_held_once(world, client, queue):
    delivered(client, queue, 3)
    world.shard.chores.spend(AT_ONCE)
    client.connection.fail_channel(1)
    assert client.connection.close_channel(1) is None
    world.shard.turn()
    assert (queue.unacked_count, queue.ready_count) == (0, 3)


def test_recovering_says_what_is_still_to_be_given_back(world, client, queue):
    delivered(client, queue, 3)
    world.shard.chores.spend(AT_ONCE)
    chore = client.channel().recover()
    assert not chore.done
    world.turn()
    assert (chore.done, len(client.messages())) == (True, 3)
