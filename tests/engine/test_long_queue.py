"""A queue of which most pages are not in memory: to its clients it is like any other."""

import struct

import pytest

from leveret.engine.buffer import Buffer
from leveret.engine.chores import Chore
from leveret.engine.errors import PagesLost
from leveret.engine.queue import Queue
from leveret.engine.replay import Replay
from leveret.engine.shard import Shard
from tests.engine.client import Client, World, ack_frame, message, nack_frame
from tests.engine.fake_log import FakeLog
from tests.engine.page_memory import PageMemory
from tests.engine.slow_store import SlowStore, drain

PAGE = 512
PAGES = 24
COUNT = PAGES * PAGE + 100
ABOVE = 4
PERSISTENT = b"\x10\x00\x02"


def fold_pages(world: World) -> PageMemory:
    store = PageMemory()
    world.shard.pages.fold_above = ABOVE
    world.shard.pages.fold_into(lambda: store)
    return store


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def pages(world) -> PageMemory:
    return fold_pages(world)


@pytest.fixture
def queue(world, pages) -> Queue:
    return world.queue(b"q")


def publish(client: Client, key: bytes, count: int = COUNT, first: int = 0) -> None:
    for number in range(first, first + count):
        client.send(message(key, b"%d" % number))


def take_all(world: World, client: Client, count: int) -> list[int]:
    """The numbers of the next messages."""
    found: list[int] = []
    while len(found) < count:
        world.shard.turn()
        found += [int(each.body) for each in client.messages()]
    return found


def test_all_is_delivered_in_order_and_its_pages_come_back_one_by_one(world, pages, queue):
    publish(world.connect(), b"q")
    assert pages.writes >= PAGES - ABOVE
    reader = world.connect()
    reader.consume(queue, no_ack=True)
    found: list[int] = []
    while len(found) < COUNT:
        found += take_all(world, reader, 1)
        assert world.shard.pages.in_use <= ABOVE
    assert found == list(range(COUNT))
    assert (queue.ready_count, pages.kept) == (0, {})


def test_what_is_requeued_or_published_meanwhile_has_its_place(world, pages, queue):
    publisher = world.connect()
    publish(publisher, b"q")
    reader = world.connect()
    reader.consume(queue, prefetch=10 * PAGE)
    assert take_all(world, reader, 10 * PAGE) == list(range(10 * PAGE))
    publish(publisher, b"q", 5 * PAGE, first=COUNT)
    reader.send(nack_frame(7 * PAGE, multiple=True) + ack_frame(10 * PAGE, multiple=True))
    found: list[int] = []
    while queue.ready_count or queue.unacked_count:
        world.shard.turn()
        messages = reader.messages()
        found += [int(each.body) for each in messages]
        reader.send(b"".join(ack_frame(each.delivery_tag) for each in messages))
    assert found == [*range(7 * PAGE), *range(10 * PAGE, COUNT + 5 * PAGE)]
    assert pages.kept == {}


def test_it_is_purged_over_turns(world, pages, queue):
    publish(world.connect(), b"q")
    chore: Chore = world.shard.purge(queue)
    while not chore.done:
        world.shard.turn()
        assert world.shard.pages.in_use <= ABOVE
    assert (chore.count, queue.ready_count, pages.kept) == (COUNT, 0, {})
    assert world.shard.records.live_count == 0


def test_it_is_emptied_over_turns_when_it_closes(world, pages, queue):
    publish(world.connect(), b"q")
    reads = pages.reads
    world.close_queue(queue)
    assert pages.reads - reads <= PAGES
    while world.shard.pending:
        world.shard.turn()
        assert world.shard.pages.in_use <= ABOVE
    assert (world.shard.pages.in_use, pages.kept) == (0, {})
    assert world.shard.records.live_count == 0


def test_what_cannot_be_read_back_ends_it(world, pages, queue):
    publish(world.connect(), b"q")
    world.connect().consume(queue, no_ack=True)
    pages.broken = True
    with pytest.raises(PagesLost):
        for _ in range(10):
            world.shard.turn()


# Whose records are not in memory either


def test_records_and_pages_come_back_together(world, pages, queue):
    store = SlowStore(world.shard)
    client = world.connect()
    other = world.queue(b"r")
    for first in range(0, COUNT, PAGE):
        publish(client, b"q", PAGE, first)
        publish(client, b"r", PAGE, first)
        world.shard.store_down_to(0)
        store.answer_all()
    assert store.kept
    for each in (queue, other):
        reader = world.connect()
        reader.consume(each, no_ack=True)
        assert [int(each.body) for each in drain(store, reader)] == [
            number for first in range(0, COUNT, PAGE) for number in range(first, first + PAGE)
        ]
    assert pages.kept == {}


def test_records_that_were_read_along_bring_no_pages_back(world, pages, queue):
    store = SlowStore(world.shard)
    client = world.connect()
    world.queue(b"r")
    for number in range(20 * PAGE):
        client.send(message(b"q", b"%d" % number) + message(b"r", b""))
    client.send(message(b"q", bytes(1 << 20)))
    while world.shard.records.by_age.oldest is not None:
        world.shard.store_down_to(0)
        store.answer_all()
    reads = pages.reads
    reader = world.connect()
    reader.consume(queue, no_ack=True)
    assert len(drain(store, reader)) == 20 * PAGE + 1
    assert pages.reads - reads <= 20, "one for each page of the queue that was drained"


# From the log


def test_a_log_is_read_without_all_pages_in_memory():
    world = World(journal=True)
    log, queue, client = FakeLog(world.shard), world.kept_queue(b"k"), world.connect()
    for number in range(COUNT):
        client.publish(b"k", b"%d" % number, PERSISTENT)
    log.take()
    client.consume(queue, prefetch=PAGE)
    world.turn()
    client.send(ack_frame(PAGE // 2, multiple=True))
    world.shard.journal.redeliver(queue.identity, 10 * PAGE, 12 * PAGE)
    world.shard.journal.redeliver(queue.identity, 20 * PAGE, 1 << 61)
    log.take()
    replay = Replay(Shard(1, journal=True), False)
    replay.shard.pages.fold_above = ABOVE
    pages = PageMemory()
    replay.shard.pages.fold_into(lambda: pages)
    for number, written in log.batches:
        replay.apply(number, 0, Buffer(0, written), 0, len(written))
        assert replay.shard.pages.in_use <= ABOVE + 1
    again = replay.claim(queue.identity)
    assert again.ready_count == COUNT - PAGE // 2
    assert again.index.delivered_runs() == [
        (10 * PAGE, 12 * PAGE),
        (20 * PAGE, COUNT - 1),
    ]
    assert [position for position, _, _ in again.index.entries()] == list(range(PAGE // 2, COUNT))


@pytest.mark.parametrize(
    ("kind", "left", "delivered"), [(2, [0], []), (5, [0, 1, 2], [(1, 2)])], ids=["gone", "flagged"]
)
def test_what_a_log_says_of_a_wide_range_takes_no_longer_than_what_is_there(kind, left, delivered):
    world = World(journal=True)
    log, queue, client = FakeLog(world.shard), world.kept_queue(b"k"), world.connect()
    client.send(message(b"k", b"x", PERSISTENT) * 3)
    log.take()
    run = struct.pack("!IIQQQ", 32, kind << 24, queue.identity, 1, 1 << 61)
    log.batches.append((2, bytes(48) + run))
    again = log.replayed().claim(queue.identity)
    assert [position for position, _, _ in again.index.entries()] == left
    assert (again.index.delivered_runs(), again.ready_count) == (delivered, len(left))
