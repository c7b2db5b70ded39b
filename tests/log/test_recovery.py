"""Where a stream ends. tests/log/test_simulation.py has thousands of ends."""

from __future__ import annotations

import pytest

from leveret.log.opening import find_files
from leveret.log.port import HEADER_BYTES, CorruptionError
from leveret.log.recovery import End, Recovery
from leveret.log.scan import Format
from leveret.log.task import run
from leveret.testing.disk import SimulatedDisk
from tests.log.test_check import FIRST, SECOND, SMALL, filled
from tests.log.world import OWNER, World, disk_of


def find_end(disk: SimulatedDisk) -> End:
    recovery = Recovery(disk, find_files(disk).hot, Format(OWNER, SMALL))
    run(disk, recovery.note_beginnings())
    return run(disk, recovery.find_end(1, 1))


def last_batch(disk: SimulatedDisk, name: str) -> int:
    return disk.files[name].content.rindex(b"LVRB")


def unsealed(count: int, size: int, *, is_synced: bool = True) -> SimulatedDisk:
    world = World(disk_of(1), segment_bytes=SMALL, is_synced=is_synced)
    world.claim()
    for _ in range(count):
        world.append_durably(bytes(size))
    return world.disk


def test_an_empty_stream_ends_at_its_beginning() -> None:
    end = find_end(disk_of(1))
    assert (end.index, end.place.offset, end.place.number, end.cut_bytes) == (0, 0, 1, 0)


def test_a_stream_ends_behind_its_last_batch() -> None:
    disk = filled(3, 100)
    end = find_end(disk)
    assert (end.place.offset, end.place.number) == (5 * HEADER_BYTES + 300, 6)
    assert (end.was_clean, end.cut_bytes) == (True, 0)


def test_a_last_batch_that_is_bad_is_cut() -> None:
    disk = unsealed(2, 100)
    offset = last_batch(disk, FIRST)
    disk.files[FIRST].content[offset + 60] ^= 1
    end = find_end(disk)
    assert (end.place.number, end.cut_offset, end.cut_bytes) == (3, offset, 148)
    assert not end.was_clean


def test_a_bad_batch_that_begins_a_segment_is_cut_there() -> None:
    disk = unsealed(4, 5000)
    disk.files[SECOND].content[0] ^= 1
    end = find_end(disk)
    assert (end.index, end.cut_index, end.cut_offset) == (0, 1, 0)
    assert end.place.number == 5


def test_bad_before_good_is_corruption_and_names_both() -> None:
    disk = filled()
    disk.flip(SECOND, 5048 + 60, 0)
    with pytest.raises(CorruptionError) as raised:
        World(disk, segment_bytes=SMALL).read(1)
    assert (raised.value.file, raised.value.offset) == (SECOND, 5048)


def test_what_was_not_waited_for_is_cut_with_all_that_follows() -> None:
    disk = unsealed(3, 100, is_synced=False)
    disk.files[FIRST].content[HEADER_BYTES + 60] ^= 1
    end = find_end(disk)
    assert (end.place.number, end.cut_offset, end.cut_bytes) == (2, HEADER_BYTES, 3 * 148)


def test_a_segment_that_lost_its_beginning_before_the_end_is_refused() -> None:
    disk = filled()
    disk.flip(FIRST, 0, 0)
    with pytest.raises(CorruptionError, match=f"{FIRST}, offset 0: the first batch is damaged"):
        find_end(disk)


def test_one_does_not_look_back_over_segments_that_came_free() -> None:
    world = World(disk_of(1), segment_bytes=SMALL, is_synced=False)
    world.claim()
    for _ in range(12):
        world.append_durably(bytes(5000))
    world.log.trim(8)
    second = world.log.segments()[1]
    assert second.last_number == 7
    world.log.set_live_bytes(second.key, 0)
    for _ in range(20):
        world.poll()
    assert SECOND not in world.disk.names()
    again = World(world.disk, segment_bytes=SMALL)
    assert again.log.hot.next_number == 14
    assert [number for number, *_ in again.read(8)] == list(range(8, 14))
