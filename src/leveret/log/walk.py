"""All good batches of a stream, also those behind one that is bad: for the tools.

| good | good | bad       | good | good | leftovers  ||  good | ...
`- stretch ---'           `- stretch ---'                `- stretch
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, NamedTuple

from leveret.engine.buffer import Buffer
from leveret.log.batch import COLD, MAGIC_BYTES, UNSYNCED, Header
from leveret.log.disk import Disk
from leveret.log.port import HEADER_BYTES
from leveret.log.recovery import Recovery
from leveret.log.scan import WINDOW_BYTES, Format, Place, scan
from leveret.log.segment import Segment
from leveret.log.task import Task

NOTHING: Final = bytes(HEADER_BYTES)


class Found(NamedTuple):
    """A good batch: its place in a file, and for now in a buffer."""

    segment: Segment
    offset: int
    header: Header
    buffer: Buffer
    at: int


TakeFound = Callable[[Found], None]
Progress = Callable[[int], None]
"""So many bytes of all have been looked at."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Good batches one behind the other in a segment, from `offset` to `end`.

    `is_end_blank`: nothing was ever written behind it. `vouches`: it has a batch that was synced.
    """

    segment: Segment
    offset: int
    number: int
    epoch: int
    end: Place
    is_end_blank: bool
    vouches: bool


class Walk:
    """Through the segments of one stream, in order. Each good batch is handed over."""

    def __init__(
        self,
        disk: Disk,
        form: Format,
        segments: Sequence[Segment],
        take: TakeFound,
        progress: Progress,
    ) -> None:
        self._form = form
        self._segments = segments
        self._recovery = Recovery(disk, list(segments), form)
        self._window = self._recovery.window
        self._take = take
        self._progress = progress
        self._bytes_before = 0  # of the segments that are done
        self._vouches = False

    def stretches(self) -> Task[list[Stretch]]:
        found: list[Stretch] = []
        floor = Place(0, 0, 0)
        for segment in self._segments:
            offset = 0
            while (start := (yield from self._next_good(segment, offset, floor))) is not None:
                stretch = yield from self._stretch(segment, *start)
                found.append(stretch)
                floor = stretch.end
                offset = floor.offset
            self._bytes_before += segment.written
        return found

    def _stretch(self, segment: Segment, offset: int, first: Header) -> Task[Stretch]:
        self._vouches = False
        place = Place(offset, first.number, first.epoch)
        take = partial(self._taken, segment)
        end = yield from scan(self._window, segment, place, self._form, take)
        is_blank = yield from self._is_blank(segment, end.offset)
        return Stretch(segment, offset, first.number, first.epoch, end, is_blank, self._vouches)

    def _taken(self, segment: Segment, header: Header, buffer: Buffer, at: int) -> bool:
        self._vouches = self._vouches or not header.flags & UNSYNCED
        offset = (header.position & ~COLD) % self._form.segment_bytes
        self._take(Found(segment, offset, header, buffer, at))
        self._progress(self._bytes_before + offset + header.size)
        return True

    def _is_blank(self, segment: Segment, offset: int) -> Task[bool]:
        at = yield from self._window.load(segment, offset, HEADER_BYTES, HEADER_BYTES)
        count = max(0, min(HEADER_BYTES, self._window.count - at))
        return self._window.memory[at : at + count] == NOTHING[:count]

    def _next_good(
        self, segment: Segment, offset: int, floor: Place
    ) -> Task[tuple[int, Header] | None]:
        """The first good batch at `offset` or behind a bad one there: where, and its header.

        It is not before `floor` in number or epoch.
        """
        header = yield from self._recovery.good_header(segment, offset, floor)
        if header is not None:
            return offset, header
        window = self._window
        offset += HEADER_BYTES
        while offset + HEADER_BYTES <= segment.written:
            at = yield from window.load(segment, offset, HEADER_BYTES, WINDOW_BYTES)
            if not window.has(at, HEADER_BYTES):
                return None
            found = window.find(MAGIC_BYTES, at)
            if found < 0:
                # The magic number may be cut in two by the end of the window.
                offset = window.offset + window.count - len(MAGIC_BYTES) + 1
                self._progress(self._bytes_before + offset)
                continue
            offset = window.offset + found
            header = yield from self._recovery.good_header(segment, offset, floor)
            if header is not None:
                return offset, header
            offset += 1
        return None
