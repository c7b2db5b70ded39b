"""Who holds a channel's unacknowledged messages, by number."""

import pytest

from leveret.engine.amqp091.holders import Holders
from leveret.engine.amqp091.session import Session
from leveret.engine.amqp091.unacked import Unacked
from tests.engine.client import World


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def holders(world) -> Holders:
    return Holders(Session(world.shard, world.connect(), None), Unacked(world.shard.pages, 100), 1)


def added(holders, world, *tags):
    return [holders.add(world.queue(), tag, False, 0) for tag in tags]


def test_holders_have_numbers(holders, world):
    consumers = added(holders, world, b"a", b"b", b"c")
    assert [each.holder for each in consumers] == [0, 1, 2]
    assert (holders.by_number, holders.count) == (consumers, 3)


def test_who_is_closed_and_holds_nothing_frees_its_number(holders, world):
    _, b, _ = added(holders, world, b"a", b"b", b"c")
    holders.free(b)
    assert holders.count == 3, "it is not closed"
    b.closed = True
    b.unacked_count = 1
    holders.free(b)
    assert holders.count == 3, "it holds something"
    b.unacked_count = 0
    holders.free(b)
    holders.free(b)
    assert (holders.count, holders.by_number[1]) == (2, None)
    assert [each.holder for each in added(holders, world, b"d", b"e")] == [1, 3]


def test_all_that_is_got_from_a_queue_has_one_holder_until_it_is_settled(holders, world):
    queue, other = world.queue(), world.queue()
    taker = holders.taker(queue, False)
    assert (taker.tag, taker.closed) == (None, True)
    assert holders.taker(queue, False) is taker
    assert holders.taker(other, False) is not taker
    assert holders.taker(queue, True) is not taker
    holders.free(taker)
    assert holders.taker(queue, False) is not taker


def test_messages_go_back_to_the_queues_of_all_holders(holders, world):
    a, b, c = added(holders, world, b"a", b"b", b"c")
    b.closed = True
    holders.free(b)
    assert holders.queues() == [a.queue, c.queue]


def test_after_clear_there_are_none(holders, world):
    added(holders, world, b"a")
    holders.taker(world.queue(), False)
    holders.clear()
    assert (holders.count, holders.queues()) == (0, [])
