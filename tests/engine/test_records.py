"""Records in shared chunks: stored once, freed with the last reference, moved when they are few."""

import pytest

from leveret.engine.chunk import Chunk
from tests.engine.client import Client, World, ack_frame, message

MIB = 1 << 20
SHARED_MAX = 1 << 18
SPARE_MAX = 16


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def client(world) -> Client:
    return world.connect()


def chunks(world: World) -> list[Chunk]:
    return [chunk for chunk in world.shard.records.chunks if chunk is not None]


def live_bytes(world: World) -> int:
    return sum(chunk.live_bytes for chunk in chunks(world))


def test_a_record_has_these_bytes(world, client):
    queues = [world.queue(b"filler"), world.queue(b"key"), world.queue(b"key")]
    client.publish(b"key", b"b")
    client.publish(b"key", b"body", b"\x18\x00\x02\x09", exchange=b"ex")
    (chunk,) = chunks(world)
    assert [queue.number for queue in queues] == [0, 1, 2]
    assert chunk.buffer.bytes_at(80, 88).hex(" ") == (
        "00 00 00 58 00 00 00 02 00 00 00 00 00 0f 42 40 00 00 00 00 00 00 00 00"
        " 00 00 00 04 00 00 00 04 00 07 00 09 00 00 00 02"
        " 00 00 00 00 00 00 00 01 00 00 00 00 00 00 00 01"
        " 00 00 00 00 00 00 00 02 00 00 00 00 00 00 00 01"
        " 02 65 78 03 6b 65 79 18 00 02 09 62 6f 64 79 00"
    )


def test_a_shard_begins_with_one_chunk(world):
    records = world.shard.records
    assert (len(records.chunks), records.live_count, records.memory_bytes) == (1, 0, MIB)


def test_a_message_is_one_record_whatever_the_number_of_its_queues(world, client):
    for _ in range(100):
        world.queue(b"many")
    client.publish(b"many", bytes(200_000))
    assert (world.shard.records.live_count, len(chunks(world))) == (1, 1)
    assert 200_000 < live_bytes(world) < 202_000


def test_the_last_queue_frees_the_record(world, client):
    queues = [world.queue(b"k") for _ in range(3)]
    client.publish(b"k", b"x" * 1000)
    for queue, left in zip(queues, (1, 1, 0), strict=True):
        assert queue.purge() == 1
        assert world.shard.records.live_count == left
    assert live_bytes(world) == 0


def test_traffic_that_is_consumed_as_it_comes_stays_in_one_chunk(world, client):
    queue = world.queue(b"k")
    client.consume(queue, no_ack=True)
    for _ in range(50):
        client.send(message(b"k", bytes(20_000)) * 5)
        client.take_turns()
    assert (len(chunks(world)), world.shard.records.memory_bytes) == (1, MIB)


@pytest.mark.parametrize("size", [SHARED_MAX - 1000, SHARED_MAX + 1, MIB, 3 * MIB])
def test_memory_grows_with_what_is_ready_and_comes_back(world, client, size):
    queue = world.queue(b"k")
    for _ in range(8):
        client.publish(b"k", bytes(size))
    records = world.shard.records
    assert 8 * size <= records.memory_bytes <= 8 * size * 1.4 + 2 * MIB
    assert (records.live_count, queue.ready_bytes) == (8, 8 * size)
    queue.purge()
    world.turn()
    assert (records.live_count, len(chunks(world)), live_bytes(world)) == (0, 1, 0)
    assert records.memory_bytes <= (1 + SPARE_MAX) * MIB


def test_a_record_too_large_to_share_has_a_chunk_of_its_own(world, client):
    queue = world.queue(b"k")
    client.publish(b"k", bytes(900_000))
    client.publish(b"k", bytes(300_000))
    sizes = sorted(chunk.buffer.size for chunk in chunks(world))
    assert len(sizes) == 2
    assert 300_000 < sizes[0] < 300_200
    client.channel().get(queue, True)
    assert world.shard.records.memory_bytes == MIB + sizes[0]
    client.channel().get(queue, True)
    assert world.shard.records.memory_bytes == MIB


def test_no_more_than_sixteen_spare_chunks_are_kept(world, client):
    queue = world.queue(b"k")
    for _ in range(30):
        client.send(message(b"k", bytes(100_000)) * 10)
    assert len(chunks(world)) == 30
    queue.purge()
    world.turn()
    assert world.shard.records.memory_bytes == (1 + SPARE_MAX) * MIB


def test_spare_chunks_are_used_again_but_not_for_what_does_not_fit(world, client):
    queue = world.queue(b"k")
    for _ in range(2):
        client.send(message(b"k", bytes(100_000)) * 100)
        queue.purge()
        world.turn()
        assert world.shard.records.memory_bytes <= 11 * MIB
    client.publish(b"k", b"large" * (MIB // 2))
    assert world.shard.records.memory_bytes > 12 * MIB
    client.consume(queue)
    assert len(client.take_turns()) > 5 * MIB // 2


def keep_each(world: World, client: Client, every: int, count: int) -> None:
    """Of so many messages of 10 kB every n-th stays unacknowledged, the others go."""
    world.queue(b"keep"), world.queue(b"pass")
    for number in range(count):
        stays = number % every == 0
        client.take()
        client.publish(b"keep" if stays else b"pass", b"%d" % number + bytes(10_000))
        if stays:
            client.channel().get(world.bound[b"keep"][0], False)
        else:
            world.bound[b"pass"][0].purge()
    client.take()


def test_a_chunk_with_little_left_alive_is_emptied_by_copying(world, client):
    keep_each(world, client, every=50, count=2000)
    before = len(chunks(world))
    world.turn()
    assert before > 10 > 3 >= len(chunks(world))
    assert world.shard.records.live_count == 40


def test_a_chunk_with_a_quarter_alive_stays_where_it_is(world, client):
    keep_each(world, client, every=3, count=1000)
    before = len(chunks(world))
    world.turn()
    assert (before, len(chunks(world))) == (10, 10)


def test_a_moved_message_is_still_the_queues(world, client):
    keep_each(world, client, every=50, count=2000)
    world.turn()
    (queue,) = world.bound[b"keep"]
    client.connection.close_channel(1)
    reader = world.connect()
    reader.consume(queue)
    bodies = []
    while world.shard.pending:
        world.turn()
        bodies += [(event.body[:4], event.redelivered) for event in reader.messages()]
    assert bodies == [((b"%d" % n + bytes(4))[:4], True) for n in range(0, 2000, 50)]
    reader.send(ack_frame(0, multiple=True))
    assert (world.shard.records.live_count, live_bytes(world)) == (0, 0)


def test_a_moved_message_is_moved_for_all_its_queues(world, client):
    queues = [world.queue(b"keep", b"all") for _ in range(3)]
    passing = world.queue(b"pass", b"all")
    client.publish(b"all", b"moved")
    world.close_queue(queues.pop(1))
    heir = world.queue(b"heir")
    for _ in range(3):
        client.send(message(b"pass", bytes(90_000)) * 11)
        passing.purge()
    world.turn()
    assert (len(chunks(world)), heir.ready_count) == (2, 0)
    for queue in queues:
        assert client.channel().get(queue, True)
    assert client.bodies() == [b"moved", b"moved"]
    assert world.shard.records.live_count == 0


def test_what_dies_while_its_chunk_waits_to_be_emptied_is_not_moved(world, client):
    keep_each(world, client, every=50, count=2000)
    client.connection.close_channel(1)
    world.bound[b"keep"][0].purge()
    world.turn()
    assert (world.shard.records.live_count, live_bytes(world)) == (0, 0)
    assert len(chunks(world)) <= 2
