from __future__ import annotations

import pytest

from leveret.log.opening import find_files
from leveret.log.port import HEADER_BYTES
from leveret.log.scan import WINDOW_BYTES, Format
from leveret.log.task import run
from leveret.log.walk import Found, Stretch, Walk
from leveret.testing.disk import SimulatedDisk
from tests.log.test_check import FIRST, SECOND, SMALL, filled
from tests.log.world import OWNER

SIZE = HEADER_BYTES + 5000


def walk(
    disk: SimulatedDisk, segment_bytes: int = SMALL
) -> tuple[list[Stretch], list[Found], list[int]]:
    found: list[Found] = []
    progress: list[int] = []
    segments = find_files(disk).hot
    form = Format(OWNER, segment_bytes)
    task = Walk(disk, form, segments, found.append, progress.append).stretches()
    return run(disk, task), found, progress


def test_each_segment_of_a_whole_log_is_one_stretch() -> None:
    disk = filled()
    stretches, found, progress = walk(disk)
    assert [(each.segment.sequence, each.offset) for each in stretches] == [
        (number, 0) for number in range(len(stretches))
    ]
    assert [each.header.number for each in found] == list(range(1, 13))
    assert found[1].offset == HEADER_BYTES
    assert all(each.vouches for each in stretches)
    assert progress == sorted(progress)


def test_a_stretch_ends_before_a_bad_batch_and_another_begins_behind_it() -> None:
    disk = filled()
    disk.flip(FIRST, HEADER_BYTES + 100, 0)
    before, after, *_ = walk(disk)[0]
    assert (before.number, before.end.number, before.end.offset) == (1, 2, HEADER_BYTES)
    assert (before.end.problem, before.is_end_blank) == ("its checksum is wrong", False)
    assert (after.number, after.offset) == (3, HEADER_BYTES + SIZE)


def test_a_segment_without_a_good_batch_has_no_stretch() -> None:
    disk = filled()
    disk.files[SECOND].content[:] = b"LVRB" * 4000
    stretches = walk(disk)[0]
    assert 1 not in {each.segment.sequence for each in stretches}


def test_behind_the_last_batch_of_a_segment_nothing_was_written() -> None:
    assert walk(filled(1))[0][0].is_end_blank


def test_batches_of_an_earlier_life_of_the_file_are_not_found() -> None:
    disk = filled()
    later, earlier = disk.files[SECOND].content, disk.files[FIRST].content
    later[SIZE : 2 * SIZE] = earlier[HEADER_BYTES : HEADER_BYTES + SIZE]
    numbers = [each.header.number for each in walk(disk)[1]]
    assert numbers == [1, 2, 3, 4, 5, *range(7, 13)]


def test_batches_that_were_not_waited_for_do_not_vouch() -> None:
    disk = filled(3, 100, is_synced=False)
    disk.flip(FIRST, 0, 0)
    disk.flip(FIRST, HEADER_BYTES + 148, 0)
    first, *_ = walk(disk)[0]
    assert (first.number, first.end.number, first.vouches) == (2, 3, False)


@pytest.mark.slow
def test_a_good_batch_is_found_though_it_begins_where_a_read_ends() -> None:
    size = WINDOW_BYTES - 2 - HEADER_BYTES  # two bytes of its magic number are in the first read
    disk = filled(3, size - HEADER_BYTES, segment_bytes=4 * WINDOW_BYTES)
    disk.flip(FIRST, HEADER_BYTES + 100, 0)
    found = walk(disk, 4 * WINDOW_BYTES)[1]
    assert [each.header.number for each in found] == [1, 3, 4, 5]
