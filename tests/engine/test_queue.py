"""A queue's messages and the turns its consumers take."""

import sys

import pytest

from leveret.engine.amqp091.consumer import ChannelConsumer
from leveret.engine.buffer import COMPILED
from leveret.engine.chores import Chore
from leveret.engine.queue import Queue
from tests.engine.client import (
    Client,
    World,
    ack_frame,
    message,
    nack_frame,
    reject_frame,
)

FOR_CREDIT = 1
PAGE = 512
AT_ONCE = 16384
SLICE = 2048
MESSAGES_PER_TURN = 4096


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def queue(world) -> Queue:
    return world.queue(b"q")


def publish(world: World, count: int, first: int = 0) -> None:
    """Messages whose bodies are their numbers."""
    stream = b"".join(message(b"q", b"%d" % number) for number in range(first, first + count))
    world.connect().send(stream)


def consumers(world: World, queue: Queue, count: int, **options: object) -> list[Client]:
    """Clients with one consumer each."""
    clients = [world.connect() for _ in range(count)]
    for client in clients:
        client.consume(queue, **options)
    return clients


def numbers(client: Client) -> list[int]:
    return [int(body) for body in client.bodies()]


# Messages


def test_an_empty_queue_counts_nothing(queue):
    counts = queue.ready_count, queue.ready_bytes, queue.unacked_count
    assert (counts, queue.purge(), queue.deliver(), queue.closed) == ((0, 0, 0), 0, False, False)


def test_ready_and_unacknowledged_messages_are_counted(world, queue):
    client = world.connect()
    for size in (0, 10, 1000, 100_000):
        client.publish(b"q", bytes(size))
    assert (queue.ready_count, queue.ready_bytes, queue.unacked_count) == (4, 101_010, 0)
    for _ in range(2):
        client.channel().get(queue, False)
    assert (queue.ready_count, queue.ready_bytes, queue.unacked_count) == (2, 101_000, 2)
    client.channel().get(queue, True)
    assert (queue.ready_count, queue.ready_bytes, queue.unacked_count) == (1, 100_000, 2)
    client.send(reject_frame(2) + ack_frame(1))
    assert (queue.ready_count, queue.ready_bytes, queue.unacked_count) == (2, 100_010, 0)


@pytest.mark.parametrize("count", [1, PAGE, 3 * PAGE + 1])
def test_messages_leave_in_the_order_they_came(world, queue, count):
    publish(world, count)
    (client,) = consumers(world, queue, 1)
    world.turn()
    assert numbers(client) == list(range(count))


def test_requeued_messages_go_back_to_their_places(world, queue):
    publish(world, 6)
    client = world.connect()
    consumer = client.consume(queue, prefetch=5)
    world.turn()
    client.take()
    client.channel().cancel(consumer)
    client.send(nack_frame(4) + nack_frame(2) + ack_frame(1) + nack_frame(5))
    (reader,) = consumers(world, queue, 1)
    world.turn()
    again = [(int(event.body), event.redelivered) for event in reader.messages()]
    assert again == [(1, True), (3, True), (4, True), (5, False)]


def test_a_requeued_message_may_be_the_only_one(world, queue):
    publish(world, 1)
    client = world.connect()
    for tag in range(1, 4):
        assert client.channel().get(queue, False)
        client.send(nack_frame(tag))
    client.channel().get(queue, False)
    client.send(ack_frame(4))
    assert (queue.ready_count, queue.unacked_count, client.violations) == (0, 0, [])


def test_purging_drops_what_is_ready_and_nothing_else(world, queue):
    publish(world, 2 * PAGE)
    client = world.connect()
    client.channel().get(queue, False)
    client.channel().get(queue, False)
    client.send(nack_frame(1))
    assert queue.purge() == 2 * PAGE - 1
    assert (queue.ready_count, queue.ready_bytes, queue.unacked_count) == (0, 0, 1)
    assert world.shard.records.live_count == 1
    client.take()
    client.send(nack_frame(2))
    publish(world, 1, first=7)
    while client.channel().get(queue, True):
        pass
    assert numbers(client) == [1, 7]


def test_a_queue_that_refuses_takes_messages_again_when_there_is_room(world, queue):
    world.limit(queue, 2)
    publish(world, 3)
    client = world.connect()
    assert (client.channel().get(queue, True), queue.ready_count) == (True, 1)
    publish(world, 2, first=3)
    while client.channel().get(queue, True):
        pass
    assert numbers(client) == [0, 1, 3]


def test_only_ready_messages_fill_a_queue(world, queue):
    world.limit(queue, 1)
    publish(world, 1)
    client = world.connect()
    client.channel().get(queue, False)
    publish(world, 1, first=1)
    client.send(nack_frame(1))
    assert queue.ready_count == 2


def test_a_closed_queue_holds_nothing(world, queue):
    publish(world, 10)
    clients = consumers(world, queue, 2, prefetch=2)
    world.turn()
    world.close_queue(queue)
    assert (queue.closed, queue.ready_count, queue.unacked_count) == (True, 0, 0)
    assert (queue.consumer_count, queue.index.entries()) == (0, [])
    assert world.shard.records.live_count == 0
    for client in clients:
        client.take()
        client.send(ack_frame(0, multiple=True))
        assert not client.channel().get(queue, True)
    assert (queue.ready_count, queue.unacked_count) == (0, 0)


def test_closing_a_queue_leaves_what_other_queues_hold(world, queue):
    other = world.queue(b"q")
    publish(world, 3)
    world.close_queue(queue)
    (client,) = consumers(world, other, 1)
    world.turn()
    assert numbers(client) == [0, 1, 2]


# What takes several turns


@pytest.fixture
def busy(world) -> World:
    """What may be done at once in this turn has been done."""
    world.shard.chores.spend(AT_ONCE)
    return world


def test_a_large_purge_goes_on_over_turns_and_nothing_is_delivered_meanwhile(world, queue, busy):
    publish(world, 2 * SLICE)
    purge = world.shard.purge(queue)
    publish(world, 2, first=7)
    (client,) = consumers(world, queue, 1)
    world.shard.turn()
    assert (purge.done, numbers(client)) == (False, [])
    assert queue.ready_count == SLICE + 2
    world.turn()
    assert (purge.done, purge.count, numbers(client)) == (True, 2 * SLICE, [7, 8])
    assert (queue.ready_count, queue.ready_bytes, queue.held_count) == (0, 0, 0)


def test_what_is_unacknowledged_survives_a_purge_of_several_turns(world, queue, busy):
    publish(world, 2 * SLICE)
    client = world.connect()
    for _ in range(2):
        client.channel().get(queue, False)
    purge = world.shard.purge(queue)
    world.turn()
    client.send(nack_frame(1) + nack_frame(2))
    assert (purge.count, queue.ready_count) == (2 * SLICE - 2, 2)


def test_a_large_queue_that_closes_is_emptied_over_turns(world, queue, busy):
    publish(world, 2 * SLICE)
    world.close_queue(queue)
    assert (queue.closed, queue.ready_count) == (True, 0)
    world.shard.turn()
    assert world.shard.records.live_count == SLICE
    assert world.shard.open_queue().number != queue.number, "it is not empty yet"
    world.turn()
    assert world.shard.records.live_count == 0
    assert world.shard.open_queue().number == queue.number


def test_a_closed_queues_number_waits_for_what_leads_there(world, queue):
    bindings = Chore(lambda count: count)
    world.shard.chores.begin(bindings)
    world.shard.close_queue(queue, bindings)
    world.shard.turn()
    assert world.shard.open_queue().number != queue.number
    done = Chore(lambda count: 0)
    world.shard.chores.begin(done)
    other = world.shard.open_queue()
    world.shard.close_queue(other, done)
    assert world.shard.open_queue().number == other.number


def test_messages_of_a_queue_that_is_being_emptied_may_be_moved(world, queue, busy):
    """When little of a chunk of memory is alive that little moves, and is found where it goes."""
    other = world.queue(b"other")
    publisher = world.connect()
    for _ in range(2 * SLICE):
        publisher.send(message(b"q", b"") + message(b"other", bytes(500)))
    world.close_queue(queue)
    other.purge()
    assert world.shard.records.sparse
    world.turn()
    assert world.shard.records.live_count == 0


# Turns


def test_consumers_take_turns(world, queue):
    clients = consumers(world, queue, 3)
    publish(world, 7)
    world.turn()
    assert [numbers(client) for client in clients] == [[0, 3, 6], [1, 4], [2, 5]]
    publish(world, 2, first=7)
    world.turn()
    assert [numbers(client) for client in clients] == [[], [7], [8]]


def test_a_new_consumer_takes_its_turn_behind_the_others(world, queue):
    clients = consumers(world, queue, 2)
    publish(world, 1)
    world.turn()
    clients += consumers(world, queue, 1)
    publish(world, 3, first=1)
    world.turn()
    assert [numbers(client) for client in clients] == [[0, 3], [1], [2]]


def test_who_has_no_credit_is_passed_over_and_comes_back_to_the_round(world, queue):
    clients = consumers(world, queue, 1, prefetch=1) + consumers(world, queue, 2)
    publish(world, 5)
    world.turn()
    assert [numbers(client) for client in clients] == [[0], [1, 3], [2, 4]]
    clients[0].send(ack_frame(1))
    publish(world, 3)
    world.turn()
    assert [len(numbers(client)) for client in clients] == [1, 1, 1]


@pytest.mark.parametrize("gone", [0, 1, 2, 3])
@pytest.mark.parametrize("served", [0, 1, 2, 3])
def test_a_consumer_that_goes_makes_no_other_miss_its_turn(world, queue, gone, served):
    clients = consumers(world, queue, 4, no_ack=True)
    publish(world, served)
    world.turn()
    clients[gone].connection.close_channel(1)
    expected = [n % 4 for n in range(served, served + 4) if n % 4 != gone]
    for client in clients:
        client.take()
    order = []
    for _ in expected:
        publish(world, 1)
        world.turn()
        order += [n for n, client in enumerate(clients) if client.take()]
    assert order == expected


def test_no_consumer_is_no_hurry(world, queue):
    publish(world, 3)
    world.turn()
    assert (queue.ready_count, world.shard.pending) == (3, False)


def test_a_turn_has_a_budget_and_the_rest_waits_for_the_next(world, queue):
    publish(world, MESSAGES_PER_TURN + 10)
    consumers(world, queue, 1, no_ack=True)
    world.shard.turn()
    assert (queue.ready_count, world.shard.pending) == (10, True)
    world.shard.turn()
    assert (queue.ready_count, world.shard.pending) == (0, False)


def test_a_busy_queue_leaves_the_turn_to_others(world, queue):
    other = world.queue(b"other")
    world.connect().publish(b"other")
    publish(world, MESSAGES_PER_TURN + 10)
    consumers(world, queue, 1, no_ack=True)
    consumers(world, other, 1)
    world.shard.turn()
    assert (queue.ready_count, other.ready_count) == (10, 0)


# Many consumers


@pytest.fixture(scope="module")
def crowd() -> tuple[World, Queue, Client, list[ChannelConsumer]]:
    """A queue with 10,000 consumers, of which none has credit left; fewer where all is slow."""
    count = 10_000 if COMPILED else 1_000
    world = World()
    queue = world.queue(b"q")
    client = world.connect()
    all_of_them = [client.consume(queue, tag=b"%d" % tag, prefetch=1) for tag in range(count)]
    publish(world, count)
    client.take_turns()
    assert (queue.consumer_count, queue.unacked_count) == (count, count)
    return world, queue, client, all_of_them


@pytest.mark.slow
def test_consumers_without_credit_stand_aside(crowd):
    world, queue, client, all_of_them = crowd
    for tag in range(1, 50):
        publish(world, 1)
        world.turn()
        assert queue.ready_count == 1
        assert all(consumer.parked == FOR_CREDIT for consumer in all_of_them)
        client.send(ack_frame(tag))
        assert [c.tag for c in all_of_them if c.parked != FOR_CREDIT] == [b"%d" % (tag - 1)]
        world.turn()
        assert len(client.take()) > 0
    client.send(ack_frame(0, multiple=True))
    for consumer in all_of_them:
        client.channel().cancel(consumer)
    assert (queue.consumer_count, queue.unacked_count) == (0, 0)


@pytest.mark.skipif(COMPILED, reason="calls of compiled functions cannot be counted")
def test_the_work_for_a_message_does_not_grow_with_the_consumers_that_stand_aside():
    few, many = calls_for_a_message(2), calls_for_a_message(3000)
    assert many < few + 10 < 400  # the collector's finalizers are counted with them


def calls_for_a_message(count: int) -> int:
    """Function calls to publish, deliver and acknowledge one message to one of so many."""
    world = World()
    queue = world.queue(b"q")
    client = world.connect()
    for number in range(count):
        client.consume(queue, tag=b"%d" % number, prefetch=1)
    publish(world, count)
    client.take_turns()
    stream, calls = message(b"q", b"x") + ack_frame(1), 0

    def count_call(_frame: object, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event == "call"

    sys.setprofile(count_call)
    client.send(stream)
    world.turn()
    sys.setprofile(None)
    return calls


# Priorities


def ranks(world: World, queue: Queue, *priorities: int, prefetch: int = 1) -> list[Client]:
    clients = [world.connect() for _ in priorities]
    for client, priority in zip(clients, priorities, strict=True):
        client.consume(queue, prefetch=prefetch, priority=priority)
    return clients


@pytest.mark.parametrize("priorities", [(0, 5, -3), (-3, 0, 5), (5, 0, -3)])
def test_who_has_a_higher_priority_is_served_while_it_has_credit(world, queue, priorities):
    clients = ranks(world, queue, *priorities, prefetch=2)
    publish(world, 5)
    world.turn()
    ranked = sorted(range(3), key=priorities.__getitem__)
    served = [numbers(clients[index]) for index in ranked]
    assert served == [[4], [2, 3], [0, 1]]


def test_those_of_the_same_priority_take_turns(world, queue):
    clients = ranks(world, queue, 5, 0, 5, 0, prefetch=2)
    publish(world, 8)
    world.turn()
    assert [numbers(client) for client in clients] == [[0, 2], [4, 6], [1, 3], [5, 7]]


def test_credit_that_comes_back_takes_precedence_again(world, queue):
    high, low = ranks(world, queue, 1, 0)
    publish(world, 2)
    world.turn()
    assert (numbers(high), numbers(low)) == ([0], [1])
    low.send(ack_frame(1))
    high.send(ack_frame(1))
    publish(world, 1, first=2)
    world.turn()
    assert (numbers(high), numbers(low)) == ([2], [])


def test_a_consumer_that_goes_leaves_its_turn_to_the_next_rank(world, queue):
    high, low = ranks(world, queue, 1, 0)
    high.connection.close()
    publish(world, 1)
    world.turn()
    assert numbers(low) == [0]
