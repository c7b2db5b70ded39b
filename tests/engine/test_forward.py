"""What lives is copied forward, and what is said of it still counts at a start."""

import pytest

from leveret.engine.errors import InvariantError
from leveret.engine.queue import Queue
from tests.engine.client import Client, World, ack_frame
from tests.engine.fake_log import FakeLog
from tests.engine.log_chunks import GUESTS, MIB, OF_LOG, PER_CHUNK, chunks, evict, numbers, publish
from tests.engine.slow_reader import SlowReader
from tests.engine.slow_store import drain


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


def copy_all(world: World, log: FakeLog, reader: SlowReader) -> int:
    """From all complete chunks of the hot stream; returns how many batches there were."""
    forward, last, count = world.shard.forward, 0, 0
    while (chunk := world.shard.journal.order.next_behind(last)) is not None:
        last = chunk.first_batch
        forward.gather_from(chunk)
        while reader.pending:
            reader.answer()
    while log.copy():
        count += 1
        forward.copied()
    forward.rest()
    return count


@pytest.mark.parametrize("resident", [True, False])
def test_what_lives_is_copied_and_its_chunks_come_free(world, log, reader, queue, client, resident):
    publish(client, 3 * PER_CHUNK)
    log.sync()
    for _ in range(2 * PER_CHUNK - 2):
        client.channel().get(queue, True)
    client.messages()
    log.sync()
    if not resident:
        evict(world)
    assert copy_all(world, log, reader) == 1
    world.turn()
    log.trim()
    assert [number for number, _ in log.copies] == [1 << 40]
    client.consume(queue, no_ack=True)
    assert numbers(drain(reader, client)) == list(range(2 * PER_CHUNK - 2, 3 * PER_CHUNK))
    assert reader.reads == (0 if resident else 1)


def test_after_a_start_the_copies_are_there_and_what_went_is_not(world, log, reader, queue, client):
    publish(client, 2 * PER_CHUNK)
    log.sync()
    for _ in range(PER_CHUNK - 1):
        client.channel().get(queue, True)
    log.sync()
    before = log.batches
    copy_all(world, log, reader)
    client.channel().get(queue, True)  # number 9, which was copied
    log.trim()
    assert log.batches[0][0] > before[0][0]
    replay = log.replayed()
    again = replay.claim(queue.identity)
    assert [place for place, _, _ in again.index.entries()] == list(range(PER_CHUNK, 2 * PER_CHUNK))


def test_a_message_that_is_copied_and_still_in_the_log_comes_once(
    world, log, reader, queue, client
):
    publish(client, 2 * PER_CHUNK)
    log.sync()
    copy_all(world, log, reader)
    replay = log.replayed()
    assert replay.claim(queue.identity).ready_count == 2 * PER_CHUNK
    kept = chunks(World(shard=replay.shard), OF_LOG)
    assert sum(chunk.references for chunk in kept) == 2 * PER_CHUNK


def test_the_messages_of_a_queue_lie_together(world, log, reader, queue, client):
    other = world.kept_queue(b"o")
    for number in range(PER_CHUNK):
        publish(client, 1, b"qo"[number % 2 :][:1], size=10_000 * 8)
    publish(client, PER_CHUNK)
    log.sync()
    copy_all(world, log, reader)
    places = [
        [location for _, _, location in each.index.entries()][: PER_CHUNK // 2]
        for each in (queue, other)
    ]
    assert max(places[0]) < min(places[1])


def test_guests_have_another_home_then(world, log, reader, queue, client):
    publish(client, 2 * PER_CHUNK)
    log.sync()
    evict(world)
    client.consume(queue, prefetch=1)
    drain(reader, client)
    (guests,) = chunks(world, GUESTS)
    copy_all(world, log, reader)
    assert guests.live_bytes > 0
    old = [chunk for chunk in chunks(world, OF_LOG) if chunk.first_batch < 1 << 40]
    assert sum(chunk.references for chunk in old) <= PER_CHUNK + 1  # the one being written
    world.shard.guests.send_all_home()
    assert chunks(world, GUESTS) == []
    client.send(ack_frame(1))
    client.consume(queue, no_ack=True)
    assert numbers(drain(reader, client))[:3] == [1, 2, 3]


def test_what_is_settled_on_the_way_is_not_moved(world, log, reader, queue, client):
    publish(client, 2 * PER_CHUNK)
    log.sync()
    world.shard.forward.gather_from(world.shard.journal.order.next_behind(0))
    assert log.copy()
    queue.purge()
    world.shard.forward.copied()
    log.sync()
    assert sum(chunk.references for chunk in chunks(world, OF_LOG)) == 0
    while log.copy():
        world.shard.forward.copied()
    log.trim()
    assert log.replayed().claim(queue.identity).ready_count == 0


def test_a_large_message_is_copied_alone(world, log, reader, queue, client):
    client.publish(b"q", b"0:" + bytes(12 * MIB), b"\x10\x00\x02")
    publish(client, 2 * PER_CHUNK)
    log.sync()
    assert copy_all(world, log, reader) == 1 + PER_CHUNK // 2
    client.consume(queue, no_ack=True)
    assert [len(each.body) > MIB for each in drain(reader, client)][:2] == [True, False]


def test_so_much_is_gathered_at_a_time(world, log, reader, queue, client):
    forward, last = world.shard.forward, 0
    publish(client, 12 * PER_CHUNK)
    log.sync()
    chunks_gathered = 0
    while not forward.has_enough:
        chunk = world.shard.journal.order.next_behind(last)
        last = chunk.first_batch
        forward.gather_from(chunk)
        chunks_gathered += 1
    assert chunks_gathered == 9
    assert log.copy()
    with pytest.raises(InvariantError):
        forward.gather_from(world.shard.journal.order.next_behind(last))


def test_a_read_that_failed_leaves_the_chunk_for_another_time(world, log, reader, queue, client):
    publish(client, 2 * PER_CHUNK)
    log.sync()
    evict(world)
    world.shard.forward.gather_from(world.shard.journal.order.next_behind(0))
    reader.answer(refuse=True)
    assert not world.shard.forward.has_some
    assert copy_all(world, log, reader) > 0
    assert queue.ready_count == 2 * PER_CHUNK
