"""Reads the batches of a segment one after the other, as far as they are good."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final, NamedTuple

from leveret.engine.buffer import Buffer
from leveret.log.batch import Expected, Header, has_its_checksum, read_header
from leveret.log.disk import Disk
from leveret.log.port import (
    HEADER_BYTES,
    PADDING_BYTES_MAX,
    SEGMENT_BYTES,
    USUAL_BATCH_BYTES,
)
from leveret.log.segment import Segment
from leveret.log.task import Task, moved

WINDOW_BYTES: Final = 2 * (HEADER_BYTES + USUAL_BATCH_BYTES)
"""A batch is looked at whole; twice a usual one, so that a read moves more than it must."""

TakeBatch = Callable[[Header, Buffer, int], bool]
"""The batch begins there in the buffer. False: go no further."""


@dataclass(frozen=True, slots=True)
class Format:
    """What all segments of a data directory have in common."""

    owner: int
    segment_bytes: int = SEGMENT_BYTES

    @property
    def batch_bytes_max(self) -> int:
        """Of the records of a batch: see BATCH_BYTES_MAX."""
        return self.segment_bytes - HEADER_BYTES - PADDING_BYTES_MAX


class Place(NamedTuple):
    """Where the next batch is expected, and what of it; a number of 0 is any.

    `problem` says why it is not there, "" where the segment has no room for one.
    """

    offset: int
    number: int
    epoch: int
    problem: str = ""


class Window:
    """The bytes of a segment that are in memory: `count` of them, from `offset` on.

    It is larger for a batch that does not fit, until `forget`.
    """

    def __init__(self, disk: Disk, form: Format) -> None:
        self.disk = disk
        self._usual_bytes = min(WINDOW_BYTES, form.segment_bytes)
        self._resize(self._usual_bytes)
        self.segment: Segment | None = None
        self.offset = 0
        self.count = 0

    def load(self, segment: Segment, offset: int, count: int, most: int) -> Task[int]:
        """Have `count` bytes at `offset`, if the file has them; returns where in the buffer.

        Reads up to `most` to get them.
        """
        at = offset - self.offset
        if segment is not self.segment or at < 0 or at + count > self.count:
            count = max(count, min(most, self._usual_bytes))
            have = self._keep(segment, at, count)
            read = partial(
                self.disk.read, segment.file, offset + have, self.buffer, have, count - have
            )
            self.count = 0  # while it is being read, and if that fails
            self.count = have + (yield from moved(read))
            self.segment, self.offset, at = segment, offset, 0
        return at

    def _keep(self, segment: Segment, at: int, count: int) -> int:
        """Have room for `count` bytes, the first of them those at `at`; returns how many."""
        have = self.count - at if segment is self.segment and 0 <= at < self.count else 0
        kept = self.memory[at : at + have]
        if count > self.buffer.size:
            self._resize(count)
        self.memory[:have] = kept
        return have

    def _resize(self, count: int) -> None:
        self._bytes = bytearray(count)
        self.buffer = Buffer(0, self._bytes)
        self.memory = self.buffer.memory()

    def forget(self) -> None:
        """What is in memory may not be in the file any more."""
        self.segment = None
        self.count = 0
        if self.buffer.size > self._usual_bytes:
            self._resize(self._usual_bytes)

    def has(self, at: int, count: int) -> bool:
        return at + count <= self.count

    def find(self, data: bytes, at: int) -> int:
        """Where in the buffer it comes first; -1 if not."""
        return self._bytes.find(data, at, self.count)


def scan(
    window: Window,
    segment: Segment,
    place: Place,
    form: Format,
    take: TakeBatch,
    most: int = WINDOW_BYTES,
) -> Task[Place]:
    """Hand over the good batches from `place` on, and note them in the segment."""
    offset, number, epoch, _ = place
    while True:
        room = form.segment_bytes - offset
        if room < HEADER_BYTES:
            return Place(offset, number, epoch)
        at = yield from window.load(segment, offset, HEADER_BYTES, most)
        if not window.has(at, HEADER_BYTES):
            return Place(offset, number, epoch, "the file ends")
        header = read_header(window.memory, at)
        position = segment.position(offset, form.segment_bytes)
        problem = Expected(number, epoch, form.owner, position).problem(header, room)
        if problem:
            return Place(offset, number, epoch, problem)
        at = yield from window.load(segment, offset, header.checked_size, most)
        if not window.has(at, header.checked_size):
            return Place(offset, number, epoch, "the file ends within it")
        if not has_its_checksum(header, window.buffer, at):
            return Place(offset, number, epoch, "its checksum is wrong")
        segment.note(header.number, offset, header.next_number - 1)
        if not take(header, window.buffer, at):
            return Place(offset, header.number, header.epoch, "stopped")
        offset += header.size
        number = header.next_number
        epoch = header.epoch
