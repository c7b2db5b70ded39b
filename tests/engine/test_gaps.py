"""What is gone of a queue, told in runs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leveret.engine.chores import Chores
from leveret.engine.gaps import gone_runs, say_what_is_gone
from leveret.engine.index import Index
from leveret.engine.memory import Memory
from leveret.engine.pages import PagePool
from tests.engine.client import World
from tests.engine.fake_log import FakeLog
from tests.engine.page_memory import PageMemory


def index_of(count: int, pool: PagePool) -> Index:
    index = Index(pool)
    for _ in range(count):
        index.append(1)
    return index


@pytest.mark.parametrize(
    ("count", "removed", "runs"),
    [
        (0, [], []),
        (5, [], []),
        (5, [0, 1, 4], [(0, 1), (4, 4)]),
        (3, [0, 1, 2], [(0, 2)]),
        (2000, list(range(100, 1900)), [(100, 1899)]),
        (1024, list(range(512)), [(0, 511)]),
    ],
)
def test_the_runs_of_what_is_gone(count, removed, runs):
    index = index_of(count, PagePool(Memory()))
    for position in removed:
        index.remove(position)
    assert gone_runs(index) == runs


@given(
    count=st.integers(0, 4000),
    holes=st.lists(st.tuples(st.integers(0, 4000), st.integers(1, 1200)), max_size=4),
)
def test_folded_or_not_the_runs_are_the_same(count, holes):
    pool = PagePool(Memory())
    pool.fold_into(PageMemory)
    pool.fold_above = 1
    index = index_of(count, pool)
    gone = {place for first, size in holes for place in range(first, min(count, first + size))}
    for position in gone:
        index.remove(position)
    told = [place for first, last in gone_runs(index) for place in range(first, last + 1)]
    assert told == sorted(gone)


def test_the_log_is_told_of_each_queue_that_it_keeps():
    world = World(journal=True)
    log = FakeLog(world.shard)
    client = world.connect()
    queues = [world.kept_queue(b"%d" % number) for number in range(3)]
    world.queue(b"3")
    for number in range(4):
        for _ in range(5):
            client.publish(b"%d" % number, b"", b"\x10\x00\x02")
    queues[0].purge()
    client.channel().get(queues[1], True)
    log.take()
    log.batches.clear()
    chores = Chores()
    chores.begin(say_what_is_gone(world.shard.queues, world.shard.journal))
    while chores.waiting:
        chores.run()
    log.take()
    ((_, batch),) = log.batches
    told = [batch[at : at + 32] for at in range(48, len(batch), 32)]
    assert [(each[4], int.from_bytes(each[8:16])) for each in told] == [
        (2, queues[0].identity),
        (2, queues[1].identity),
    ]
    assert [(int.from_bytes(each[16:24]), int.from_bytes(each[24:])) for each in told] == [
        (0, 4),
        (0, 0),
    ]
