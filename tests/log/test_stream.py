from __future__ import annotations

import errno

import pytest

from leveret.engine.buffer import Buffer
from leveret.engine.errors import InvariantError
from leveret.log.batch import COLD, UNSYNCED, BatchBuffer
from leveret.log.pool import Pool
from leveret.log.port import HEADER_BYTES, PAGE_BYTES, LogError
from leveret.log.scan import Format
from leveret.log.segment import COLD_NAME, HOT_NAME
from leveret.log.stream import Stream
from leveret.testing.disk import SimulatedDisk
from tests.log.world import OWNER, disk_of

SEGMENT_BYTES = 1 << 14
FIRST = "hot-000000000000.segment"


class Subject:
    def __init__(self, kind: str = HOT_NAME) -> None:
        self.disk: SimulatedDisk = disk_of(1)
        self.errors: list[LogError] = []
        self.appended: list[int] = []
        self.pool = Pool(self.disk, SEGMENT_BYTES, self.errors.append)
        self.stream = Stream(
            kind,
            self.disk,
            self.pool,
            Format(OWNER, SEGMENT_BYTES),
            appended=self.appended.append,
            failed=self.errors.append,
        )
        self.stream.resume([], 0, 1)
        self.tick = 0

    def begin(self, size: int, flags: int = 0) -> int:
        batch = BatchBuffer(size)
        batch.add(b"x" * size)
        return self.stream.append(batch.buffer, 0, size, 1, flags=flags, epoch=1)

    def go_on(self) -> None:
        for _ in range(100):
            self.tick += 1
            self.pool.step(self.tick)
            self.disk.poll()

    def append(self, size: int, flags: int = 0) -> None:
        self.begin(size, flags)
        self.go_on()


def test_batches_lie_one_behind_the_other_and_zeros_up_to_a_page() -> None:
    subject = Subject()
    subject.append(100)
    assert len(subject.disk.read_whole(FIRST).rstrip(b"\0")) == HEADER_BYTES + 100
    assert subject.stream.offset == HEADER_BYTES + 100
    assert subject.stream.segments[0].appended == PAGE_BYTES
    subject.append(200)
    content = subject.disk.read_whole(FIRST)
    assert content.index(b"LVRB", 1) == HEADER_BYTES + 100
    assert subject.appended == [1, 2]


def test_a_batch_that_does_not_fit_begins_the_next_segment() -> None:
    subject = Subject()
    for _ in range(3):
        subject.append(6000)
    assert [each.first_number for each in subject.stream.segments] == [1, 3]
    assert subject.stream.segments[0].last_number == 2


def test_where_the_outstanding_batch_will_be_is_known_before_it_is_there() -> None:
    subject = Subject()
    subject.begin(6000)
    assert subject.stream.outstanding_position() == 0
    subject.go_on()
    subject.append(6000)
    subject.begin(6000)
    assert subject.stream.outstanding_position() == SEGMENT_BYTES
    subject.go_on()
    assert subject.stream.segments[1].first_number == 3
    with pytest.raises(InvariantError):
        subject.stream.outstanding_position()


def test_the_cold_stream_has_positions_of_its_own() -> None:
    subject = Subject(COLD_NAME)
    subject.begin(10)
    assert subject.stream.outstanding_position() == COLD


def test_one_append_at_a_time_and_none_that_no_segment_holds() -> None:
    subject = Subject()
    with pytest.raises(InvariantError, match="a batch of"):
        subject.stream.append(Buffer(48), 0, SEGMENT_BYTES, 1, flags=0, epoch=1)
    subject.begin(10)
    with pytest.raises(InvariantError, match="outstanding"):
        subject.begin(10)


def test_where_there_is_no_space_the_batch_waits_and_is_tried_again() -> None:
    subject = Subject()
    subject.append(10)
    subject.disk.refuse = lambda kind: errno.ENOSPC if kind == "write" else 0
    subject.append(10)
    assert (subject.stream.is_blocked, subject.appended, subject.errors) == (True, [1], [])
    subject.disk.refuse = lambda kind: 0
    subject.stream.retry()
    subject.go_on()
    assert (subject.stream.is_blocked, subject.appended) == (False, [1, 2])
    subject.stream.retry()  # and nothing is written twice
    subject.go_on()
    assert subject.appended == [1, 2]


def test_without_a_segment_it_waits_for_one() -> None:
    subject = Subject()
    subject.begin(10)
    assert subject.stream.is_waiting
    subject.go_on()
    assert not subject.stream.is_waiting


def test_what_was_not_waited_for_is_remembered() -> None:
    subject = Subject()
    subject.append(10, UNSYNCED)
    subject.append(10, UNSYNCED)
    assert subject.stream.unsynced == subject.stream.segments


def test_any_other_error_is_told_with_the_file() -> None:
    subject = Subject()
    subject.append(10)
    subject.disk.refuse = lambda kind: errno.EIO if kind == "write" else 0
    subject.append(10)
    assert [str(error) for error in subject.errors] == [f"{FIRST}: Input/output error"]


def test_a_stream_goes_on_where_it_ended() -> None:
    subject = Subject()
    subject.append(100)
    stream = subject.stream
    stream.resume(stream.segments, stream.offset, 17)
    subject.append(100)
    assert (subject.appended, stream.next_number) == ([1, 17], 18)
