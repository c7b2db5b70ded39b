"""Chunks that leave memory: which of them, when, and any commands at all while they come and go."""

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from leveret.engine.buffer import COMPILED
from leveret.engine.chunk import Chunk
from leveret.engine.queue import Queue
from tests.engine.client import Client, World, ack_frame, message, nack_frame
from tests.engine.commands import MIB, Commands, ModelQueue
from tests.engine.slow_store import SlowStore, drain

PER_CHUNK = 10
SIZE = MIB // PER_CHUNK - 200  # so many to a chunk
WRITING_MAX = 32


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


def publish_chunks(client: Client, count: int, key: bytes = b"q") -> None:
    """Fills as many chunks, and begins another."""
    client.send(message(key, bytes(SIZE)) * (PER_CHUNK * count + 1))


def chunks(world: World) -> list[Chunk]:
    return [chunk for chunk in world.shard.records.chunks if chunk is not None]


def stored(world: World) -> list[int]:
    return [chunk.number for chunk in chunks(world) if chunk.buffer is None]


def test_nothing_leaves_while_there_is_room(world, store, queue, client):
    publish_chunks(client, 3)
    world.shard.store_down_to(4 * MIB)
    assert store.pending == []
    world.shard.store_down_to(4 * MIB - 1)
    assert len(store.pending) == 1


def test_nothing_leaves_where_there_is_no_store(world, queue, client):
    publish_chunks(client, 3)
    world.shard.store_down_to(0)
    assert world.shard.records.memory_bytes == 4 * MIB


def test_the_oldest_leave_first_and_the_one_that_is_written_to_stays(world, store, queue, client):
    publish_chunks(client, 3)
    world.shard.store_down_to(2 * MIB)
    assert [writing.number for writing in store.writings] == [0, 1]
    world.shard.store_down_to(0)
    assert [writing.number for writing in store.writings] == [0, 1, 2]


def test_memory_is_free_when_the_store_has_what_it_held(world, store, queue, client):
    publish_chunks(client, 3)
    records = world.shard.records
    world.shard.store_down_to(0)
    assert (records.memory_bytes, records.stored_count, records.live_count) == (4 * MIB, 0, 31)
    while store.pending:
        store.answer(-1)
    assert (records.memory_bytes, len(records.spare)) == (4 * MIB, 3)
    assert (records.stored_count, records.live_count) == (3, 1)
    assert 2.9 * MIB < records.stored_bytes == store.bytes_written <= 3 * MIB


def test_what_is_being_written_is_not_written_twice(world, store, queue, client):
    publish_chunks(client, 5)
    for _ in range(3):
        world.shard.store_down_to(3 * MIB)
    assert len(store.pending) == 3
    store.answer_all()
    world.shard.store_down_to(3 * MIB)
    assert store.pending == []


def test_so_much_is_written_at_a_time(world, store, queue, client):
    publish_chunks(client, WRITING_MAX + 8)
    for _ in range(3):
        world.shard.store_down_to(0)
    assert len(store.pending) == WRITING_MAX
    store.answer()
    world.shard.store_down_to(0)
    assert len(store.pending) == WRITING_MAX


def test_so_many_are_looked_at_in_a_turn(world, store, client):
    """All are near: in each the next message of a queue with a consumer."""
    for number in range(40):
        key = b"%d" % number
        client.consume(world.queue(key), tag=key, prefetch=1)
        client.send(message(key, bytes(SIZE)) * PER_CHUNK)
    world.turn()
    first = [chunk.number for chunk in by_age(world)]
    world.shard.store_down_to(39 * MIB)
    assert store.pending == []
    assert [chunk.number for chunk in by_age(world)] == first[32:] + first[:32]


def by_age(world: World) -> list[Chunk]:
    found, chunk = [], world.shard.records.by_age.oldest
    while chunk is not None:
        found.append(chunk)
        chunk = chunk.newer
    return found


@pytest.mark.parametrize("waits", [True, False])
def test_what_is_next_for_a_consumer_stays(world, store, queue, client, waits):
    publish_chunks(client, 6)
    reader = world.connect()
    if waits:
        reader.consume(queue, prefetch=1)
        world.turn()
    world.shard.store_down_to(3 * MIB)
    assert [writing.number for writing in store.writings] == [int(waits) + n for n in range(4)]


def test_the_more_may_stay_the_more_is_near(world, store, queue, client):
    publish_chunks(client, 20)
    client.consume(queue, prefetch=1)
    world.turn()
    world.shard.store_down_to(16 * MIB)  # half of a quarter is near: two chunks from the head on
    assert [writing.number for writing in store.writings] == [3, 4, 5, 6, 7]


def test_what_is_near_is_for_all_queues_with_consumers(world, store, queue, client):
    for number in range(7):
        client.consume(world.queue(b"%d" % number), prefetch=1)
    publish_chunks(client, 20)
    client.consume(queue, prefetch=1)
    world.turn()
    world.shard.store_down_to(16 * MIB)
    assert [writing.number for writing in store.writings] == [1, 2, 3, 4, 5]


def test_what_is_unacknowledged_leaves_and_is_settled_all_the_same(world, store, queue, client):
    publish_chunks(client, 2)
    client.consume(queue)
    client.take_turns()
    world.shard.store_down_to(0)
    store.answer_all()
    assert (stored(world), queue.unacked_count) == ([0, 1], 21)
    client.send(ack_frame(PER_CHUNK, multiple=True))
    assert (stored(world), set(store.kept)) == ([1], {1})
    client.send(nack_frame(0, multiple=True, requeue=False))
    assert (stored(world), store.kept, queue.unacked_count, store.reads) == ([], {}, 0, 0)


def test_a_requeued_message_that_is_stored_counts_when_it_is_back(world, store, queue, client):
    publish_chunks(client, 1)
    consumer = client.consume(queue)
    client.take_turns()
    client.channel().cancel(consumer)
    world.shard.store_down_to(0)
    store.answer_all()
    client.send(nack_frame(0, multiple=True))
    assert (queue.ready_count, queue.ready_bytes) == (PER_CHUNK + 1, SIZE)
    consumer = client.consume(queue, prefetch=1)
    assert [event.redelivered for event in drain(store, client)] == [True]
    client.channel().cancel(consumer)
    client.send(nack_frame(PER_CHUNK + 2))
    assert (queue.ready_count, queue.ready_bytes) == (PER_CHUNK + 1, 2 * SIZE)


def test_purging_and_closing_free_what_is_stored(world, store, queue, client):
    other = world.queue(b"q")
    publish_chunks(client, 2)
    client.channel().get(queue, False)
    world.shard.store_down_to(0)
    store.answer_all()
    assert queue.purge() == 2 * PER_CHUNK
    assert stored(world) == [0, 1]
    world.close_queue(other)
    assert stored(world) == [0]
    world.close_queue(queue)
    assert (stored(world), store.kept, store.reads) == ([], {}, 0)
    assert world.shard.records.stored_bytes == 0


def test_a_store_that_takes_nothing_leaves_all_as_it_is(world, store, queue, client):
    publish_chunks(client, 3)
    store.full = True
    world.shard.store_down_to(0)
    assert (store.pending, stored(world)) == ([], [])
    store.full = False
    world.shard.store_down_to(0)
    assert [writing.number for writing in store.writings] == [0, 1, 2]


def test_a_chunk_that_could_not_be_written_stays_and_is_tried_again(world, store, queue, client):
    publish_chunks(client, 2)
    world.shard.store_down_to(0)
    store.answer(refuse=True)
    store.answer(refuse=True)
    assert (stored(world), world.shard.spill.writing_bytes) == ([], 0)
    world.shard.store_down_to(0)
    store.answer_all()
    assert stored(world) == [0, 1]
    client.consume(queue)
    assert len(drain(store, client)) == 21


@pytest.mark.parametrize("refuse", [True, False])
def test_what_dies_while_it_is_written_leaves_nothing(world, store, queue, client, refuse):
    publish_chunks(client, 2)
    world.shard.store_down_to(0)
    queue.purge()
    assert len(chunks(world)) == 3
    store.answer(refuse=refuse)
    store.answer(refuse=refuse)
    assert (len(chunks(world)), store.kept) == (1, {})
    assert world.shard.records.live_count == 0


@pytest.mark.parametrize("refuse", [True, False])
def test_of_what_has_become_little_while_it_was_written_the_rest_stays(
    world, store, queue, client, refuse
):
    publish_chunks(client, 2)
    for _ in range(PER_CHUNK - 3):
        client.channel().get(queue, True)
    world.shard.store_down_to(0)
    client.channel().get(queue, True)
    store.answer(refuse=refuse)
    assert (store.kept, [chunk.number for chunk in world.shard.records.sparse]) == ({}, [0])
    world.turn()
    assert (world.shard.records.sparse, queue.ready_count) == ([], PER_CHUNK + 3)


def test_a_chunk_that_waits_to_be_emptied_does_not_leave(world, store, queue, client):
    publish_chunks(client, 2)
    for _ in range(PER_CHUNK - 1):
        client.channel().get(queue, True)
    world.shard.store_down_to(0)
    assert [writing.number for writing in store.writings] == [1]
    world.turn()
    store.answer_all()
    assert queue.purge() == PER_CHUNK + 2
    assert store.kept == {}


def test_a_large_message_leaves_alone(world, store, queue, client):
    client.publish(b"q", bytes(MIB - 1000))
    client.publish(b"q", b"large" * MIB)
    world.shard.store_down_to(2 * MIB)
    assert [writing.count > 5 * MIB for writing in store.writings] == [True]
    store.answer_all()
    assert world.shard.records.memory_bytes == MIB
    client.consume(queue)
    assert [event.body[:5] for event in drain(store, client)] == [bytes(5), b"large"]
    assert (len(store.kept), store.reads, world.shard.records.stored_bytes) == (0, 1, 0)


class SpilledCommands(Commands):
    """As without a store: each message is delivered once, in order; a get has to wait at most."""

    def __init__(self) -> None:
        super().__init__()
        self.store = SlowStore(self.world.shard)
        for number in (1, 4):  # nobody takes much from the start
            for consumer in self.channels[number].consumers.values():
                self.client.channel(number).cancel(consumer.engine)
            self.channels[number].consumers.clear()

    @precondition(lambda self: self.live_bytes() < 12 * MIB)
    @rule(
        key=st.sampled_from([b"0", b"1", b"2", b"3", b"even", b"all"]),
        size=st.sampled_from([1000, 20_000, 100_000, 180_000, 400_000]),
        fill=st.booleans(),
    )
    def pile_up(self, key: bytes, size: int, fill: bool) -> None:
        """More than one chunk can hold, and away with it."""
        stream = b""
        for _ in range(min(60, 2_500_000 // size)):
            stream += self.published(key, 2, size)
            if fill:
                stream += self.published(b"3", 2, 200)
        self.client.send(stream)
        self.take_in()
        self.store_down_to(0)

    @precondition(lambda self: any(chunk.buffer is None for chunk in self.chunks()))
    @rule(queue=st.integers(0, 3), prefetch=st.sampled_from([2, 7, 0]), share=st.floats(0, 1))
    def come_late(self, queue: int, prefetch: int, share: float) -> None:
        """A consumer, and some of what it takes to serve it."""
        self.consume(queue, 1 + queue, prefetch=prefetch, no_ack=False)
        for _ in range(10):
            self.send(1.0)
            self.turn(1)
            if self.store.pending:
                self.store.answer(int(share * (len(self.store.pending) - 1)))

    @rule(megabytes=st.sampled_from([0, 0, 0, 1, 3]))
    def store_down_to(self, megabytes: int) -> None:
        self.world.shard.store_down_to(megabytes * MIB)

    @rule(full=st.sampled_from([False, False, False, True]))
    def fill_disk(self, full: bool) -> None:
        self.store.full = full

    @precondition(lambda self: self.store.pending)
    @rule(data=st.data(), count=st.integers(1, 6), refuse=st.sampled_from([False] * 5 + [True]))
    def answer(self, data: st.DataObject, count: int, refuse: bool) -> None:
        for _ in range(min(count, len(self.store.pending))):
            which = data.draw(st.integers(0, len(self.store.pending) - 1))
            self.store.answer(which, refuse=refuse)
        self.turn(data.draw(st.sampled_from([0, 1, 1000])))

    @precondition(lambda self: self.store.pending)
    @rule()
    def answer_everything(self) -> None:
        while self.store.pending:
            self.store.answer(-1)
        self.turn(1000)

    def wait_for_next(self, queue: ModelQueue) -> None:
        while (chore := queue.engine.await_next()) is not None:
            while not chore.done:
                self.turn(1)
                if self.store.pending:
                    self.store.answer()
        self.conclude(self.look())

    def is_coming(self, queue: ModelQueue) -> bool:
        return queue.engine.readings > 0

    @invariant()
    def the_store_has_what_is_not_in_memory(self) -> None:
        stored = [chunk for chunk in self.chunks() if chunk.buffer is None]
        assert {chunk.number for chunk in stored} == set(self.store.kept)
        records = self.world.shard.records
        assert records.stored_count == len(stored)
        assert records.stored_bytes == sum(map(len, self.store.kept.values()))

    @invariant()
    def what_is_under_way_is_counted(self) -> None:
        spill, recall = self.world.shard.spill, self.world.shard.recall
        assert spill.writing_count == len(self.store.writings)
        assert recall.reading_count == len(self.store.readings)
        assert recall.reading_bytes == sum(each.buffer.size for each in self.store.readings)

    def teardown(self) -> None:
        self.turn(1000)
        while self.store.pending:
            self.store.answer()
            self.turn(1000)
        super().teardown()
        self.store.answer_all()
        assert (self.store.kept, self.store.pending) == ({}, [])
        assert self.world.shard.recall.wanting == []


TestSpilledCommands: Any = SpilledCommands.TestCase
TestSpilledCommands.settings = settings(
    max_examples=settings().max_examples // (4 if COMPILED else 10), stateful_step_count=60
)
