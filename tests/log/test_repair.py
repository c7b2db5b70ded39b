from __future__ import annotations

import logging
import random

import pytest

from leveret.log.check import check
from leveret.log.directory import FORMAT_NAME
from leveret.log.marks import NAME as MARKS_NAME
from leveret.log.port import HEADER_BYTES, SEGMENT_BYTES, CorruptionError, Kind, LogError
from leveret.log.repair import Aside, repair
from leveret.log.walk import Found
from leveret.testing.disk import File, SimulatedDisk
from tests.log.test_check import FIRST, SECOND, SMALL, THIRD, filled, trim
from tests.log.world import World, disk_of


def read(disk: SimulatedDisk, start: int = 1) -> list[tuple[int, Kind, bytes]]:
    world = World(disk, segment_bytes=SMALL)
    found = world.read(start)
    world.claim()
    world.append_durably(b"it goes on")
    return found


def test_what_is_whole_is_left_alone() -> None:
    disk = filled()
    before = {name: bytes(file.content) for name, file in disk.files.items()}
    repaired = repair(disk)
    assert (repaired.asides, repaired.made, repaired.lost_count) == ([], [], 0)
    assert {name: bytes(file.content) for name, file in disk.files.items()} == before


def test_a_bad_batch_is_set_aside_and_the_others_are_read() -> None:
    disk = filled()
    disk.flip(FIRST, HEADER_BYTES + 100, 0)
    bad = bytes(disk.files[FIRST].content[HEADER_BYTES : HEADER_BYTES + 5048])
    with pytest.raises(CorruptionError):
        World(disk, segment_bytes=SMALL).read(1)
    repaired = repair(disk)
    aside = f"{FIRST}.{HEADER_BYTES}.aside"
    assert repaired.asides == [Aside(FIRST, HEADER_BYTES, 5048, aside)]
    assert repaired.lost_count == 1
    assert disk.read_whole(aside) == bad
    found = read(disk.crash())
    assert [(number, kind) for number, kind, _ in found[:3]] == [
        (1, Kind.CLAIM),
        (2, Kind.LOST),
        (3, Kind.RECORDS),
    ]
    assert len(found) == 12
    assert check(disk).byte_count == 12 * HEADER_BYTES + 9 * 5000


def test_what_an_earlier_repair_has_set_aside_stays() -> None:
    disk = filled()
    disk.flip(FIRST, HEADER_BYTES + 100, 0)
    repair(disk)
    disk.flip(FIRST, HEADER_BYTES + 20, 0)
    assert [aside.name for aside in repair(disk).asides] == [f"{FIRST}.48.2.aside"]
    assert check(disk).faults == []


def test_a_repair_that_was_cut_short_can_be_done_again() -> None:
    disk = filled()
    disk.flip(FIRST, HEADER_BYTES + 100, 0)
    disk.flip(THIRD, 100, 0)
    disk.refuse = lambda kind: 5 if kind == "write" else 0
    with pytest.raises(LogError):
        repair(disk)
    again = disk.crash()
    repair(again)
    assert check(again).lost_count == 2


def test_files_that_are_missing_are_made_and_say_what_is_lost() -> None:
    disk = filled(16)
    del disk.files[SECOND], disk.files[THIRD]
    repaired = repair(disk)
    assert (repaired.asides, repaired.made, repaired.lost_count) == ([], [SECOND, THIRD], 6)
    found = read(disk.crash())
    assert [number for number, kind, _ in found if kind is Kind.LOST] == [5, 10]
    assert read(filled(16))[10:] == found[6:]


def test_the_marks_are_made_again() -> None:
    disk = filled(prepare=trim)
    disk.files[MARKS_NAME] = File(b"x" * 9000)
    del disk.files[SECOND]
    repaired = repair(disk)
    assert repaired.asides == [Aside(MARKS_NAME, 0, 9000, "marks.aside")]
    world = World(disk.crash(), segment_bytes=SMALL)
    assert world.log.first_number == 8


def test_the_format_is_made_again() -> None:
    disk = filled(segment_bytes=SEGMENT_BYTES)
    format_before = disk.read_whole(FORMAT_NAME)
    disk.files[FORMAT_NAME] = File(b"x")
    assert [aside.name for aside in repair(disk).asides] == ["format.aside"]
    assert disk.read_whole(FORMAT_NAME) == format_before


def test_without_anything_that_tells_the_format_nothing_is_changed() -> None:
    disk = filled()
    del disk.files[FORMAT_NAME]
    disk.flip(FIRST, 40, 0)
    names = disk.names()
    with pytest.raises(LogError, match="nothing was changed"):
        repair(disk)
    assert disk.names() == names


def test_a_log_that_ended_too_early_goes_on_behind_what_was_lost() -> None:
    disk = filled(prepare=trim)
    for name in list(disk.files):
        if name.startswith("hot"):
            del disk.files[name]
    assert repair(disk).lost_count == 7
    world = World(disk.crash(), segment_bytes=SMALL)
    assert world.log.hot.next_number == 8
    assert read(disk.crash(), 8) == []


def damage(disk: SimulatedDisk, dice: random.Random) -> None:
    """Whatever a disk may do to a file."""
    names = [name for name in disk.names() if name.startswith(("hot", "cold"))]
    names = [name for name in names if disk.files[name].content]
    if not names:
        return
    name = dice.choice(names)
    content = disk.files[name].content
    offset = dice.randrange(len(content))
    match dice.randrange(5):
        case 0:
            content[offset] ^= 1 << dice.randrange(8)
        case 1:
            content[offset : offset + 4096] = bytes(len(content[offset : offset + 4096]))
        case 2:
            del content[offset:]
        case 3:
            content[offset:] = dice.randbytes(len(content) - offset)
        case 4:
            del disk.files[name]
    disk.files = {each: File(bytes(file.content)) for each, file in disk.files.items()}
    disk._durable_names = dict(disk.files)


@pytest.mark.parametrize("seed", range(25))
def test_whatever_was_damaged_a_repair_keeps_all_that_is_good(
    seed: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    dice = random.Random(seed)
    disk = filled(20, dice.choice((900, 5000)), prepare=dice.choice((trim, lambda world: None)))
    whole = {number: data for number, _, data in read(disk.crash(), 8)}
    for _ in range(dice.randrange(1, 4)):
        damage(disk, dice)
    good = good_batches(disk)
    report = check(disk)
    if not report.faults:
        World(disk.crash(), segment_bytes=SMALL).read(report.marks[0])
    repair(disk)
    assert check(disk).faults == []
    assert good_batches(disk).items() >= good.items()
    for number, kind, data in read(disk.crash(), report.marks[0]):
        if kind is Kind.RECORDS:
            assert whole.get(number, data) == data


def good_batches(disk: SimulatedDisk) -> dict[int, tuple[str, int]]:
    good = {}

    def take(found: Found) -> None:
        if found.header.kind is not Kind.LOST:
            good[found.header.number] = found.segment.name, found.header.crc

    check(disk, take)
    return good


def test_where_there_is_no_log_there_is_nothing_to_repair() -> None:
    with pytest.raises(LogError, match="there is no log"):
        repair(disk_of(1))
