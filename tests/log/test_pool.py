from __future__ import annotations

import errno

from leveret.log.pool import (
    RETRY_MS,
    SMALL_BATCH_BYTES,
    SPARES_MAX,
    ZERO_STEP_BYTES,
    ZERO_STEP_MS,
    Pool,
)
from leveret.log.port import LogError
from leveret.log.segment import HOT_NAME, SPARE_NAME, Segment, segment_name
from leveret.testing.disk import SimulatedDisk
from tests.log.world import disk_of

SEGMENT_BYTES = 2 * ZERO_STEP_BYTES


class Subject:
    def __init__(self, disk: SimulatedDisk | None = None) -> None:
        self.disk = disk or disk_of(1)
        self.errors: list[LogError] = []
        self.made: list[Segment] = []
        self.pool = Pool(self.disk, SEGMENT_BYTES, self.errors.append)
        self.tick = 0

    def go_on(self, ms: int) -> None:
        for _ in range(ms):
            self.tick += 1
            self.pool.step(self.tick)
            for _ in range(20):
                self.disk.poll()

    def want(self, sequence: int = 0, *, is_urgent: bool = False) -> None:
        self.pool.want(HOT_NAME, sequence, self.made.append).is_urgent = is_urgent

    def segment(self, sequence: int) -> Segment:
        name = segment_name(HOT_NAME, sequence)
        self.disk.write_whole(name, bytes(SEGMENT_BYTES))
        return Segment(HOT_NAME, sequence, self.disk.open(name), SEGMENT_BYTES)


def test_a_segment_is_zeroed_in_steps_before_it_is_handed_out() -> None:
    subject = Subject()
    subject.want(7)
    subject.go_on(ZERO_STEP_MS)
    assert subject.made == []
    assert subject.pool.spares[0].written == ZERO_STEP_BYTES
    subject.go_on(3 * ZERO_STEP_MS)
    assert [segment.name for segment in subject.made] == [segment_name(HOT_NAME, 7)]
    assert subject.disk.read_whole(segment_name(HOT_NAME, 7)) == bytes(SEGMENT_BYTES)


def test_who_cannot_wait_gets_a_segment_as_it_is() -> None:
    subject = Subject()
    subject.want(is_urgent=True)
    subject.go_on(4)
    assert [segment.written < SEGMENT_BYTES for segment in subject.made] == [True]


def test_as_much_as_was_appended_in_small_batches_is_zeroed_without_a_pause() -> None:
    subject = Subject()
    for _ in range(0, SEGMENT_BYTES, SMALL_BATCH_BYTES):
        subject.pool.appended(SMALL_BATCH_BYTES)
    subject.want()
    subject.go_on(6)
    assert len(subject.made) == 1


def test_large_batches_are_appended_where_nothing_was_written() -> None:
    subject = Subject()
    subject.pool.appended(SEGMENT_BYTES)
    subject.want()
    subject.go_on(6)
    assert subject.made == []


def test_a_segment_that_came_free_is_used_again_without_zeroing() -> None:
    subject = Subject()
    subject.pool.give(subject.segment(3))
    subject.go_on(1)
    assert subject.disk.names() == [segment_name(SPARE_NAME, 1)]
    subject.want(9)
    subject.go_on(2)
    assert subject.disk.names() == [segment_name(HOT_NAME, 9)]
    assert (subject.made[0].written, subject.made[0].last_number) == (SEGMENT_BYTES, 0)


def test_a_name_of_a_spare_is_not_used_twice() -> None:
    subject = Subject()
    subject.pool.add_spare(Segment(SPARE_NAME, 5, 3, SEGMENT_BYTES))
    subject.pool.give(subject.segment(3))
    subject.go_on(1)
    assert all(sequence > 5 for sequence in [subject.pool.spares[-1].sequence])


def test_more_spares_than_are_of_use_are_removed() -> None:
    subject = Subject()
    for sequence in range(SPARES_MAX + 2):
        subject.pool.give(subject.segment(sequence))
    subject.go_on(20)
    assert len(subject.disk.names()) == len(subject.pool.spares) == SPARES_MAX


def test_what_starves_gets_the_space_of_all_spares() -> None:
    subject = Subject()
    subject.pool.give(subject.segment(1))
    subject.go_on(1)
    subject.pool.is_starved = True
    subject.pool.give(subject.segment(2))
    subject.go_on(3)
    assert subject.disk.names() == []


def test_a_full_disk_is_tried_again_after_a_while() -> None:
    subject = Subject()
    subject.disk.refuse = lambda kind: errno.ENOSPC if kind == "create" else 0
    subject.want()
    subject.go_on(5)
    assert (subject.pool.is_blocked, subject.errors) == (True, [])
    assert subject.pool.deadline() == 1 + RETRY_MS
    subject.disk.refuse = lambda kind: 0
    subject.go_on(RETRY_MS + 5 * ZERO_STEP_MS)
    assert (subject.pool.is_blocked, len(subject.made)) == (False, 1)


def test_below_the_limit_of_free_space_nothing_is_made() -> None:
    subject = Subject()
    subject.pool.may_grow = False
    subject.want()
    subject.go_on(100)
    assert (subject.disk.names(), subject.pool.deadline()) == ([], None)


def test_what_is_zeroed_but_not_synced_does_not_count() -> None:
    subject = Subject()
    subject.want()
    subject.disk.refuse = lambda kind: errno.EIO if kind == "sync" else 0
    subject.go_on(3)
    assert subject.pool.spares[0].written == 0
    assert len(subject.errors) == 1


def test_an_error_of_another_kind_is_final_and_loses_no_segment() -> None:
    subject = Subject()
    subject.disk.refuse = lambda kind: errno.EIO if kind == "rename" else 0
    subject.want(is_urgent=True)
    subject.go_on(3)
    assert len(subject.errors) >= 1
    assert len(subject.pool.spares) == 1
    assert subject.made == []


def test_with_nothing_to_do_there_is_no_deadline() -> None:
    assert Subject().pool.deadline() is None
