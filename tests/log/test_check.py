from __future__ import annotations

from collections.abc import Callable

import pytest

from leveret.log.batch import COLD, display
from leveret.log.check import Report, check
from leveret.log.directory import FORMAT_NAME, encode_format
from leveret.log.marks import NAME as MARKS_NAME
from leveret.log.port import HEADER_BYTES, SEGMENT_BYTES, LogError
from leveret.testing.disk import File, SimulatedDisk
from tests.log.world import World, disk_of

SMALL = 1 << 14
FIRST = "hot-000000000000.segment"
SECOND = "hot-000000000001.segment"
THIRD = "hot-000000000002.segment"
FIRST_COLD = "cold-000000000000.segment"


def filled(
    count: int = 10,
    size: int = 5000,
    *,
    segment_bytes: int = SMALL,
    is_synced: bool = True,
    prepare: Callable[[World], None] = lambda world: None,
) -> SimulatedDisk:
    """A disk on which a claim, so many batches, and the seal of a clean stop are."""
    world = World(disk_of(1), segment_bytes=segment_bytes, is_synced=is_synced)
    world.disk.write_whole(FORMAT_NAME, encode_format(world.form))
    world.claim()
    for number in range(count):
        world.append_durably(bytes([number + 1]) * size)
    prepare(world)
    world.stop()
    return world.disk.crash()


def told(report: Report) -> list[tuple[str, int, str]]:
    return [(fault.name, fault.offset, fault.text) for fault in report.faults]


def test_a_log_that_was_stopped_is_whole_and_is_counted() -> None:
    seen: list[tuple[str, int]] = []
    looked_at: list[int] = []
    disk = filled()
    report = check(
        disk, lambda found: seen.append((found.segment.name, found.header.number)),
        looked_at.append,
    )  # fmt: skip
    assert (report.faults, report.torn, report.lost_count) == ([], [], 0)
    assert (report.batch_count, report.record_count) == (12, 10)
    assert report.byte_count == 12 * HEADER_BYTES + 10 * 5000
    assert [number for _, number in seen] == list(range(1, 13))
    assert seen[:4] == [(FIRST, 1), (FIRST, 2), (FIRST, 3), (FIRST, 4)]
    assert looked_at == sorted(looked_at)
    assert looked_at[-1] <= sum(segment.written for segment in report.files.hot)


def test_a_damaged_batch_is_told_with_file_and_offset() -> None:
    disk = filled()
    disk.flip(FIRST, HEADER_BYTES + 100, 0)
    damaged = (FIRST, HEADER_BYTES, "batch 2 is damaged (its checksum is wrong)")
    report = check(disk)
    assert told(report) == [damaged]
    assert report.batch_count == 11


def test_all_faults_are_told() -> None:
    disk = filled()
    disk.flip(FIRST, HEADER_BYTES + 100, 0)
    disk.flip(SECOND, 0, 0)
    disk.flip(THIRD, 5048 + 100, 3)
    assert [(name, offset) for name, offset, _ in told(check(disk))] == [
        (FIRST, HEADER_BYTES),
        (SECOND, 0),
        (THIRD, 5048),
    ]


def test_the_last_batches_of_a_segment_are_missed_though_zeros_are_in_their_place() -> None:
    disk = filled()
    offset = HEADER_BYTES + 5048
    disk.files[FIRST].content[offset:] = bytes(SMALL - offset)
    assert told(check(disk)) == [(FIRST, offset, "batches 3 to 4 are damaged (there is no batch)")]


def test_a_file_that_is_missing_is_told_with_what_was_in_it() -> None:
    disk = filled()
    del disk.files[SECOND]
    assert told(check(disk)) == [(SECOND, 0, "the file is missing, with batches 5 to 7")]


def test_the_first_files_are_missed_if_they_would_be_read() -> None:
    disk = filled()
    del disk.files[FIRST]
    assert told(check(disk)) == [(FIRST, 0, "the file is missing, with batches 1 to 4")]
    del disk.files[SECOND]
    assert told(check(disk)) == [(SECOND, 0, "the file is missing, with batches 1 to 7")]


def trim(world: World) -> None:
    world.log.trim(8)
    for _ in range(5):
        world.poll()


@pytest.mark.parametrize("free", [{FIRST}, {SECOND}, {FIRST, SECOND}])
def test_files_that_came_free_are_not_missed(free: set[str]) -> None:
    disk = filled(prepare=trim)
    for name in free:
        del disk.files[name]
    assert told(check(disk)) == []
    World(disk, segment_bytes=SMALL).read(8)


def test_a_file_without_a_good_batch_is_damaged_though_it_may_have_come_free() -> None:
    disk = filled(prepare=trim)
    disk.files[SECOND].content[:] = b"x" * 100
    assert told(check(disk)) == [
        (SECOND, 0, "batches 5 to 7 are damaged (there is no good one)"),
    ]


def test_what_a_start_would_cut_is_no_fault() -> None:
    disk = filled()
    *_, last = check(disk).files.hot
    offset = disk.files[last.name].content.rindex(b"LVRB")
    disk.flip(last.name, offset, 0)
    report = check(disk)
    text = "48 bytes were not wholly written: the next start cuts them"
    assert [(torn.name, torn.offset, torn.text) for torn in report.torn] == [
        (last.name, offset, text)
    ]
    assert told(report) == []


def test_batches_that_were_not_waited_for_vouch_for_nothing_before_them() -> None:
    world = World(disk_of(1), segment_bytes=SMALL, is_synced=False)
    world.disk.write_whole(FORMAT_NAME, encode_format(world.form))
    world.claim()
    for _ in range(5):
        world.append_durably(bytes(5000))
    disk = world.disk
    disk.files[FIRST].content[HEADER_BYTES + 100] ^= 1
    report = check(disk)
    assert told(report) == []
    assert [(torn.name, torn.offset) for torn in report.torn] == [(FIRST, HEADER_BYTES)]


def test_a_log_that_ends_before_where_it_would_be_read_from_is_damaged() -> None:
    disk = filled(prepare=trim)
    for name in list(disk.files):
        if name.startswith("hot") and name != FIRST:
            del disk.files[name]
    assert told(check(disk)) == [
        (FIRST, HEADER_BYTES + 3 * 5048, "batches 5 to 7 are damaged (the log ends before)")
    ]


def test_the_cold_stream_is_looked_at_too() -> None:
    def copy(world: World) -> None:
        for _ in range(4):
            while not world.log.copy_ready:
                world.poll()
            world.copy(b"c" * 1000)
        while not world.log.copy_ready:
            world.poll()

    disk = filled(prepare=copy)
    disk.flip(FIRST_COLD, 1048 + 60, 0)
    assert told(check(disk)) == [
        (FIRST_COLD, 1048, f"batch {display(COLD + 2)} is damaged (its checksum is wrong)")
    ]


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda files: files.pop(MARKS_NAME), "the file is missing"),
        (lambda files: files.__setitem__(MARKS_NAME, File(b"x")), "both slots are damaged"),
    ],
)
def test_marks_that_are_damaged_are_told_by_the_segments(
    change: Callable[[dict[str, File]], object], text: str
) -> None:
    disk = filled()
    change(disk.files)
    report = check(disk)
    assert told(report) == [(MARKS_NAME, 0, text)]
    assert report.marks == (1, COLD + 1)
    del disk.files[SECOND]
    assert check(disk).marks == (8, COLD + 1)


def test_a_format_that_is_damaged_is_told_by_the_segments() -> None:
    disk = filled(segment_bytes=SEGMENT_BYTES)
    form = check(disk).form
    disk.files[FORMAT_NAME] = File(b"x")
    report = check(disk)
    assert told(report) == [(FORMAT_NAME, 0, "this is not the format of a log")]
    assert report.form == form
    del disk.files[FORMAT_NAME]
    disk.flip(FIRST, 40, 0)
    report = check(disk)
    assert told(report) == [(FORMAT_NAME, 0, "the file is missing")]
    assert report.form is None


def test_where_there_is_no_log_there_is_nothing_to_check() -> None:
    with pytest.raises(LogError, match="there is no log"):
        check(disk_of(1))
