"""Records on their way back: in what order, in which reads, how far ahead, and for whom."""

import pytest

from leveret.engine.errors import InvariantError
from leveret.engine.queue import Queue
from leveret.engine.reading import Reading
from tests.engine.client import Client, World, ack_frame, message, nack_frame
from tests.engine.commands import MIB
from tests.engine.slow_store import SlowStore, drain

KIB = 1024


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def store(world) -> SlowStore:
    return SlowStore(world.shard)


@pytest.fixture
def queue(world) -> Queue:
    return world.queue(b"q")


@pytest.fixture
def client(world) -> Client:
    return world.connect()


class Backlog:
    """Numbered messages, one to each of the keys in turn; all but the newest are stored."""

    def __init__(self, store: SlowStore, client: Client, *keys: bytes) -> None:
        self.store, self.client, self.keys = store, client, keys
        self.count = 0

    def add(self, size: int, count: int) -> None:
        for _ in range(count):
            key = self.keys[self.count % len(self.keys)]
            self.client.send(message(key, b"%08d" % self.count + bytes(size - 8)))
            self.count += 1

    def put_away(self) -> None:
        """What is in the chunk that is written to stays, so others come behind it."""
        filler = self.client.world.queue(b"filler")
        self.client.send(message(b"filler", bytes(100_000)) * 11)
        busy = True
        while busy:
            self.store.shard.store_down_to(0)
            busy = bool(self.store.pending)
            self.store.answer_all()
        filler.purge()


@pytest.fixture
def backlog(store, client, queue) -> Backlog:
    """A thousand messages of a kilobyte."""
    backlog = Backlog(store, client, b"q")
    backlog.add(1000, 1000)
    backlog.put_away()
    return backlog


def numbers(messages: list) -> list[int]:
    return [int(each.body[:8]) for each in messages]


def spans(store: SlowStore) -> list[tuple[int, int]]:
    return [(each.offset, each.offset + each.count) for each in store.readings]


# Getting back


def test_all_is_delivered_in_order(world, store, queue, backlog):
    reader = world.connect()
    reader.consume(queue)
    world.turn()
    assert (reader.messages(), queue.unacked_count, world.shard.pending) == ([], 0, False)
    assert numbers(drain(store, reader)) == list(range(1000))
    assert (store.kept, store.pending) == ({}, [])
    assert world.shard.recall.reading_bytes == 0


def test_what_was_redelivered_unacknowledged_or_settled_is_so_still(world, store, queue, backlog):
    first, second = world.connect(), world.connect()
    consumer = first.consume(queue, prefetch=10)
    drain(store, first)
    first.channel().cancel(consumer)
    first.send(nack_frame(3) + nack_frame(5) + ack_frame(1))
    second.consume(queue, prefetch=4)
    again = [(int(each.body[:8]), each.redelivered) for each in drain(store, second)]
    assert again == [(2, True), (4, True), (10, False), (11, False)]
    assert queue.unacked_count == 11


def test_who_asks_for_one_message_waits_until_it_is_there(world, store, queue, client, backlog):
    chore = queue.await_next()
    assert world.shard.pending
    with pytest.raises(InvariantError):
        client.channel().get(queue, True)
    world.turn()
    assert not chore.done
    store.answer()
    assert not chore.done
    assert world.shard.pending
    world.turn()
    assert chore.done
    assert queue.await_next() is None
    assert client.channel().get(queue, True)
    assert numbers(client.messages()) == [0]


@pytest.mark.parametrize("asked", [False, True])
@pytest.mark.parametrize("what", ["purge", "close"])
def test_nobody_waits_for_what_has_gone(world, store, queue, client, backlog, what, asked):
    chores = [queue.await_next(), queue.await_next()]
    if asked:
        world.turn()
    world.close_queue(queue) if what == "close" else queue.purge()
    world.turn()
    world.turn()
    if asked:
        assert [chore.done for chore in chores] == [what == "close"] * 2
        store.answer()
        world.turn()
    else:
        assert store.pending == []
    assert [chore.done for chore in chores] == [True, True]
    assert queue.await_next() is None


def test_an_empty_queue_is_not_waited_for(world, store, queue):
    assert queue.await_next() is None
    assert not world.shard.pending


def test_a_message_of_several_queues_comes_back_for_all_of_them(world, store, queue, client):
    other = world.queue(b"q")
    backlog = Backlog(store, client, b"q")
    backlog.add(1000, 50)
    backlog.put_away()
    readers = [world.connect(), world.connect()]
    readers[0].consume(queue)
    assert numbers(drain(store, readers[0])) == list(range(50))
    read = store.bytes_read
    readers[1].consume(other)
    assert numbers(drain(store, readers[1])) == list(range(50))
    assert (store.bytes_read, store.kept) == (read, {})
    assert world.shard.records.live_count == 50


def test_two_queues_that_ask_for_the_same_at_once_get_it(world, store, queue, client):
    other = world.queue(b"q")
    client.publish(b"q", bytes(2 * MIB))
    Backlog(store, client, b"q").put_away()
    client.consume(queue)
    client.consume(other, tag=b"other")
    world.turn()
    assert len(store.readings) == 1
    assert len(drain(store, client)) == 2


def test_what_others_hold_stays_where_it_is(world, store, queue, client):
    other = world.queue(b"other")
    backlog = Backlog(store, client, b"q", b"other")
    backlog.add(1000, 200)
    backlog.put_away()
    client.consume(queue)
    assert numbers(drain(store, client)) == list(range(0, 200, 2))
    (chunk,) = (each for each in world.shard.records.chunks if each and each.buffer is None)
    assert (chunk.references, other.ready_count, world.shard.records.live_count) == (100, 100, 100)


# Reads


def test_what_lies_close_together_is_read_at_once(world, store, queue, backlog):
    world.connect().consume(queue)
    world.turn()
    ((begin, end),) = spans(store)
    assert begin == 0
    assert 15 * KIB < end < 18 * KIB


def test_what_lies_far_apart_is_read_alone(world, store, queue, client):
    world.queue(b"other")
    backlog = Backlog(store, client, b"q", *[b"other"] * 49)
    backlog.add(1000, 700)
    backlog.put_away()
    client.consume(queue)
    world.turn()
    assert 10 <= len(store.readings) <= 14
    assert all(end - begin < 2 * KIB for begin, end in spans(store))
    assert numbers(drain(store, client)) == list(range(0, 700, 50))


def test_queues_that_want_neighbours_share_a_read(world, store, client):
    queues = [world.queue(b"%d" % number) for number in range(20)]
    backlog = Backlog(store, client, *[b"%d" % number for number in range(20)])
    backlog.add(1000, 200)
    backlog.put_away()
    for number, queue in enumerate(queues):
        client.consume(queue, tag=b"%d" % number)
    world.turn()
    assert len(store.readings) == 1
    assert sorted(numbers(drain(store, client))) == list(range(200))
    assert store.reads <= 2


@pytest.mark.parametrize("size", [3000, 30_000, 200_000])
def test_a_record_that_is_longer_than_its_neighbours_is_read_to_its_end(
    world, store, queue, client, size
):
    backlog = Backlog(store, client, b"q")
    backlog.add(100, 300)
    backlog.add(size, 1)
    backlog.add(100, 300)
    backlog.put_away()
    client.consume(queue)
    messages = drain(store, client)
    assert numbers(messages) == list(range(601))
    assert [len(each.body) for each in messages[299:302]] == [100, size, 100]
    assert store.kept == {}


def test_a_record_of_which_only_the_head_was_cut_off_is_read_on(world, store, queue, client):
    other = world.queue(b"other")
    backlog = Backlog(store, client, b"q", b"other")
    backlog.add(700, 2)
    for _ in range(100):
        backlog.add(10, 1)
        backlog.add(2000, 1)
    backlog.put_away()
    client.consume(other)
    client.consume(queue, tag=b"q")
    assert sorted(numbers(drain(store, client))) == list(range(202))


@pytest.mark.slow
def test_large_messages_come_back_one_after_the_other(world, store, queue, client):
    for number in range(12):
        client.publish(b"q", b"%08d" % number + bytes(8 * MIB))
    Backlog(store, client, b"q").put_away()
    assert world.shard.records.memory_bytes <= 18 * MIB
    client.consume(queue, prefetch=2)
    drained = drain(store, client)
    assert numbers(drained) == [0, 1]
    assert store.reads <= 4
    client.send(ack_frame(0, multiple=True))
    assert numbers(drain(store, client)) == [2, 3]


# Looking ahead


@pytest.mark.slow
def test_more_is_asked_for_before_it_is_needed(world, store, queue, client):
    backlog = Backlog(store, client, b"q")
    backlog.add(1000, 5000)
    backlog.put_away()
    reader = world.connect()
    reader.consume(queue, no_ack=True)
    waits, received = 0, 0
    while received < 5000:
        world.turn()
        messages = reader.messages()
        received += len(messages)
        waits += not messages
        if store.pending:
            store.answer()
    assert waits < 5


@pytest.mark.slow
def test_one_queue_alone_looks_far_ahead(world, store, queue, client):
    backlog = Backlog(store, client, b"q")
    backlog.add(1000, 5000)
    backlog.put_away()
    reader = world.connect()
    reader.consume(queue)
    assert numbers(drain(store, reader)) == list(range(5000))
    assert store.reads < 40
    assert store.bytes_read < 1.1 * 5000 * 1060


def test_many_queues_look_less_far(world, store, client):
    keys = [b"%d" % number for number in range(300)]
    queues = [world.queue(key) for key in keys]
    backlog = Backlog(store, client, *keys)
    backlog.add(10_000, 3000)
    backlog.put_away()
    world.shard.recall.ahead_bytes_max = 2 * MIB
    for key, queue in zip(keys, queues, strict=True):
        client.consume(queue, tag=key, prefetch=2)
    before = world.shard.records.live_count
    assert len(drain(store, client)) == 600
    assert 600 <= world.shard.records.live_count - before <= 300 * 5


def test_nothing_is_read_for_consumers_that_can_take_nothing(world, store, queue, backlog):
    reader = world.connect()
    reader.consume(queue, prefetch=1)
    assert len(drain(store, reader)) == 1
    assert store.bytes_read < 18 * KIB
    reads = store.reads
    drain(store, reader)
    assert store.reads == reads


def test_so_much_is_read_at_a_time_and_the_others_wait(world, store, client):
    keys = [b"%d" % number for number in range(20)]
    queues = [world.queue(key) for key in keys]
    for key in keys:
        client.publish(key, bytes(MIB * 2))
    Backlog(store, client, b"0").put_away()
    store.shard.recall.reading_bytes_max = 5 * MIB
    for key, queue in zip(keys, queues, strict=True):
        client.consume(queue, tag=key)
    world.turn()
    assert (len(store.readings), len(world.shard.recall.wanting)) == (3, 17)
    assert not world.shard.pending
    assert len(drain(store, client)) == 20


# What goes wrong


def test_a_read_that_failed_is_asked_for_again(world, store, queue, backlog):
    reader = world.connect()
    reader.consume(queue)
    for _ in range(3):
        world.turn()
        assert store.readings
        while store.pending:
            store.answer(refuse=True)
        assert world.shard.pending
    assert numbers(drain(store, reader)) == list(range(1000))


def test_a_waiter_waits_on_when_a_read_failed(world, store, queue, backlog):
    chore = queue.await_next()
    world.turn()
    store.answer(refuse=True)
    world.turn()
    assert not chore.done
    store.answer()
    world.turn()
    assert chore.done


def test_what_is_read_of_a_chunk_that_has_gone_is_nobodys(world, store, queue, client, backlog):
    reader = world.connect()
    reader.consume(queue)
    world.turn()
    queue.purge()
    assert store.kept == {}
    client.send(message(b"q", b"%08d" % 7))
    assert numbers(drain(store, reader)) == [7]
    assert world.shard.records.live_count == 1


def test_a_closed_queue_gets_nothing_back(world, store, queue, client):
    other = world.queue(b"q")
    backlog = Backlog(store, client, b"q")
    backlog.add(1000, 50)
    backlog.put_away()
    client.consume(queue)
    world.turn()
    world.close_queue(queue)
    heir = world.queue(b"heir")
    drain(store, client)
    assert (heir.ready_count, other.ready_count) == (0, 50)
    assert world.shard.records.live_count == 0


def test_a_store_that_mixes_things_up_is_a_bug(world, store, queue, backlog):
    world.connect().consume(queue)
    world.turn()
    for number in store.kept:
        store.kept[number] = bytes(len(store.kept[number]))
    with pytest.raises(InvariantError):
        store.answer()


# Space


def leave_thin_chunks(world: World, client: Client, count: int, kept: int) -> Queue:
    """So many stored chunks, in each of which a queue holds that many of a hundred records."""
    keeper, passing = world.queue(b"keep"), world.queue(b"pass")
    for _ in range(count):
        client.send((message(b"keep", bytes(10_000)) + message(b"pass", bytes(10_000))) * kept)
        client.send(message(b"pass", bytes(10_000)) * (102 - 2 * kept))
    store = world.shard.records.store
    while world.shard.records.stored_count < count - 2:
        world.shard.store_down_to(0)
        store.answer_all()
    passing.purge()
    return keeper


@pytest.mark.slow
def test_stored_chunks_with_little_that_is_wanted_are_emptied(world, store, client):
    keeper = leave_thin_chunks(world, client, 100, 5)
    records = world.shard.records
    stored, before = records.stored_bytes, keeper.ready_count
    assert stored > 90 * MIB
    store.answer_all()
    assert records.stored_bytes <= 65 * MIB
    assert (keeper.ready_count, store.pending) == (before, [])
    world.shard.store_down_to(0)
    store.answer_all()
    client.consume(keeper)
    assert len(drain(store, client)) == before
    assert records.stored_bytes == 0


@pytest.mark.slow
def test_one_chunk_is_emptied_at_a_time_and_again_if_that_failed(world, store, client):
    leave_thin_chunks(world, client, 70, 5)
    for _ in range(3):
        world.turn()
        assert len(store.readings) == 1
        assert isinstance(store.pending[0], Reading)
        store.answer(refuse=True)
        world.shard.turn()
    store.answer_all()
    assert world.shard.records.stored_bytes <= 65 * MIB


@pytest.mark.slow
def test_chunks_of_which_much_is_wanted_stay(world, store, client):
    leave_thin_chunks(world, client, 70, 40)
    store.answer_all()
    assert store.reads == 0
