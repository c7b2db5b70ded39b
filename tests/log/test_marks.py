from __future__ import annotations

import pytest

from leveret.log.marks import NAME, Marks, decode_marks, encode_marks, encode_slot, load_marks
from leveret.log.port import PAGE_BYTES, CorruptionError
from leveret.log.task import run
from leveret.testing.disk import SimulatedDisk
from tests.log.world import disk_of


def load(disk: SimulatedDisk) -> Marks:
    return load_marks(disk, hot=1, cold=2)


def test_a_new_directory_gets_marks() -> None:
    disk = disk_of(1)
    marks = load(disk)
    assert (marks.hot, marks.cold) == (1, 2)
    assert decode_marks(disk.crash().read_whole(NAME)) == (0, 1, 2)


def test_what_was_saved_is_there_after_a_crash() -> None:
    disk = disk_of(1)
    for hot in range(10, 15):
        marks = load(disk)
        assert run(disk, marks.save(hot, 2)) == (hot, 2)
        disk = disk.crash()
        assert load(disk).hot == hot


@pytest.mark.parametrize("slot", [0, 1])
def test_one_damaged_slot_leaves_the_other(slot: int) -> None:
    disk = disk_of(1)
    marks = load(disk)
    for hot in (10, 11):
        run(disk, marks.save(hot, 2))
    disk.flip(NAME, slot * PAGE_BYTES + 20, 0)
    assert load(disk).hot == (10 if slot == 0 else 11)


def test_two_damaged_slots_are_corruption() -> None:
    disk = disk_of(1)
    load(disk)
    disk.flip(NAME, 20, 0)
    with pytest.raises(CorruptionError, match="marks, offset 0: both slots are damaged"):
        load(disk)


@pytest.mark.parametrize("data", [b"", b"x", bytes(2 * PAGE_BYTES), encode_slot(1, 2, 3)[:30]])
def test_what_is_no_slot_is_none(data: bytes) -> None:
    assert decode_marks(data) is None


def test_the_higher_counter_is_the_newest() -> None:
    assert decode_marks(encode_slot(7, 1, 2) + encode_slot(6, 3, 4)) == (7, 1, 2)
    assert decode_marks(encode_slot(7, 1, 2) + encode_slot(8, 3, 4)) == (8, 3, 4)
    assert len(encode_marks(1, 2)) == 2 * PAGE_BYTES
