from __future__ import annotations

import errno

import pytest

from leveret.log.batch import COLD
from leveret.log.disk_log import State
from leveret.log.segment import COLD_NAME, Segment
from leveret.log.space import key_of
from tests.log.world import World, disk_of


@pytest.fixture
def world() -> World:
    """With batches 2 to 11, two in a segment."""
    made = World(disk_of(1), segment_bytes=1 << 14)
    made.claim()
    for _ in range(10):
        made.append_durably(bytes(7000))
    return made


def names(world: World) -> list[str]:
    for _ in range(20):
        world.poll()
    return [name for name in world.disk.names() if name.startswith("hot")]


def test_keys_of_the_two_streams_differ() -> None:
    assert key_of(Segment(COLD_NAME, 3, 0, 0)) == COLD + 3


def test_complete_segments_are_told_the_oldest_first(world: World) -> None:
    infos = world.log.segments()
    assert [(info.key, info.first_number, info.last_number) for info in infos[:2]] == [
        (0, 1, 3),
        (1, 4, 5),
    ]
    assert infos[0].size >= 2 * 7000
    assert infos[0].live_bytes is None
    world.log.set_live_bytes(0, 5)
    assert world.log.segments()[0].live_bytes == 5


def test_a_segment_is_free_when_nothing_in_it_lives_and_it_is_trimmed(world: World) -> None:
    before = names(world)
    world.log.set_live_bytes(0, 0)
    assert names(world) == before
    world.log.trim(4)
    assert names(world) == before[1:]
    assert world.log.first_number == 4


def test_what_lives_keeps_its_segment(world: World) -> None:
    before = names(world)
    world.log.trim(8)
    world.log.set_live_bytes(0, 0)
    world.log.set_live_bytes(0, 7)
    assert names(world) == before


def test_a_trim_does_not_go_back(world: World) -> None:
    world.log.trim(8)
    world.log.trim(4)
    assert world.log.first_number == 8


def test_of_a_segment_that_is_gone_it_does_not_matter_what_lives(world: World) -> None:
    world.log.set_live_bytes(99, 0)
    world.poll()
    assert world.log.state is State.OWNED


def test_nothing_is_freed_before_the_mark_is_on_the_disk(world: World) -> None:
    before = names(world)
    world.disk.refuse = lambda kind: errno.EIO if kind == "sync" else 0
    world.log.set_live_bytes(0, 0)
    world.log.trim(4)
    assert names(world) == before
    assert world.log.state is State.FAILED


def test_no_mark_is_on_the_disk_before_what_leads_up_to_it() -> None:
    for seed in range(20):
        world = World(disk_of(seed), segment_bytes=1 << 14, is_synced=False)
        world.claim()
        number = [world.append_durably(bytes(3000)) for _ in range(9)][-1]
        world.log.trim(number)
        for _ in range(seed):
            world.poll()
        again = World(world.crash(), segment_bytes=1 << 14)
        assert again.log.first_number in (1, number)
