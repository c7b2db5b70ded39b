"""How many messages a channel may hold, and what holds them."""

import pytest

from leveret.engine.queue import Queue
from tests.engine.client import Client, World, ack_frame


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def queue(world) -> Queue:
    return world.queue(b"q")


@pytest.fixture
def limited(world, queue) -> Client:
    """A client whose channel 2 may hold three messages."""
    client = world.connect()
    client.connection.session.limit_unacked(3)
    client.open_channel(2)
    for number in range(5):
        client.publish(b"q", b"%d" % number)
    return client


def test_the_unacknowledged_of_a_channel_have_a_limit(world, queue, limited):
    limited.consume(queue, channel=2)
    world.turn()
    assert limited.tags() == [1, 2, 3]
    limited.send(ack_frame(2, channel=2))
    world.turn()
    assert limited.tags() == [4]
    limited.send(ack_frame(0, channel=2, multiple=True))
    world.turn()
    assert limited.tags() == [5]


def test_whichever_consumer_acknowledges_all_of_the_channel_have_room_again(world, queue, limited):
    other = world.queue(b"other")
    limited.consume(other, channel=2, tag=b"a")
    limited.consume(queue, channel=2, tag=b"b")
    world.turn()
    limited.publish(b"other", b"late")
    world.turn()
    assert limited.tags() == [1, 2, 3]
    limited.send(ack_frame(1, channel=2) + ack_frame(2, channel=2))
    world.turn()
    assert sorted(limited.bodies()) == [b"3", b"late"]


def test_who_need_not_acknowledge_has_no_limit(world, queue, limited):
    limited.consume(queue, channel=2, no_ack=True)
    world.turn()
    assert len(limited.tags()) == 5


def test_a_channel_says_whether_it_may_hold_one_more(queue, limited):
    channel = limited.channel(2)
    for _ in range(3):
        assert channel.may_hold
        channel.get(queue, False)
    assert not channel.may_hold


def test_what_was_got_from_a_queue_is_held_together(world, queue, limited):
    channel, other = limited.channel(1), world.queue(b"other")
    limited.publish(b"other", b"x")
    for _ in range(3):
        channel.get(queue, False)
    channel.get(other, False)
    channel.get(queue, True)
    assert channel.holder_count == 2
    limited.send(ack_frame(1) + ack_frame(4))
    assert channel.holder_count == 1
    limited.send(ack_frame(0, multiple=True))
    assert (channel.holder_count, channel.unacked_count) == (0, 0)
    channel.get(queue, False)
    assert channel.holder_count == 1


def test_a_cancelled_consumer_is_held_until_all_is_acknowledged(world, queue, limited):
    channel = limited.channel(1)
    consumer = limited.consume(queue, prefetch=1)
    world.turn()
    channel.cancel(consumer)
    assert channel.holder_count == 1
    limited.send(ack_frame(1))
    assert channel.holder_count == 0
