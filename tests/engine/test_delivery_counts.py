"""Queues that count how often a message went back, and queues that serve one consumer at a time."""

import pytest

from tests.engine.client import NOW, World, ack_frame, message, nack_frame, reject_frame
from tests.engine.fake_log import FakeLog


@pytest.fixture
def world():
    world = World()
    world.shard.agenda.set_time(NOW)
    return world


@pytest.fixture
def kept_world():
    world = World(journal=True)
    world.shard.agenda.set_time(NOW)
    return world


@pytest.fixture
def queue(world):
    return world.queue(b"q")


@pytest.fixture
def rules(world, queue):
    return world.shard.rulebook.rules_of(queue)


@pytest.fixture
def publisher(world):
    return world.connect()


class Yard:
    """Where the dead go: nowhere."""

    def __init__(self):
        self.taken = []

    def take(self, message, reason):
        self.taken.append((message.body, reason))


@pytest.fixture
def yard(rules):
    yard = Yard()
    rules.bury_with(yard)
    return yard


def publish(client, *bodies):
    client.send(b"".join(message(b"q", body) for body in bodies))


class Counting:
    """A protocol that writes counts in front of all else."""

    def counted(self, properties, failures, deliveries):
        return b"%d/%d" % (failures, deliveries)


@pytest.fixture
def counting(world, rules):
    world.shard.contents[0] = Counting()
    rules.count_deliveries(2)
    return rules


def seen(world, client):
    world.turn()
    return [(event.body, event.properties) for event in client.messages()]


def test_what_went_back_tells_how_often_and_a_first_delivery_tells_nothing(
    world, queue, counting, publisher
):
    publisher.consume(queue)
    publish(publisher, b"a")
    assert seen(world, publisher) == [(b"a", b"\0\0")]
    publisher.send(nack_frame(1))
    assert seen(world, publisher) == [(b"a", b"0/1")]
    publisher.send(reject_frame(2))
    assert seen(world, publisher) == [(b"a", b"1/2")]
    publisher.send(ack_frame(3))
    assert (queue.ready_count, queue.unacked_count, dict(counting.counts)) == (0, 0, {})


def test_what_has_failed_too_often_goes(world, queue, counting, publisher):
    publisher.consume(queue)
    publish(publisher, b"a")
    for tag in (1, 2, 3):
        world.turn()
        publisher.send(reject_frame(tag))
    world.turn()
    assert (queue.ready_count, queue.unacked_count, dict(counting.counts)) == (0, 0, {})


def test_what_has_failed_too_often_dies_of_it(world, queue, counting, publisher, yard):
    publisher.consume(queue)
    publish(publisher, b"a")
    for tag in (1, 2, 3):
        world.turn()
        publisher.send(reject_frame(tag))
    assert yard.taken == [(b"a", "delivery_limit")]


def test_a_channel_that_closes_has_failed(world, queue, counting, publisher):
    for _ in range(3):
        client = world.connect()
        client.consume(queue)
        publish(publisher, *([b"a"] if queue.ready_count == 0 else []))
        world.turn()
        client.connection.close()
        world.turn()
    assert (queue.ready_count, queue.unacked_count) == (0, 0)


def test_without_a_limit_it_may_fail_for_ever(world, queue, counting, publisher):
    counting.count_deliveries(-1)
    publisher.consume(queue)
    publish(publisher, b"a")
    for tag in range(1, 30):
        world.turn()
        publisher.send(reject_frame(tag))
    assert queue.ready_count == 1


def test_who_needs_not_acknowledge_hears_the_counts_and_leaves_none(
    world, queue, counting, publisher
):
    publish(publisher, b"a")
    publisher.channel().get(queue, False)
    publisher.send(reject_frame(1))
    publisher.messages()
    publisher.channel().get(queue, True)
    assert seen(world, publisher) == [(b"a", b"1/1")]
    assert (queue.ready_count, queue.ready_bytes, dict(counting.counts)) == (0, 0, {})


def test_counts_come_back_from_the_log_with_what_is_there(kept_world):
    log = FakeLog(kept_world.shard)
    queue, client = kept_world.kept_queue(b"q", everything=True), kept_world.connect()
    kept_world.shard.rulebook.rules_of(queue).count_deliveries(5)
    client.consume(queue)
    client.send(message(b"q", b"a") + message(b"q", b"b") + message(b"q", b"c"))
    kept_world.turn()
    client.send(ack_frame(1) + reject_frame(2) + nack_frame(3))
    kept_world.turn()
    client.send(reject_frame(4) + ack_frame(5))
    log.take()
    again = log.replayed().claim(queue.identity)
    assert dict(again.rules.counts) == {1: (2, 2)}
    assert [position for position, *_ in again.index.entries()] == [1]


# One at a time


def test_one_consumer_is_served_until_it_goes_and_then_the_next(world, queue, rules, publisher):
    rules.serve_one(True)
    one, two, three = (world.connect() for _ in range(3))
    consumers = [
        each.consume(queue, priority=rank) for each, rank in ((one, 0), (two, 1), (three, 1))
    ]
    publish(publisher, b"a", b"b")
    world.turn()
    assert [len(each.messages()) for each in (one, two, three)] == [2, 0, 0]
    two.channel().cancel(consumers[1])
    publish(publisher, b"c")
    world.turn()
    assert [len(each.messages()) for each in (one, two, three)] == [1, 0, 0]
    one.connection.close()
    world.turn()
    assert [event.body for event in three.messages()] == [b"a", b"b", b"c"]
    assert queue.consumer_count == 1


def test_who_waits_for_its_turn_may_get_credit_meanwhile(world, queue, rules, publisher):
    rules.serve_one(True)
    one, two = world.connect(), world.connect()
    first = one.consume(queue, prefetch=1)
    two.consume(queue, prefetch=1)
    two.channel().limit_consumers(5)
    publish(publisher, b"a", b"b", b"c")
    world.turn()
    assert [len(each.messages()) for each in (one, two)] == [1, 0]
    one.channel().cancel(first)
    world.turn()
    assert [event.body for event in two.messages()] == [b"b", b"c"]
