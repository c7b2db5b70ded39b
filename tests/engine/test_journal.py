"""Batches: what stands in them, when one ends, when their memory goes."""

import pytest

from leveret.engine.errors import InvariantError
from tests.engine.client import ACK, Answer, Client, World, ack_frame, message, nack_frame
from tests.engine.fake_log import FakeLog

MIB = 1 << 20
OF_LOG = 1
PERSISTENT = b"\x10\x00\x02"
HEAD = 48


@pytest.fixture
def world() -> World:
    return World(journal=True)


@pytest.fixture
def client(world: World) -> Client:
    return world.connect()


@pytest.fixture
def log(world: World) -> FakeLog:
    return FakeLog(world.shard)


def log_chunks(world: World) -> list:
    return [
        chunk for chunk in world.shard.records.chunks if chunk is not None and chunk.kind == OF_LOG
    ]


def test_a_persistent_message_of_a_kept_queue_has_these_bytes(world, client, log):
    world.kept_queue(b"k")
    client.publish(b"k", b"body", PERSISTENT, exchange=b"ex")
    assert log.take() == 1
    ((_, batch),) = log.batches
    assert batch[HEAD:].hex(" ") == (
        "00 00 00 48 01 00 00 00 00 00 00 00 00 0f 42 40 00 00 00 00 00 00 00 00"
        " 00 00 00 04 00 00 00 03 00 05 00 00 00 00 00 01"
        " 00 00 00 01 00 00 00 00 00 00 00 00 00 00 00 00"
        " 02 65 78 01 6b 10 00 02 62 6f 64 79 00 00 00 00"
    )


def test_settling_dropping_and_defining_have_these_bytes(world, client, log):
    queue = world.kept_queue(b"k")
    client.consume(queue, no_ack=True)
    client.publish(b"k", b"", PERSISTENT)
    client.publish(b"k", b"", PERSISTENT)
    log.take()
    world.turn()
    world.shard.journal.define(b"key", b"value")
    world.shard.journal.define(b"key", None)
    world.shard.journal.redeliver(queue.identity, 3, 4)
    world.close_queue(queue)
    log.take()
    assert log.batches[1][1][HEAD:].hex(" ") == (
        "00 00 00 20 02 00 00 00 00 00 00 01 00 00 00 00"
        " 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 01"
        " 00 00 00 18 04 00 00 00 00 00 00 03 00 00 00 05"
        " 6b 65 79 76 61 6c 75 65"
        " 00 00 00 18 04 01 00 00 00 00 00 03 00 00 00 00"
        " 6b 65 79 00 00 00 00 00"
        " 00 00 00 20 05 00 00 00 00 00 00 01 00 00 00 00"
        " 00 00 00 00 00 00 00 03 00 00 00 00 00 00 00 04"
        " 00 00 00 10 03 00 00 00 00 00 00 01 00 00 00 00"
    )


@pytest.mark.parametrize(
    ("everything", "properties", "kept"),
    [
        (False, b"\0\0", False),
        (False, b"\x10\x00\x01", False),
        (False, PERSISTENT, True),
        (True, b"\0\0", True),
    ],
)
def test_the_queue_decides_what_is_kept(world, client, log, everything, properties, kept):
    world.kept_queue(b"k", everything=everything)
    client.publish(b"k", b"x", properties)
    assert world.shard.journal.pending is kept
    assert log.take() == kept


def test_a_queue_of_which_nothing_is_kept_costs_nothing(world, client, log):
    queue = world.queue(b"k")
    client.consume(queue, no_ack=True)
    client.publish(b"k", b"x", PERSISTENT)
    world.turn()
    world.close_queue(queue)
    assert not world.shard.journal.pending
    assert log_chunks(world) == []


def test_a_message_for_several_queues_is_kept_once(world, client, log):
    for _ in range(5):
        world.kept_queue(b"k")
    client.publish(b"k", bytes(10_000), PERSISTENT)
    log.take()
    assert len(log.batches[0][1]) < 10_500


def test_a_run_of_acknowledgements_is_one_record(world, client, log):
    queue = world.kept_queue(b"k")
    client.consume(queue)
    client.send(message(b"k", b"x", PERSISTENT) * 100)
    world.turn()
    log.sync()
    client.send(b"".join(ack_frame(tag) for tag in range(1, 101)))
    log.take()
    assert len(log.batches[-1][1]) == HEAD + 32


def test_confirms_wait_until_their_batch_is_durable(world, client, log):
    world.kept_queue(b"k")
    client.channel().select_confirm()
    client.send(message(b"k", b"x", PERSISTENT) * 3)
    world.turn()
    assert client.events() == []
    number = log.take()
    client.send(message(b"k", b"x", PERSISTENT))
    world.turn()
    world.shard.became_durable(number)
    world.turn()
    assert client.events() == [Answer(1, ACK, 3, True)]
    log.sync()
    world.turn()
    assert client.events() == [Answer(1, ACK, 4, False)]


def test_a_message_that_is_not_kept_is_confirmed_at_once(world, client, log):
    world.kept_queue(b"k")
    client.channel().select_confirm()
    client.publish(b"k", b"x")
    client.publish(b"nowhere", b"x", PERSISTENT)
    world.turn()
    assert client.events() == [Answer(1, ACK, 2, True)]


def test_a_channel_that_closed_meanwhile_is_told_nothing(world, client, log):
    world.kept_queue(b"k")
    client.channel().select_confirm()
    client.publish(b"k", b"x", PERSISTENT)
    number = log.take()
    client.connection.close_channel(1)
    client.events()
    world.shard.became_durable(number)
    world.turn()
    assert client.events() == []


def test_consumed_and_durable_memory_is_used_again(world, client, log):
    queue = world.kept_queue(b"k")
    client.consume(queue, no_ack=True)
    for _ in range(40):
        client.send(message(b"k", bytes(20_000), PERSISTENT) * 10)
        log.sync()
        client.take_turns()
        log.sync()
    assert len(log_chunks(world)) == 1


def test_memory_stays_until_its_batches_are_durable(world, client, log):
    queue = world.kept_queue(b"k")
    client.consume(queue, no_ack=True)
    client.send(message(b"k", bytes(200_000), PERSISTENT) * 6)
    number = log.take()
    client.take_turns()
    assert (queue.ready_count, len(log_chunks(world))) == (0, 2)
    world.shard.became_durable(number)
    log.sync()
    assert len(log_chunks(world)) == 1


@pytest.mark.parametrize("size", [MIB, 3 * MIB])
def test_a_large_message_is_a_batch_of_its_own(world, client, log, size):
    queue = world.kept_queue(b"k")
    for body in (b"small", bytes(size), b"small"):
        client.publish(b"k", body, PERSISTENT)
    log.take()
    assert [len(batch) < 1000 for _, batch in log.batches] == [True, False, True]
    assert queue.ready_count == 3


def test_what_is_reserved_is_one_batch(world, log):
    journal = world.shard.journal
    journal.define(b"k", bytes(MIB - 10_000))
    journal.reserve(20_000)
    for _ in range(2):
        journal.define(b"k", bytes(9_900))
    log.take()
    assert [len(batch) // 10_000 for _, batch in log.batches] == [103, 1]


@pytest.mark.parametrize("length", [1 << 24, 1 << 30])
def test_one_batch_has_a_limit(world, length):
    with pytest.raises(ValueError, match="more than 16 MiB"):
        world.shard.journal.reserve(length)
    with pytest.raises(ValueError, match="more than 16 MiB"):
        world.shard.journal.define(b"", bytes(min(length, 1 << 24)))


def test_a_queue_and_its_definition_go_in_one_batch(world, client, log):
    queue = world.kept_queue(b"k")
    world.shard.journal.define(b"filler", bytes(MIB - HEAD - 24 - 40))
    queue.log_dropped(b"name")
    world.close_queue(queue)
    log.take()
    assert log.batches[1][1][HEAD:].hex(" ") == (
        "00 00 00 18 04 01 00 00 00 00 00 04 00 00 00 00"
        " 6e 61 6d 65 00 00 00 00"
        " 00 00 00 10 03 00 00 00 00 00 00 01 00 00 00 00"
    )


def test_a_log_chunk_is_never_compacted(world, client, log):
    """A message that stays for long in one of them, among 4,000 that went, is where it was."""
    queue = world.kept_queue(b"k")
    client.consume(queue, prefetch=0)
    client.send(message(b"k", bytes(1000), PERSISTENT) * 4000)
    log.sync()
    client.take_turns()
    (first, *_) = queue.index.entries()
    chunks = log_chunks(world)
    before = [chunk.buffer.bytes_at(0, chunk.used) for chunk in chunks[:-1]]
    client.send(b"".join(ack_frame(tag) for tag in range(2, 4001) if tag % 1000))
    assert world.shard.records.sparse == []
    log.sync()
    client.take_turns()
    assert len(log_chunks(world)) > 1
    assert queue.index.entries()[0] == first
    assert [chunk.buffer.bytes_at(0, chunk.used) for chunk in chunks[:-1]] == before
    client.send(nack_frame(1))
    client.take_turns()
    assert queue.index.entries()[0][2] == first[2]


def test_compacting_ordinary_chunks_leaves_log_chunks_alone(world, client, log):
    queue = world.kept_queue(b"k")
    client.consume(queue)
    for number in range(3000):
        client.publish(b"k", bytes(1000), PERSISTENT if number % 2 else b"\0\0")
    log.sync()
    client.take_turns()
    places = {position: location for position, _, location in queue.index.entries()}
    client.send(b"".join(ack_frame(tag) for tag in range(1, 3001) if tag % 100 > 1))
    assert world.shard.records.sparse != []
    client.take_turns()
    moved = {
        position % 2
        for position, _, location in queue.index.entries()
        if location != places[position]
    }
    assert moved == {0}


def test_a_log_chunk_goes_when_its_last_batch_is_durable_and_not_before(world, client, log):
    queue = world.kept_queue(b"k")
    numbers = []
    for _ in range(3):
        client.publish(b"k", bytes(400_000), PERSISTENT)
        numbers.append(log.take())
    first, second = log_chunks(world)
    queue.purge()
    log.take()
    assert (first.references, first.complete, first.batches_under_way) == (0, True, 2)
    world.shard.became_durable(numbers[0])
    assert log_chunks(world) == [first, second]
    world.shard.became_durable(numbers[1])
    assert log_chunks(world) == [second]
    log.sync()
    assert log_chunks(world) == [second]


def test_a_durable_log_chunk_stays_while_a_queue_refers_to_it(world, client, log):
    queue = world.kept_queue(b"k")
    for _ in range(3):
        client.publish(b"k", bytes(400_000), PERSISTENT)
    log.sync()
    first, second = log_chunks(world)
    client.consume(queue, prefetch=1)
    client.take_turns()
    client.send(ack_frame(1))
    client.take_turns()
    assert (first.references, log_chunks(world)) == (1, [first, second])
    client.send(ack_frame(2))
    assert log_chunks(world) == [second]


def test_batches_are_numbered_from_one_on(world, client, log):
    world.kept_queue(b"k")
    for number in (1, 2, 3):
        client.publish(b"k", b"x", PERSISTENT)
        assert log.take() == number
    assert world.shard.journal.durable == 0
    log.sync()
    assert world.shard.journal.durable == 3


def test_keeping_needs_a_journal():
    world = World()
    with pytest.raises(InvariantError):
        world.kept_queue(b"k")


def test_the_newest_batch_is_the_one_being_filled_if_there_is_anything_in_it(world, client):
    journal = world.shard.journal
    world.kept_queue(b"k")
    assert (journal.newest(), journal.urgent) == (0, False)
    journal.redeliver(1, 2, 3)
    assert (journal.newest(), journal.urgent) == (1, True)
    journal.seal()
    assert (journal.newest(), journal.has_sealed) == (1, True)


def test_the_first_batch_that_is_needed_is_that_of_the_oldest_chunk_left(world, client, log):
    journal = world.shard.journal
    queue = world.kept_queue(b"k")
    assert journal.order.first_needed() == 0
    client.consume(queue, no_ack=True)
    for number in range(25):
        client.publish(b"k", bytes(100_000), PERSISTENT)
        batch = journal.take_batch()
        if batch.start == 0:
            batch.chunk.first_batch = 100 + number
        world.shard.became_durable(batch.number)
    assert journal.order.first_needed() == 100
    while queue.ready_count:
        world.turn()
        client.messages()
    assert journal.order.first_needed() == 120


@pytest.mark.parametrize(("count", "batches"), [(3, 1), (40, 1), (200, 8)])
def test_a_transaction_is_one_batch_up_to_16_mb(world, client, log, count, batches):
    for key in (b"k", b"k", b"l"):
        world.kept_queue(key)
    client.publish(b"k", bytes(900_000), PERSISTENT)  # little room is left in the chunk
    log.take()
    channel = client.channel()
    channel.select_transaction()
    for number in range(count):
        client.publish(b"kl"[number % 2 :][:1], bytes(100_000), PERSISTENT)
    log.take()
    assert len(log.batches) == 1
    channel.commit()
    log.take()
    assert (len(log.batches) - 1 == 1) == (batches == 1)
