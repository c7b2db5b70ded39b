"""Reading bytes of batches back by their place in the log, many at once.

Nothing is checked here but that the place is in the log: whoever asks has kept it since the batch
was appended or read, and knows what must be there.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from functools import partial
from typing import Final, NamedTuple

from leveret.engine.buffer import Buffer
from leveret.log.batch import COLD
from leveret.log.disk import Disk
from leveret.log.port import MissingError, TakeRange
from leveret.log.scan import Format
from leveret.log.segment import Segment
from leveret.log.stream import Stream
from leveret.log.task import DiskError

RANGES_AT_THE_DISK_MAX: Final = 16
"""An append waits behind them: 1.6 ms on a good disk. The others wait here, without memory."""
AHEAD: Final = 64
"""Of those that wait, so many are announced to the disk, which does several things at once."""


class Range(NamedTuple):
    """`length` bytes at `position` of the log, which belong to `start` of the buffer."""

    position: int
    buffer: Buffer
    start: int
    length: int
    take: TakeRange


class RangeFetcher:
    """Those that can be had are answered in the order in which they were asked for."""

    def __init__(self, disk: Disk, form: Format, hot: Stream, cold: Stream) -> None:
        self._disk = disk
        self._form = form
        self._streams = (hot, cold)
        self._waiting: deque[Range] = deque()
        self._at_the_disk = 0

    def fetch(self, wanted: Range) -> None:
        """Begun at once if it can be; answered later."""
        if self._waiting or not self._begin(wanted):
            self._waiting.append(wanted)
            if len(self._waiting) <= AHEAD:
                self._expect(wanted)

    def step(self) -> None:
        """Begin as many reads as may be under way, and say which cannot be."""
        while self._waiting and self._at_the_disk < RANGES_AT_THE_DISK_MAX:
            wanted = self._waiting.popleft()
            if len(self._waiting) >= AHEAD:
                self._expect(self._waiting[AHEAD - 1])
            if not self._begin(wanted):
                self._refuse(wanted)

    def _expect(self, wanted: Range) -> None:
        """Its turn comes soon: the disk may look for it together with others."""
        segment, offset = self._find(wanted)
        if segment is not None:
            self._disk.expect(segment.file, offset, wanted.length)

    def _begin(self, wanted: Range) -> bool:
        segment, offset = self._find(wanted)
        if segment is None or self._at_the_disk == RANGES_AT_THE_DISK_MAX:
            return False
        # What makes the segment another one is done after this read.
        done = partial(self._read, wanted, self._disk.path(segment.name))
        self._at_the_disk += 1
        self._disk.read(segment.file, offset, wanted.buffer, wanted.start, wanted.length, done)
        return True

    def _find(self, wanted: Range) -> tuple[Segment | None, int]:
        """The segment in which all of it is durable, and where."""
        stream = self._streams[wanted.position >= COLD]
        sequence, offset = divmod(wanted.position & ~COLD, self._form.segment_bytes)
        segments = stream.segments
        index = bisect_left(segments, sequence, key=lambda segment: segment.sequence)
        if index == len(segments) or segments[index].sequence != sequence:
            return None, offset
        segment = segments[index]
        end = stream.offset if segment is segments[-1] else segment.appended
        return (segment if offset + wanted.length <= end else None), offset

    def _read(self, wanted: Range, path: str, moved: int, error: int) -> None:
        self._at_the_disk -= 1
        if error:
            wanted.take(DiskError(error, path))
        elif moved < wanted.length:
            self._refuse(wanted)
        else:
            wanted.take(None)

    def _refuse(self, wanted: Range) -> None:
        text = f"{wanted.length} bytes at position {wanted.position} are not in the log"
        wanted.take(MissingError(text))
