"""What the log has leaves memory and comes back, and any commands at all while it does."""

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from leveret.engine.buffer import COMPILED
from leveret.engine.queue import Queue
from tests.engine.client import Client, World, ack_frame, nack_frame
from tests.engine.commands import Commands, ModelQueue
from tests.engine.fake_log import FakeLog
from tests.engine.log_chunks import (
    GUESTS,
    MIB,
    OF_LOG,
    PER_CHUNK,
    PERSISTENT,
    SIZE,
    away,
    chunks,
    evict,
    numbers,
    publish,
)
from tests.engine.slow_reader import SlowReader
from tests.engine.slow_store import SlowStore, drain


@pytest.fixture
def world() -> World:
    return World(journal=True)


@pytest.fixture
def log(world) -> FakeLog:
    return FakeLog(world.shard)


@pytest.fixture
def reader(world, log) -> SlowReader:
    return SlowReader(world.shard, log)


@pytest.fixture
def queue(world) -> Queue:
    return world.kept_queue(b"q")


@pytest.fixture
def client(world) -> Client:
    return world.connect()


def test_nothing_leaves_before_it_is_durable(world, log, reader, queue, client):
    publish(client, 3 * PER_CHUNK)
    log.take()
    evict(world)
    assert away(world) == 0
    world.shard.became_durable(world.shard.journal.newest())
    evict(world)
    assert away(world) == 2  # the third is written to


def test_nothing_leaves_where_there_is_nothing_to_read_it_with(world, log, queue, client):
    publish(client, 3 * PER_CHUNK)
    log.sync()
    evict(world)
    assert away(world) == 0


def test_so_much_stays_and_the_oldest_leave_first(world, log, reader, queue, client):
    publish(client, 6 * PER_CHUNK)
    log.sync()
    world.shard.guests.log_bytes_max = 2 * MIB
    world.turn()
    world.shard.turn()
    assert [chunk.buffer is None for chunk in chunks(world, OF_LOG)] == [
        *(True, True, True),
        *(False, False, False),
    ]
    assert world.shard.records.log_bytes == 2 * MIB


def test_what_left_is_delivered_in_order_and_settled_in_the_log(world, log, reader, queue, client):
    publish(client, 4 * PER_CHUNK)
    log.sync()
    evict(world)
    client.consume(queue, prefetch=7)
    messages = []
    while queue.ready_count or queue.unacked_count:
        sent = drain(reader, client)
        messages += sent
        client.send(ack_frame(sent[-1].delivery_tag, multiple=True))
    assert numbers(messages) == list(range(4 * PER_CHUNK))
    assert not any(each.redelivered for each in messages)
    log.sync()
    assert log.replayed().claim(queue.identity).ready_count == 0
    assert [chunk.references for chunk in chunks(world, OF_LOG)] == [0]
    assert world.shard.records.live_count == 0


def test_what_is_settled_without_its_record_is_settled_in_the_log(
    world, log, reader, queue, client
):
    publish(client, 3 * PER_CHUNK)
    log.sync()
    client.consume(queue, prefetch=PER_CHUNK + 3)
    sent = drain(reader, client)
    evict(world)
    client.send(ack_frame(sent[-1].delivery_tag - 1, multiple=True))
    log.sync()
    again = log.replayed().claim(queue.identity)
    assert again.ready_count == 3 * PER_CHUNK - len(sent) + 1
    assert world.shard.journal.order.first_needed() == 2
    assert next(chunk.references for chunk in chunks(world, OF_LOG)) > 0


def test_guests_go_home_and_come_again(world, log, reader, queue, client):
    publish(client, 3 * PER_CHUNK)
    log.sync()
    evict(world)
    client.consume(queue, prefetch=2)
    first = drain(reader, client)
    assert numbers(first) == [0, 1]
    assert chunks(world, GUESTS)
    world.shard.guests.send_all_home()
    assert (chunks(world, GUESTS), world.shard.records.live_count) == ([], 0)
    client.send(nack_frame(first[1].delivery_tag))
    again = drain(reader, client)
    assert (numbers(again), [each.redelivered for each in again]) == ([1], [True])
    client.send(ack_frame(first[0].delivery_tag) + ack_frame(again[0].delivery_tag))
    assert numbers(drain(reader, client)) == [2, 3]


def test_guests_of_a_queue_that_is_deleted_go(world, log, reader, queue, client):
    publish(client, 3 * PER_CHUNK)
    log.sync()
    evict(world)
    client.consume(queue, prefetch=1)
    drain(reader, client)
    world.shard.close_queue(queue)
    world.shard.guests.send_all_home()
    world.turn()
    log.sync()
    assert [chunk.references for chunk in chunks(world, OF_LOG)] == [0]
    assert world.shard.records.live_count == 0


def test_a_message_of_two_queues_is_a_guest_of_those_who_want_it(world, log, reader, queue, client):
    other = world.kept_queue(b"q")
    publish(client, 2 * PER_CHUNK)
    log.sync()
    evict(world)
    client.consume(queue, no_ack=True)
    assert numbers(drain(reader, client)) == list(range(2 * PER_CHUNK))
    assert (other.ready_count, world.shard.records.live_count) == (2 * PER_CHUNK, 0)
    client.consume(other, no_ack=True)
    assert numbers(drain(reader, client)) == list(range(2 * PER_CHUNK))
    log.sync()
    replay = log.replayed()
    assert [replay.claim(each.identity).ready_count for each in (queue, other)] == [0, 0]


def test_a_large_message_comes_back_where_it_was(world, log, reader, queue, client):
    client.publish(b"q", b"0:" + bytes(3 * MIB), PERSISTENT)
    publish(client, PER_CHUNK)
    log.sync()
    evict(world)
    assert away(world) == 1
    client.consume(queue, prefetch=1)
    assert [len(each.body) for each in drain(reader, client)] == [3 * MIB + 2]
    assert (away(world), chunks(world, GUESTS), reader.reads) == (0, [], 1)
    client.send(ack_frame(1))
    assert len(chunks(world, OF_LOG)) == 1


def test_batches_that_lie_apart_in_the_log_are_read_apart(world, log, reader, queue, client):
    for number in range(3):
        client.publish(b"q", b"%d:" % number + bytes(1000), PERSISTENT)
        log.sync()
        log.content += bytes(48 + number)  # of the log's own
    publish(client, PER_CHUNK, size=SIZE + 400)
    log.sync()
    evict(world)
    (chunk, *_) = chunks(world, OF_LOG)
    assert [offset for offset, _ in chunk.places] == [0, 1112, 2224, 3336]
    client.consume(queue, no_ack=True)
    assert numbers(drain(reader, client)) == [0, 1, 2, *range(PER_CHUNK)]


def test_a_read_that_failed_is_asked_for_again(world, log, reader, queue, client):
    publish(client, 2 * PER_CHUNK)
    log.sync()
    evict(world)
    client.consume(queue, no_ack=True)
    world.shard.turn()
    reader.answer(refuse=True)
    assert numbers(drain(reader, client)) == list(range(2 * PER_CHUNK))


def test_what_is_about_to_be_delivered_stays(world, log, reader, queue, client):
    publish(client, 20 * PER_CHUNK)
    log.sync()
    client.consume(queue, prefetch=1)
    drain(reader, client)
    world.shard.guests.log_bytes_max = 16 * MIB  # half of a quarter is near
    world.shard.evict()
    here = [chunk.buffer is not None for chunk in chunks(world, OF_LOG)]
    assert (here[:2], here[4], sum(here)) == ([True, True], False, 17)


def test_guests_are_no_more_than_may_be_but_those_that_are_near(world, log, reader, client):
    keys = [b"%d" % number for number in range(4)]
    for key in keys:
        world.kept_queue(key)
    for _ in range(4 * PER_CHUNK):
        for key in keys:
            publish(client, 1, key)
    log.sync()
    evict(world)
    for key in keys:
        client.consume(world.bound[key][0], prefetch=PER_CHUNK)
    drain(reader, client)
    full = world.shard.records.guest_bytes
    world.shard.guests.guest_bytes_max = 2 * MIB
    world.shard.evict()
    assert full >= 3 * MIB
    assert world.shard.records.guest_bytes < full


def test_near_or_not_no_more_than_twice_as_much_stays(world, log, reader, client):
    """Each chunk has something that is next for one of the queues."""
    keys = [b"%d" % number for number in range(30)]
    for key in keys:
        queue = world.kept_queue(key)
        client.consume(queue, prefetch=1)
        publish(client, PER_CHUNK, key)
        log.sync()
    drain(reader, client)
    guests = world.shard.guests
    assert world.shard.records.log_bytes > 20 * MIB
    guests.log_bytes_max = 8 * MIB
    world.shard.evict()
    assert 8 * MIB < world.shard.records.log_bytes <= 16 * MIB
    evict(world)
    guests.guest_bytes_max = MIB
    for key in keys:
        client.consume(world.bound[key][0], prefetch=1)
    drain(reader, client)
    world.shard.evict()
    assert world.shard.records.guest_bytes <= 2 * MIB
    assert sum(world.bound[key][0].ready_count for key in keys) == 30 * PER_CHUNK - 60


def test_where_many_drain_what_stands_between_is_read_along(world, log, reader, client):
    keys = [b"%d" % number for number in range(40)]
    for key in keys:
        world.kept_queue(key)
    for number in range(100):
        for key in keys:
            client.publish(key, b"%d:" % number + bytes(1000), PERSISTENT)
    log.sync()
    evict(world)
    for key in keys:
        client.consume(world.bound[key][0], no_ack=True)
    messages = drain(reader, client)
    assert len(messages) == 4000
    assert reader.reads < 400
    for key in keys:
        assert numbers([each for each in messages if each.routing_key == key]) == list(range(100))


def test_where_one_of_many_drains_little_is_read_along(world, log, reader, client):
    keys = [b"%d" % number for number in range(40)]
    for key in keys:
        world.kept_queue(key)
    for number in range(500):
        for key in keys:
            client.publish(key, b"%d:" % number + bytes(1000), PERSISTENT)
    log.sync()
    evict(world)
    client.consume(world.bound[b"7"][0], no_ack=True)
    assert numbers(drain(reader, client)) == list(range(500))
    assert reader.bytes_read < 5_000_000


def test_so_many_are_looked_at_in_a_turn(world, log, reader, queue, client):
    for _ in range(8):
        publish(client, 10 * PER_CHUNK)
        log.sync()
    world.shard.guests.log_bytes_max = 0
    world.shard.evict()
    assert away(world) == 64


def test_recovery_leaves_no_more_in_memory_than_may_stay(world, log, queue, client):
    publish(client, 40 * PER_CHUNK)
    log.sync()
    replay = log.replayed(log_bytes_max=4 * MIB)
    again = replay.claim(queue.identity)
    assert again.ready_count == 40 * PER_CHUNK
    assert replay.shard.records.memory_bytes < 8 * MIB
    reader = SlowReader(replay.shard, log)
    other = World(shard=replay.shard).connect()
    other.consume(again, no_ack=True)
    assert numbers(drain(reader, other)) == list(range(40 * PER_CHUNK))


class LoggedCommands(Commands):
    """As without a log: each message is delivered once, in order, and none of it stays."""

    def __init__(self) -> None:
        super().__init__()
        for number in (1, 4):  # nobody takes much from the start
            for consumer in self.channels[number].consumers.values():
                self.client.channel(number).cancel(consumer.engine)
            self.channels[number].consumers.clear()

    def make_world(self) -> World:
        self.is_copying = False
        world = World(journal=True)
        self.log = FakeLog(world.shard)
        self.reader = SlowReader(world.shard, self.log)
        self.store = SlowStore(world.shard)
        world.shard.guests.log_bytes_max = 2 * MIB
        world.shard.guests.guest_bytes_max = 2 * MIB
        return world

    def open_queue(self, key: bytes) -> ModelQueue:
        model = super().open_queue(key)
        if key != b"3":  # which is transient, and shares what is published to all
            self.world.shard.keep_queue(model.engine, everything=True)
        return model

    @rule(turns=st.sampled_from([1, 2, 1000]))
    def turn(self, turns: int) -> None:
        self.log.sync()
        super().turn(turns)

    @precondition(lambda self: self.live_bytes() < 12 * MIB)
    @rule(
        key=st.sampled_from([b"0", b"1", b"2", b"even", b"all"]),
        size=st.sampled_from([1000, 20_000, 100_000, 180_000, 400_000, 1_100_000]),
    )
    def pile_up(self, key: bytes, size: int) -> None:
        """More than one chunk can hold, and away with it."""
        stream = b""
        for _ in range(min(60, 2_500_000 // size)):
            stream += self.published(key, 2, size)
        self.client.send(stream)
        self.take_in()
        self.log.content += bytes(48)
        self.log.sync()
        self.evict()

    @rule()
    def evict(self) -> None:
        evict(self.world)

    @rule(queue=st.integers(0, 2), prefetch=st.sampled_from([2, 7, 0]), share=st.floats(0, 1))
    def come_late(self, queue: int, prefetch: int, share: float) -> None:
        """A consumer, and some of what it takes to serve it."""
        self.consume(queue, 1 + queue, prefetch=prefetch, no_ack=False)
        for _ in range(10):
            self.send(1.0)
            self.turn(1)
            if self.reader.pending:
                self.reader.answer(int(share * (len(self.reader.pending) - 1)))

    @precondition(lambda self: self.reader.pending)
    @rule(data=st.data(), count=st.integers(1, 6), refuse=st.sampled_from([False] * 5 + [True]))
    def answer(self, data: st.DataObject, count: int, refuse: bool) -> None:
        for _ in range(min(count, len(self.reader.pending))):
            which = data.draw(st.integers(0, len(self.reader.pending) - 1))
            self.reader.answer(which, refuse=refuse)
        self.turn(data.draw(st.sampled_from([0, 1, 1000])))

    @rule()
    def send_guests_home(self) -> None:
        self.world.shard.guests.send_all_home()

    @rule(stream=st.sampled_from(["journal", "forward"]), chunks=st.integers(1, 4))
    def gather(self, stream: str, chunks: int) -> None:
        """What lives in the oldest chunks."""
        forward, last = self.world.shard.forward, 0
        if forward.has_some or forward.is_reading:
            return
        for _ in range(chunks):
            chunk = getattr(self.world.shard, stream).order.next_behind(last)
            if chunk is None or forward.is_reading:
                break
            last = chunk.first_batch
            forward.gather_from(chunk)

    @rule()
    def copy(self) -> None:
        if self.is_copying:
            self.world.shard.forward.copied()
            self.is_copying = False
        elif not self.world.shard.forward.is_reading:
            self.is_copying = self.log.copy()

    @rule(stream=st.sampled_from(["journal", "forward"]), count=st.integers(1, 8))
    def copy_all(self, stream: str, count: int) -> None:
        """As a server does it that has nothing else to do."""
        self.finish_copying()
        self.gather(stream, count)
        self.finish_copying()
        self.world.shard.forward.rest()
        self.log.trim()

    def finish_copying(self) -> None:
        while self.world.shard.forward.has_some or self.world.shard.forward.is_reading:
            if self.reader.pending:
                self.reader.answer()
            else:
                self.copy()

    @rule()
    def forget_the_beginning(self) -> None:
        self.log.trim()

    @rule()
    def start_again(self) -> None:
        """What a broker would have that started now."""
        self.log.take()
        replay = self.log.replayed()
        for queue in self.queues:
            if queue.engine.keeps:
                again = replay.claim(queue.engine.identity)
                assert [place for place, _, _ in again.index.entries()] == list(queue.entries)
                assert again.ready_count == len(queue.entries)
        replay.finish()

    def wait_for_next(self, queue: ModelQueue) -> None:
        while (chore := queue.engine.await_next()) is not None:
            while not chore.done:
                self.turn(1)
                if self.reader.pending:
                    self.reader.answer()
        self.conclude(self.look())

    def is_coming(self, queue: ModelQueue) -> bool:
        return queue.engine.readings > 0

    @invariant()
    def a_message_is_stored_once_and_while_a_queue_holds_it(self) -> None:
        """Or it is in the log, and may have guests, which count there."""
        records = self.world.shard.records
        references: dict[int, int] = {}  # chunk: index entries that lead there
        live: set[int] = set()
        for queue in self.queues:
            for _, _, location in queue.engine.index.entries():
                chunk = records.chunks[location >> 24]
                if chunk.kind != OF_LOG:
                    live.add(location)
                if chunk.kind == GUESTS:
                    at = location & 0xFFFFFF
                    length = int.from_bytes(chunk.buffer.bytes_at(at, 4))
                    location = int.from_bytes(chunk.buffer.bytes_at(at + length - 8, 8))
                    assert records.chunks[location >> 24].kind == OF_LOG
                references[location >> 24] = references.get(location >> 24, 0) + 1
        assert records.live_count == len(live)
        for chunk in self.chunks():
            if chunk.kind == OF_LOG:
                assert chunk.references == references.get(chunk.number, 0)

    def teardown(self) -> None:
        self.turn(1000)
        while self.reader.pending:
            self.reader.answer()
            self.turn(1000)
        self.finish_copying()
        self.world.shard.forward.rest()
        for queue in self.queues:
            queue.engine.purge()
            queue.entries = {
                place: entry for place, entry in queue.entries.items() if entry.state & 7 == 2
            }
        self.log.sync()
        self.world.shard.guests.send_all_home()
        records = self.world.shard.records
        assert len(self.chunks()) <= 4 + len(self.held_chunks())
        assert records.live_count == 0 or self.held_chunks()

    def held_chunks(self) -> set[int]:
        return {
            location >> 24
            for queue in self.queues
            for _, _, location in queue.engine.index.entries()
        }


TestLoggedCommands: Any = LoggedCommands.TestCase
TestLoggedCommands.settings = settings(
    max_examples=settings().max_examples // (4 if COMPILED else 10), stateful_step_count=60
)
