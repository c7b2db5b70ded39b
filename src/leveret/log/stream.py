"""Appending to one of the log's two streams: from segment to segment, one batch at a time.

    | batch 7 | batch 8 | 0 0 0 0 |          what is on the disk, to the end of a page
              ^ offset    padding
                        | batch 9      | 0 0 0 0 0 |
                        written over the padding

Each write ends with a page, because a part of one would have to be read first where it is not
cached. The page in which a batch begins was written with the batch before it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from leveret.engine.buffer import Buffer
from leveret.engine.errors import InvariantError
from leveret.log.batch import (
    CRC_AT,
    UNSYNCED,
    Header,
    make_header,
    padding,
    write_header,
)
from leveret.log.disk import Disk
from leveret.log.pool import FULL_ERRORS, Pool, Want
from leveret.log.port import HEADER_BYTES, LogError
from leveret.log.scan import Format
from leveret.log.segment import HOT_NAME, Segment, position_in_stream
from leveret.log.task import DiskError


@dataclass(slots=True)
class Append:
    """A batch that is not on the disk yet. Nobody changes it: to freeze it costs a microsecond."""

    buffer: Buffer
    start: int
    length: int
    record_count: int
    flags: int
    epoch: int
    number: int


class Stream:
    """`kind` is what its segments are called. `appended` and `failed` are told how it went.

    `is_blocked`: the disk has no room for the outstanding append; `retry` tries again.
    `unsynced`: segments in which not all was waited for.
    """

    def __init__(
        self,
        kind: str,
        disk: Disk,
        pool: Pool,
        form: Format,
        *,
        appended: Callable[[int], None],
        failed: Callable[[LogError], None],
    ) -> None:
        self.segments: list[Segment] = []
        self.offset = 0
        self.next_number = 0
        self.outstanding: Append | None = None
        self.is_blocked = False
        self.unsynced: list[Segment] = []
        self._kind = kind
        self._disk = disk
        self._pool = pool
        self._form = form
        self._appended = appended
        self._failed = failed
        self._ready: Segment | None = None
        self._want: Want | None = None
        self._is_writing = False

    def resume(self, segments: list[Segment], offset: int, next_number: int) -> None:
        """Go on where the stream ends: at `offset` in the last of the segments."""
        self.segments = segments
        self.offset = offset
        self.next_number = next_number
        if segments:
            segments[-1].appended = offset

    def prepare(self) -> None:
        """Have the next segment made ready."""
        if self._ready is None and self._want is None:
            self._want = self._pool.want(self._kind, self._next_sequence(), self._prepared)

    def append(
        self, buffer: Buffer, start: int, length: int, record_count: int, *, flags: int, epoch: int
    ) -> int:
        """Begin to append; returns the batch's number."""
        if self.outstanding is not None:
            raise InvariantError("an append is outstanding")
        if not 0 <= length <= self._form.batch_bytes_max:
            raise InvariantError(f"a batch of {length} bytes")
        number = self.next_number
        self.next_number += 1
        self.outstanding = Append(buffer, start, length, record_count, flags, epoch, number)
        self._place()
        return number

    def outstanding_position(self) -> int:
        """Where the outstanding append begins, or will."""
        append = self.outstanding
        if append is None:
            raise InvariantError("no append is outstanding")
        if self.segments and self._has_room(append):
            return self.segments[-1].position(self.offset, self._form.segment_bytes)
        return position_in_stream(self._kind, self._next_sequence(), 0, self._form.segment_bytes)

    def retry(self) -> None:
        """There may be room now."""
        if self.is_blocked and not self._is_writing:
            self._write()

    def take_unsynced(self) -> list[Segment]:
        """Who calls this syncs them."""
        segments, self.unsynced = self.unsynced, []
        return segments

    @property
    def is_waiting(self) -> bool:
        """Whether the outstanding append has no segment to go to."""
        return self._want is not None and self._want.is_urgent

    def _place(self) -> None:
        """Write the outstanding append where it fits, or have a segment made for it."""
        append = self.outstanding
        if append is None:
            return
        if self.segments and self._has_room(append):
            self._write()
        elif self._ready is not None:
            self.segments.append(self._ready)
            self._ready = None
            self.offset = 0
            if self._kind == HOT_NAME:  # the other one can wait
                self.prepare()
            self._write()
        else:
            self.prepare()
            if self._want is not None:
                self._want.is_urgent = True

    def _has_room(self, append: Append) -> bool:
        """A byte is left over: positions of two segments never continue one another."""
        return self.offset + HEADER_BYTES + append.length < self._form.segment_bytes

    def _next_sequence(self) -> int:
        return self.segments[-1].sequence + 1 if self.segments else 0

    def _prepared(self, segment: Segment) -> None:
        was_urgent = self.is_waiting
        self._want = None
        self._ready = segment
        if was_urgent:
            self._place()

    def _write(self) -> None:
        append = self.outstanding
        if append is None:
            raise InvariantError("nothing is to be written")
        segment = self.segments[-1]
        size = HEADER_BYTES + append.length
        room = self._form.segment_bytes - self.offset - size
        zeros = min(padding(self.offset + size), room)
        write_header(append.buffer, append.start, self._header(append, segment))
        self._is_writing = True
        segment.appended = self.offset + size + zeros
        segment.written = max(segment.written, segment.appended)
        self._disk.write(
            segment.file,
            self.offset,
            append.buffer,
            append.start,
            size,
            self._written,
            zeros=zeros,
            sync=not append.flags & UNSYNCED,
            crc_at=CRC_AT,
            crc_count=size,
        )

    def _header(self, append: Append, segment: Segment) -> Header:
        return make_header(
            flags=append.flags,
            epoch=append.epoch,
            owner=self._form.owner,
            number=append.number,
            position=segment.position(self.offset, self._form.segment_bytes),
            record_count=append.record_count,
            length=append.length,
        )

    def _written(self, moved: int, error: int) -> None:
        append = self.outstanding
        if append is None:
            raise InvariantError("nothing was written")
        segment = self.segments[-1]
        size = HEADER_BYTES + append.length
        self._is_writing = False
        if error:
            # With all bytes moved it is the sync that failed, and what it left out is unknown.
            if error in FULL_ERRORS and self.offset + moved < segment.appended:
                self.is_blocked = True
            else:
                self._failed(DiskError(error, self._disk.path(segment.name)))
            return
        self.is_blocked = False
        segment.note(append.number, self.offset)
        if append.flags & UNSYNCED and segment not in self.unsynced[-1:]:
            self.unsynced.append(segment)
        self.offset += size
        self.outstanding = None
        self._pool.appended(size)
        self._appended(append.number)
