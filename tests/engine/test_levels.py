"""Queues with priorities: each message at its level, in order within it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engine.client import NOW, World, ack_frame, message, nack_frame
from tests.engine.fake_log import FakeLog
from tests.engine.slow_store import SlowStore, drain


@pytest.fixture
def world():
    world = World(journal=True)
    world.shard.agenda.set_time(NOW)
    return world


@pytest.fixture
def queue(world):
    queue = world.kept_queue(b"q")
    world.shard.rulebook.rules_of(queue).rank(9)
    return queue


@pytest.fixture
def client(world):
    return world.connect()


def ranked(body, priority, *, persistent=False):
    properties = b"\x18\0\2" if persistent else b"\x08\0"
    return message(b"q", body, properties + bytes((priority,)))


def publish(client, *messages):
    client.send(b"".join(ranked(body, priority) for body, priority in messages))


def bodies(client):
    return [event.body for event in client.messages()]


def get_all(client, queue):
    while client.channel().get(queue, True):
        pass
    return bodies(client)


def test_the_highest_comes_first_and_equals_in_the_order_they_came(queue, client):
    publish(client, (b"a", 1), (b"b", 5), (b"c", 1), (b"d", 5), (b"e", 0))
    client.publish(b"q", b"f")
    assert queue.ready_count == 6
    assert get_all(client, queue) == [b"b", b"d", b"a", b"c", b"e", b"f"]
    assert (queue.ready_count, queue.ready_bytes) == (0, 0)


def test_what_is_above_the_highest_is_as_high(queue, client):
    publish(client, (b"a", 9), (b"b", 255), (b"c", 10))
    assert get_all(client, queue) == [b"a", b"b", b"c"]


def test_a_consumer_is_served_by_priority(world, queue, client):
    consumer = client.consume(queue, prefetch=1)
    publish(client, (b"a", 0), (b"b", 3), (b"c", 7))
    world.turn()
    client.send(ack_frame(1))
    world.turn()
    publish(client, (b"d", 9))
    client.send(ack_frame(2))
    world.turn()
    assert bodies(client) == [b"c", b"b", b"d"]
    assert (consumer.unacked_count, queue.ready_count) == (1, 1)


def test_what_goes_back_goes_back_to_its_level_and_place(world, queue, client):
    client.consume(queue)
    publish(client, (b"a", 2), (b"b", 7), (b"c", 2))
    world.turn()
    bodies(client)
    client.connection.close_channel(1)
    client.open_channel(1)
    assert (queue.ready_count, queue.unacked_count) == (3, 0)
    assert get_all(client, queue) == [b"b", b"a", b"c"]


def test_levels_can_be_settled_in_any_order(world, queue, client):
    client.consume(queue)
    publish(client, *((b"%d" % number, number % 4) for number in range(20)))
    world.turn()
    for tag in (20, 3, 1, 7):
        client.send(ack_frame(tag))
    client.send(nack_frame(0, multiple=True, requeue=False))
    assert (queue.ready_count, queue.unacked_count) == (0, 0)
    assert world.shard.records.live_count == 0


def test_a_purge_drops_all_levels_and_says_how_many(world, queue, client):
    publish(client, (b"a", 1), (b"b", 5), (b"c", 0))
    assert world.shard.purge(queue).count == 3
    publish(client, (b"d", 3))
    assert get_all(client, queue) == [b"d"]


def test_a_long_purge_leaves_what_comes_meanwhile(world, queue, client):
    for _ in range(10):
        publish(client, *((b"", number % 3) for number in range(2000)))
    world.turn()
    chore = world.shard.purge(queue)
    assert not chore.done
    publish(client, (b"low", 0), (b"high", 9), (b"new", 1))
    world.turn()
    assert (chore.count, queue.ready_count) == (20_000, 3)
    assert get_all(client, queue) == [b"high", b"new", b"low"]


def test_the_first_is_dropped_be_it_the_highest(world, queue, client):
    world.shard.rulebook.rules_of(queue).limit_length(count_max=2, bytes_max=None)
    publish(client, (b"a", 1), (b"b", 5), (b"c", 0))
    world.turn()
    assert get_all(client, queue) == [b"a", b"c"]


def test_what_may_not_stay_is_offered_whatever_its_level(world, queue, client):
    world.shard.rulebook.rules_of(queue).limit_age(0)
    client.consume(queue, prefetch=2)
    publish(client, (b"a", 1), (b"b", 5), (b"c", 0))
    world.turn()
    assert bodies(client) == [b"b", b"a"]
    assert queue.ready_count == 0


def test_levels_come_back_from_the_log(world, queue, client):
    log = FakeLog(world.shard)
    plain = world.kept_queue(b"q")
    client.consume(queue, prefetch=2)
    for body, priority in ((b"a", 1), (b"b", 5), (b"c", 0), (b"d", 5), (b"e", 44)):
        client.send(ranked(body, priority, persistent=True))
    world.turn()
    client.send(ack_frame(2))
    log.take()
    replay = log.replayed()
    again, plain_again = (replay.claim(each.identity) for each in (queue, plain))
    replay.shard.rulebook.rules_of(again).rank(9)
    replay.finish()
    assert (again.ready_count, plain_again.ready_count) == (4, 5)
    levels = [position >> 48 for each in again.levels.every() for position, *_ in each.entries()]
    assert levels == [9, 5, 1, 0]
    reader = World()
    reader.shard = replay.shard
    taker = reader.connect()
    assert get_all(taker, again) == [b"e", b"d", b"a", b"c"]


def test_what_is_not_in_memory_comes_back_level_by_level(world, queue, client):
    store = SlowStore(world.shard)
    for number in range(30):
        publish(client, (b"%02d" % number + bytes(100_000), number % 3))
    world.turn()
    world.shard.store_down_to(0)
    store.answer_all()
    assert world.shard.records.stored_count > 0
    reader = world.connect()
    reader.consume(queue, no_ack=True)
    found = [int(each.body[:2]) for each in drain(store, reader)]
    assert found == sorted(range(30), key=lambda number: (-(number % 3), number))


def test_a_closed_queue_gives_everything_back(world, queue, client):
    publish(client, (b"a", 1), (b"b", 5), (b"c", 0))
    client.channel().get(queue, False)
    world.shard.close_queue(queue)
    world.turn()
    assert world.shard.records.live_count == 0


def test_a_queue_without_levels_may_get_some(world, client):
    queue = world.queue(b"q")
    publish(client, (b"a", 1), (b"b", 5))
    world.shard.rulebook.rules_of(queue).rank(9)
    publish(client, (b"c", 1))
    assert get_all(client, queue) == [b"c", b"a", b"b"]


@given(st.lists(st.one_of(st.integers(0, 9), st.none(), st.just("back")), max_size=60))
def test_any_messages_come_by_priority_and_then_by_age(steps):
    world = World()
    world.shard.agenda.set_time(NOW)
    queue, client = world.queue(b"q"), world.connect()
    world.shard.rulebook.rules_of(queue).rank(5)
    model: list[tuple[int, int]] = []
    held: list[tuple[int, tuple[int, int]]] = []
    tag = 0
    for number, step in enumerate(steps):
        if isinstance(step, int):
            publish(client, (b"%d" % number, step))
            model.append((-min(step, 5), number))
        elif step is None:
            assert client.channel().get(queue, False) == bool(model)
            if model:
                first = min(model)
                model.remove(first)
                tag += 1
                held.append((tag, first))
                assert bodies(client) == [b"%d" % first[1]]
        elif held:
            back, what = held.pop(0)
            client.send(nack_frame(back))
            model.append(what)
        assert queue.ready_count == len(model)
