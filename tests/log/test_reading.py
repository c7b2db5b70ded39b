from __future__ import annotations

import pytest

from leveret.log.batch import Header, make_header
from leveret.log.port import HEADER_BYTES, CorruptionError, Kind, MissingError
from leveret.log.reading import batch_of, segment_with
from leveret.log.repair import repair
from leveret.log.segment import HOT_NAME, Segment
from leveret.testing.disk import SimulatedDisk
from tests.log.test_check import FIRST, SECOND, SMALL, filled
from tests.log.world import World, zeros


def segments(*numbers: tuple[int, int]) -> list[Segment]:
    made = []
    for sequence, (first, last) in enumerate(numbers):
        segment = Segment(HOT_NAME, sequence, 0, 0)
        if first:
            segment.note(first, 0, last)
        made.append(segment)
    return made


@pytest.mark.parametrize(("number", "index"), [(4, -1), (5, 0), (9, 0), (10, -1), (12, 1), (20, 1)])
def test_a_batch_is_in_the_segment_that_has_its_number(number: int, index: int) -> None:
    all_of_them = segments((5, 9), (12, 20), (0, 0))
    found = segment_with(all_of_them, number)
    assert found is (None if index < 0 else all_of_them[index])


def header(flags: int) -> Header:
    return make_header(
        flags=flags, epoch=1, owner=2, number=3, position=4, record_count=5, length=60
    )


@pytest.mark.parametrize(("flags", "kind", "length"), [(0, Kind.RECORDS, 60), (4, Kind.LOST, 0)])
def test_nothing_is_read_of_what_is_lost(flags: int, kind: Kind, length: int) -> None:
    batch = batch_of(header(flags), zeros(200), 10)
    assert (batch.kind, batch.offset, batch.length) == (kind, 10 + HEADER_BYTES, length)


def opened(disk: SimulatedDisk) -> World:
    return World(disk, segment_bytes=SMALL)


def test_a_batch_that_has_become_bad_is_corruption_where_it_is_read() -> None:
    world = opened(filled())
    world.disk.flip(FIRST, HEADER_BYTES + 100, 0)
    with pytest.raises(CorruptionError, match=f"{FIRST}, offset 48: batch 2 is damaged"):
        world.read(1)
    (error,) = world.fetch(2)
    assert isinstance(error, CorruptionError)
    assert world.fetch(5) == [bytes([4]) * 5000]


def test_reading_begins_in_the_middle_of_a_segment() -> None:
    assert [number for number, *_ in opened(filled()).read(6)] == list(range(6, 13))


def test_a_file_that_is_missing_in_between_is_corruption() -> None:
    disk = filled()
    del disk.files[SECOND]
    with pytest.raises(CorruptionError, match=f"{FIRST}, offset 15192: batch 5 is damaged"):
        opened(disk).read(1)


def test_a_first_batch_that_is_in_no_file_is_corruption() -> None:
    disk = filled()
    del disk.files[FIRST]
    with pytest.raises(CorruptionError, match=f"{SECOND}, offset 0: batch 1 is in no file"):
        opened(disk).read(1)


def test_what_a_repair_has_set_aside_is_missing() -> None:
    disk = filled()
    disk.flip(FIRST, HEADER_BYTES + 100, 0)
    repair(disk)
    (error,) = opened(disk).fetch(2)
    assert isinstance(error, MissingError)
    assert str(error) == "batch 2 was lost: a repair has set it aside"
