"""Which segments are free again, and whether the disk is full."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Final

from leveret.log.batch import COLD
from leveret.log.disk import Disk
from leveret.log.marks import Marks
from leveret.log.pool import RETRY_MS, Pool
from leveret.log.port import LogError
from leveret.log.segment import COLD_NAME, Segment
from leveret.log.stream import Stream
from leveret.log.task import Task, moved, start

DISK_FREE_LIMIT_BYTES: Final = 50_000_000
"""RabbitMQ's default: enough for the system and its logs to go on."""


@dataclass(frozen=True, slots=True)
class SegmentInfo:
    """A segment that has batches. Its key is the same for all of its life.

    `size`: where its batches end; `live_bytes`: what its owner has said, None if nothing yet.
    """

    key: int
    first_number: int
    last_number: int
    size: int
    live_bytes: int | None


def key_of(segment: Segment) -> int:
    return segment.sequence + (COLD if segment.kind == COLD_NAME else 0)


class Space:
    """A segment is free when nothing in it lives, and everything in it is before the trim.

    The disk is full when its free space is below the limit, or it refuses to grow or to write a
    segment. That ends by itself; `is_full` is as of the last `step`.
    """

    def __init__(
        self, disk: Disk, pool: Pool, hot: Stream, cold: Stream, marks: Marks, free_limit: int
    ) -> None:
        self.is_full = False
        self._disk = disk
        self._pool = pool
        self._streams = (hot, cold)
        self._marks = marks
        self._trimmed = (marks.hot, marks.cold)
        self._free_limit = free_limit
        self._dead: dict[int, Segment] = {}
        self._is_saving = False
        self._failure: LogError | None = None
        self._check_tick = 0

    def segments(self) -> list[SegmentInfo]:
        """All but the two that are appended to, the oldest first."""
        return [
            SegmentInfo(
                key_of(segment),
                segment.first_number,
                segment.last_number,
                segment.appended,
                segment.live_bytes,
            )
            for stream in self._streams
            for segment in stream.segments[:-1]
        ]

    def set_live_bytes(self, key: int, live_bytes: int) -> None:
        """What the live records of a segment have; of one that is gone it does not matter."""
        for segment in self._streams[key >= COLD].segments:
            if key_of(segment) == key:
                segment.live_bytes = live_bytes
                if live_bytes == 0:
                    self._dead[key] = segment
                else:
                    self._dead.pop(key, None)
                return

    def trim(self, upto: int) -> None:
        """Of the stream of `upto`, what is before it is not read at a start."""
        if upto >= COLD:
            self._marks.cold = max(self._marks.cold, upto)
        else:
            self._marks.hot = max(self._marks.hot, upto)

    def step(self, tick: int) -> LogError | None:
        """Save the trim, free what is free, look at the disk; returns what has gone wrong."""
        if not self._is_saving and self._trimmed != (self._marks.hot, self._marks.cold):
            self._is_saving = True
            start(self._save(), self._saved, self._not_saved)
        hot, cold = self._streams
        self._pool.is_starved = hot.is_blocked or cold.is_blocked
        if self._dead:
            for key, segment in list(self._dead.items()):
                self._free(key, segment)
        if tick >= self._check_tick:
            self._check_tick = tick + RETRY_MS
            self._pool.may_grow = self._disk.free_bytes() >= self._free_limit
            for stream in self._streams:
                stream.retry()
        self.is_full = not self._pool.may_grow or self._pool.is_blocked or self._pool.is_starved
        return self._failure

    def deadline(self) -> int:
        return self._check_tick

    def _free(self, key: int, segment: Segment) -> None:
        stream = self._streams[key >= COLD]
        # Until there is a batch in a new segment, the one before tells where the stream ends.
        kept = 1 if stream.segments[-1].first_number else 2
        if segment in stream.segments[-kept:]:
            return
        if segment.last_number < self._trimmed[key >= COLD]:
            del self._dead[key]
            stream.segments.remove(segment)
            self._pool.give(segment)

    def _save(self) -> Task[tuple[int, int]]:
        """A log must not end before its mark: what was not waited for is, up to there."""
        wanted = self._marks.hot, self._marks.cold
        for stream in self._streams:
            for segment in stream.take_unsynced():
                yield from moved(partial(self._disk.sync, segment.file))
        return (yield from self._marks.save(*wanted))

    def _saved(self, trimmed: tuple[int, int]) -> None:
        self._is_saving = False
        self._trimmed = trimmed

    def _not_saved(self, error: LogError) -> None:
        self._failure = error
