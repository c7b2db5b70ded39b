"""What is read back from the log is what its writer had."""

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from leveret.engine.buffer import Buffer
from leveret.engine.errors import InvariantError, ReplayError
from leveret.engine.queue import Queue
from leveret.engine.replay import Replay
from leveret.engine.shard import Shard
from tests.engine.client import Client, World, ack_frame, message, nack_frame
from tests.engine.fake_log import COPIES, FakeLog

PERSISTENT = b"\x10\x00\x02"
OF_LOG = 1
HEAD = bytes(48)
READY, UNACKED, REDELIVERED = 1, 2, 8
# More than the records of one rule take: only what is published overflows a batch.
ROOM = 1 << 16


@pytest.fixture
def world() -> World:
    return World(journal=True)


@pytest.fixture
def client(world: World) -> Client:
    return world.connect()


@pytest.fixture
def log(world: World) -> FakeLog:
    return FakeLog(world.shard)


def contents(shard: Shard, queue: Queue) -> list[tuple[int, int, bytes]]:
    """Position, flags and record of all that is in a queue."""
    found = []
    for position, state, location in queue.index.entries():
        buffer = shard.records.chunks[location >> 24].buffer
        at = location & 0xFFFFFF
        length = int.from_bytes(buffer.bytes_at(at, 4), "big")
        found.append((position, state & REDELIVERED, buffer.bytes_at(at + 8, length - 8)))
    return found


def kept_entries(world: World, queue: Queue) -> list[tuple[int, int, int]]:
    chunks = world.shard.records.chunks
    return [entry for entry in queue.index.entries() if chunks[entry[2] >> 24].kind == OF_LOG]


def kept(world: World, queue: Queue) -> list[tuple[int, int, bytes]]:
    """The same of what the log keeps; all messages are as if never delivered."""
    logged = {position for position, _, _ in kept_entries(world, queue)}
    return [
        (position, 0, record)
        for position, _, record in contents(world.shard, queue)
        if position in logged
    ]


def test_messages_come_back_at_their_positions(world, client, log):
    queue = world.kept_queue(b"k")
    for number in range(5):
        client.publish(b"k", bytes((number,)), PERSISTENT)
        client.publish(b"k", b"forgotten")
    log.take()
    replay = log.replayed()
    again = replay.claim(queue.identity)
    assert [position for position, _, _ in contents(replay.shard, again)] == [0, 2, 4, 6, 8]
    assert (again.ready_count, again.ready_bytes, again.index.next_position) == (5, 5, 9)
    assert (again.number, again.identity) == (queue.number, queue.identity)


def test_what_was_settled_does_not_come_back(world, client, log):
    queue = world.kept_queue(b"k")
    client.consume(queue)
    client.send(message(b"k", b"x", PERSISTENT) * 6)
    world.turn()
    client.send(ack_frame(2, multiple=True) + nack_frame(5, requeue=False) + nack_frame(6))
    log.take()
    again = log.replayed().claim(queue.identity)
    assert [position for position, _, _ in again.index.entries()] == [2, 3, 5]
    assert again.ready_count == 3


def test_a_purge_and_a_deletion_come_back(world, client, log):
    purged, deleted = world.kept_queue(b"k"), world.kept_queue(b"k")
    client.send(message(b"k", b"x", PERSISTENT) * 3)
    log.take()
    purged.purge()
    world.close_queue(deleted)
    log.take()
    replay = log.replayed()
    assert replay.claim(purged.identity).ready_count == 0
    assert [queue.identity for queue in replay.shard.queues if queue] == [purged.identity]


def test_a_deleted_queue_whose_number_is_used_again_stays_deleted(world, client, log):
    first = world.kept_queue(b"k")
    client.publish(b"k", b"old", PERSISTENT)
    world.close_queue(first)
    second = world.kept_queue(b"k")
    client.publish(b"k", b"new", PERSISTENT)
    log.take()
    assert (first.number, first.identity != second.identity) == (second.number, True)
    replay = log.replayed()
    again = replay.claim(second.identity)
    ((_, _, record),) = contents(replay.shard, again)
    assert b"new" in record


def test_a_queue_that_was_dropped_with_very_many_messages_leaves_its_number(world, client, log):
    for _ in range(2):
        queue = world.kept_queue(b"k")
        client.send(message(b"k", b"", PERSISTENT) * 20_000)
        world.close_queue(queue)
        world.turn()
    last = world.kept_queue(b"k")
    log.take()
    replay = log.replayed()
    replay.claim(last.identity)
    replay.finish()
    assert not replay.shard.pending
    numbers = {replay.shard.open_queue().number for _ in range(5)}
    assert len(numbers | {last.number}) == 6


def test_what_names_a_dropped_queue_afterwards_is_not_listened_to(world, client, log):
    """A log may move what lives behind a DROP: here the message that another queue has, too."""
    dropped, other = world.kept_queue(b"k"), world.kept_queue(b"k")
    client.consume(dropped, no_ack=True)
    client.publish(b"k", b"x", PERSISTENT)
    log.take()
    world.turn()
    log.take()
    world.close_queue(dropped)
    log.take()
    published, settled, gone = (batch for _, batch in log.batches)
    log.batches = list(enumerate((gone, published, settled, gone), 1))
    replay = log.replayed()
    assert replay.claim(other.identity).ready_count == 1
    assert [queue and queue.identity for queue in replay.shard.queues] == [None, other.identity]
    with pytest.raises(ReplayError, match=f"queue {dropped.identity:x} was dropped, and is there"):
        replay.claim(dropped.identity)


@pytest.mark.parametrize("order", [(0, 1), (1, 0), (0, 1, 0), (1, 0, 1)])
def test_of_two_queues_with_one_number_the_older_was_dropped(world, client, log, order):
    """A log may have forgotten the DROP, because nothing but a moved message names the queue."""
    queues = []
    for _ in range(2):
        queue = world.kept_queue(b"k")
        queues.append(queue)
        client.publish(b"k", b"", PERSISTENT)
        log.take()
        world.close_queue(queue)
        log.take()
    batches = [log.batches[0][1], log.batches[2][1]]
    purge = HEAD + bytes.fromhex(
        f"00000020 02000000 {queues[1].identity:016x} 0000000000000000 0000000000000000"
    )
    log.batches = [
        (number, batches[which] if number <= 2 or which == 0 else purge)
        for number, which in enumerate(order, 1)
    ]
    replay = log.replayed()
    assert replay.claim(queues[1].identity).ready_count == (order != (1, 0, 1))
    assert len([queue for queue in replay.shard.queues if queue is not None]) == 1


def test_the_newest_definition_of_a_key_counts(world, log):
    for key, value in [(b"a", b"1"), (b"b", b"2"), (b"a", b"3"), (b"b", None), (b"c", b"")]:
        world.shard.journal.define(key, value)
    log.take()
    assert log.replayed().definitions == {b"a": b"3", b"c": b""}


def test_queues_that_nobody_claims_are_dropped(world, client, log):
    queues = [world.kept_queue(b"k") for _ in range(3)]
    client.publish(b"k", b"x", PERSISTENT)
    log.take()
    replay = log.replayed()
    replay.claim(queues[1].identity)
    assert replay.finish() == 2
    assert not replay.shard.chores.waiting
    assert {replay.shard.open_queue().number for _ in range(2)} == {0, 2}
    assert replay.shard.journal.pending


def test_a_new_queue_never_has_the_identity_of_an_old_one(world, client, log):
    world.close_queue(world.kept_queue(b"k"))
    queue = world.kept_queue(b"k")
    log.take()
    replay = log.replayed()
    replay.claim(queue.identity)
    replay.finish()
    new = replay.shard.open_queue()
    replay.shard.keep_queue(new, everything=False)
    assert new.identity > queue.identity


def test_after_an_unclean_end_everything_may_have_been_delivered(world, client, log):
    queue = world.kept_queue(b"k")
    client.publish(b"k", b"x", PERSISTENT)
    log.take()
    again = log.replayed(redelivered=True).claim(queue.identity)
    assert again.index.entries()[0][1] == READY | REDELIVERED


def test_where_a_repair_has_left_gaps_those_before_them_may_have_been_delivered_too(
    world, client, log
):
    queue = world.kept_queue(b"k")
    client.publish(b"k", b"x", PERSISTENT)
    log.take()
    replay = log.replayed()
    replay.doubt()
    assert replay.claim(queue.identity).index.entries()[0][1] == READY | REDELIVERED


def test_after_a_clean_end_only_what_was_delivered(world, client, log):
    queue = world.kept_queue(b"k")
    client.consume(queue, prefetch=2)
    client.send(message(b"k", b"x", PERSISTENT) * 5)
    world.turn()
    client.send(nack_frame(1))
    world.shard.log_delivered()
    log.take()
    again = log.replayed().claim(queue.identity)
    states = [state for _, state, _ in again.index.entries()]
    assert states == [READY | REDELIVERED, READY | REDELIVERED, READY, READY, READY]


def test_batches_go_on_where_the_log_ends(world, client, log):
    world.kept_queue(b"k")
    client.publish(b"k", b"x", PERSISTENT)
    log.take()
    journal = log.replayed().shard.journal
    assert (journal.number, journal.durable, journal.pending) == (2, 1, False)


def test_what_was_read_back_is_consumed_like_anything_else(world, client, log):
    queue = world.kept_queue(b"k")
    client.send(message(b"k", b"x" * 100, PERSISTENT) * 3)
    log.take()
    replay = log.replayed()
    again = World(journal=True)
    again.shard = replay.shard
    consumer = again.connect()
    consumer.consume(replay.claim(queue.identity), no_ack=True)
    replay.finish()
    again.turn()
    assert [each.body for each in consumer.messages()] == [b"x" * 100] * 3
    second = FakeLog(replay.shard)
    second.batches = list(log.batches)
    second.take()
    assert second.replayed().claim(queue.identity).ready_count == 0


@pytest.mark.parametrize(
    ("records", "text"),
    [
        ("00000008 02000000", "a record is cut off"),
        ("00000018 03000000 0000000000000001", "a record of 24 bytes"),
        ("00000004 03000000 0000000000000001", "a record of 4 bytes"),
        ("00000014 03000000 0000000000000001 00000000", "a record of 20 bytes"),
        ("00000010 63000000 0000000000000001", "a record of unknown kind 99 and 16 bytes"),
        ("00000010 01000000 0000000000000001", "a message without a head"),
        ("00000028 01000000" + "00" * 16 + "7fffffff 00000000" + "00" * 8, "a message whose parts"),
        ("00000010 02000000 0000000100000001", "a run of positions has another length"),
        (
            "00000020 02000000 0000000100000001 0000000000000002 0000000000000001",
            "a run of positions from 2 to 1",
        ),
        (
            "00000020 02000000 0000000100000001 0000000000000000 ffffffffffffffff",
            "a run of positions from 0 to",
        ),
        ("00000010 04000000 00000001 00000000", "a definition whose parts"),
        ("00000010 04000000 ffffffff ffffffff", "a definition whose parts"),
    ],
)
def test_what_no_broker_writes_is_an_error(records, text):
    batch = HEAD + bytes.fromhex(records)
    with pytest.raises(ReplayError, match=text):
        Replay(Shard(1, journal=True), False).apply(1, 0, Buffer(0, batch), 0, len(batch))


def test_a_position_that_comes_twice_is_an_error(world, client, log):
    world.kept_queue(b"k")
    client.publish(b"k", b"x", PERSISTENT)
    log.take()
    log.batches.append((2, log.batches[0][1]))
    with pytest.raises(ReplayError, match="position 0 of queue 100000000 comes again"):
        log.replayed()


def test_with_copies_a_position_that_comes_twice_counts_once(world, client, log):
    queue = world.kept_queue(b"k")
    client.publish(b"k", b"x", PERSISTENT)
    log.take()
    log.copies.append((COPIES, log.batches[0][1]))
    replay = log.replayed()
    assert replay.claim(queue.identity).ready_count == 1
    assert [chunk.references for chunk in replay.shard.records.chunks[1:]] == [1, 0]


def test_batches_out_of_order_are_an_error():
    replay = Replay(Shard(1, journal=True), False)
    replay.apply(5, 0, Buffer(0, HEAD), 0, len(HEAD))
    with pytest.raises(InvariantError):
        replay.apply(5, 0, Buffer(0, HEAD), 0, len(HEAD))


class Broker(RuleBasedStateMachine):
    """Any commands; a replay of the log, as far as it goes, gives the state that the writer had."""

    @initialize()
    def start(self) -> None:
        self.world = World(journal=True)
        self.log = FakeLog(self.world.shard)
        self.client = self.world.connect()
        self.queues: list[Queue] = []
        self.consumed: list[Queue] = []
        self.states: dict[int, dict[int, list[int]]] = {}  # positions by queue, by last batch
        self.wrote()

    def wrote(self) -> None:
        """What was written up to here stands for what is in the queues."""
        journal = self.world.shard.journal
        number = journal.number if journal.pending else len(self.log.batches)
        self.states[number] = {
            queue.identity: [position for position, _, _ in kept_entries(self.world, queue)]
            for queue in self.queues
        }

    @rule(everything=st.booleans())
    def declare(self, everything: bool) -> None:
        if len(self.queues) < 4:
            self.queues.append(self.world.kept_queue(b"k", everything=everything))
            self.wrote()

    @rule(
        size=st.sampled_from([0, 1, 100, 100, 300_000]),
        persistent=st.booleans(),
        count=st.integers(1, 9),
    )
    def publish(self, size: int, persistent: bool, count: int) -> None:
        count = min(count, 1 + 600_000 // max(size, 1))
        properties = PERSISTENT if persistent else b"\0\0"
        for _ in range(count):
            self.client.send(message(b"k", bytes(size), properties))
            self.wrote()

    @precondition(lambda self: self.queues)
    @rule(data=st.data(), no_ack=st.booleans(), prefetch=st.integers(0, 9))
    def consume(self, data: st.DataObject, no_ack: bool, prefetch: int) -> None:
        queue = data.draw(st.sampled_from(self.queues))
        if queue not in self.consumed:
            self.consumed.append(queue)
            self.client.consume(queue, no_ack=no_ack, prefetch=prefetch)

    @rule(data=st.data(), multiple=st.booleans(), how=st.sampled_from(["ack", "drop", "requeue"]))
    def settle(self, data: st.DataObject, multiple: bool, how: str) -> None:
        tags = self.client.channel().unacked.tags(1 << 62)
        if tags:
            tag = data.draw(st.sampled_from(tags))
            requeue = how == "requeue"
            frame = ack_frame if how == "ack" else nack_frame
            options = {} if how == "ack" else {"requeue": requeue}
            self.world.shard.journal.reserve(ROOM)
            self.client.send(frame(tag, multiple=multiple, **options))
            self.wrote()

    @precondition(lambda self: self.queues)
    @rule(data=st.data())
    def purge(self, data: st.DataObject) -> None:
        self.world.shard.journal.reserve(ROOM)
        data.draw(st.sampled_from(self.queues)).purge()
        self.wrote()

    @precondition(lambda self: self.queues)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        queue = data.draw(st.sampled_from(self.queues))
        self.queues.remove(queue)
        self.world.close_queue(queue)
        self.wrote()

    @rule()
    def turn(self) -> None:
        self.world.shard.journal.reserve(ROOM)
        self.client.take_turns()
        self.wrote()

    @rule(durable=st.booleans())
    def end_batch(self, durable: bool) -> None:
        if durable:
            self.log.sync()
        else:
            self.log.take()
        self.wrote()

    @rule(data=st.data())
    def crash_before(self, data: st.DataObject) -> None:
        """What a broker finds that starts again after only so many batches."""
        self.log.take()
        count = data.draw(st.integers(0, len(self.log.batches)))
        state = self.states[max(number for number in self.states if number <= count)]
        replay = self.log.replayed(upto=count)
        for identity, positions in state.items():
            again = replay.claim(identity)
            assert [position for position, _, _ in again.index.entries()] == positions
        replay.finish()
        assert {queue.identity for queue in replay.shard.queues if queue is not None} == set(state)
        self.wrote()

    @rule()
    def crash(self) -> None:
        """What a broker that starts again finds."""
        self.log.take()
        replay = self.log.replayed()
        for queue in self.queues:
            again = replay.claim(queue.identity)
            assert contents(replay.shard, again) == kept(self.world, queue)
            assert again.ready_count == len(again.index.entries())
        replay.finish()
        survivors = {queue.identity for queue in replay.shard.queues if queue is not None}
        assert survivors == {queue.identity for queue in self.queues}
        self.wrote()

    def teardown(self) -> None:
        if hasattr(self, "log"):
            self.crash()


TestBroker: Any = Broker.TestCase
TestBroker.settings = settings(stateful_step_count=20)
