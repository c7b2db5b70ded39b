"""Where a stream ends: what was written last, what was torn, and what must not be there.

Batches are read from the newest segment on until one is not good. There the stream ends, if
nothing good comes later. If something does, then what is bad had been on the disk before it: that
is corruption, and nothing here guesses what it was.

Behind the newest batch are zeros, at least as many as a header has, because every write brings
them. At the beginning of a segment is a whole batch of its former use, or zeros. Anything else at
the end is a batch that was torn, or damaged before another one could vouch for it: it is cut.

A batch that nobody had waited for (UNSYNCED) vouches for nothing: after a crash of the machine any
of them may be there. So one looks back until there is a batch that does, or to the mark from which
the stream is read, which was written after what precedes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from leveret.engine.buffer import Buffer
from leveret.log.batch import (
    CLEAN,
    MAGIC,
    MAGIC_BYTES,
    UNSYNCED,
    Expected,
    Header,
    display,
    has_its_checksum,
    read_header,
)
from leveret.log.disk import Disk
from leveret.log.port import HEADER_BYTES, CorruptionError
from leveret.log.scan import WINDOW_BYTES, Format, Place, Window, scan
from leveret.log.segment import Segment
from leveret.log.task import Task

NOTHING: Final = bytes(HEADER_BYTES)


@dataclass(frozen=True, slots=True)
class End:
    """`index` of the segment in which the stream ends; what was cut begins at `cut_offset`."""

    index: int
    place: Place
    was_clean: bool
    cut_index: int = 0
    cut_offset: int = 0
    cut_bytes: int = 0


@dataclass(slots=True)
class Behind:
    """What was found behind the end: the first batch that vouches, and where the others end."""

    index: int = -1
    offset: int = 0
    number: int = 0
    unsynced_position: int = 0


class LastBatch:
    """Remembers of the batches of a scan what matters for the end."""

    def __init__(self) -> None:
        self.is_clean = False
        self.vouches = False

    def take(self, header: Header, buffer: Buffer, at: int) -> bool:
        self.is_clean = bool(header.flags & CLEAN)
        self.vouches = self.vouches or not header.flags & UNSYNCED
        return True


class Recovery:
    """One stream: its segments in order, the first batch of each noted where it has one."""

    def __init__(self, disk: Disk, segments: list[Segment], form: Format) -> None:
        self.disk = disk
        self.segments = segments
        self.form = form
        self.window = Window(disk, form)

    def note_beginnings(self) -> Task[None]:
        """Note the first batch of each segment that has one of its own."""
        for segment in self.segments:
            at = yield from self.window.load(segment, 0, HEADER_BYTES, HEADER_BYTES)
            header = self.header_at(segment, at, 0)
            if header is not None and not self.problem(segment, header, Place(0, 0, 0)):
                segment.note(header.number, 0)
        for segment, after in pairwise(each for each in self.segments if each.first_number):
            segment.last_number = max(segment.last_number, after.first_number - 1)

    def find_end(self, first_number: int, mark: int) -> Task[End]:
        """What precedes batch `mark` is on the disk for sure. Raises CorruptionError."""
        begun = [index for index, segment in enumerate(self.segments) if segment.first_number]
        last, index, place = LastBatch(), 0, Place(0, first_number, 0)
        while begun and not last.vouches:
            index = begun.pop()
            beginning = Place(0, self.segments[index].first_number, 0)
            index, place = yield from self.walk(index, beginning, last)
            if place.offset == 0:  # its number is in a batch that is bad
                place = Place(0, first_number, 0)
            elif beginning.number <= mark:  # segments before it may have come free
                break
        behind = yield from self.look_behind(index, place)
        bad_index, bad_offset, size = yield from self.find_bad(index, place)
        if behind.index >= 0:
            raise self.corruption(bad_index, bad_offset, place, behind)
        self.refuse_unbegun(index)
        bad_position = self.position(bad_index, bad_offset)
        size = max(size, behind.unsynced_position - bad_position)
        return End(index, place, last.is_clean, bad_index, bad_offset, size)

    def walk(self, index: int, place: Place, last: LastBatch) -> Task[tuple[int, Place]]:
        """From segment to segment as long as batches are good; where they are not any more."""
        place = yield from scan(self.window, self.segments[index], place, self.form, last.take)
        while self.follows(index):
            beginning = Place(0, place.number, place.epoch)
            after = yield from scan(
                self.window, self.segments[index + 1], beginning, self.form, last.take
            )
            if after.offset == 0:
                break
            index, place = index + 1, after
        return index, place

    def follows(self, index: int) -> bool:
        """Whether the next segment is there."""
        after = index + 1
        return (
            after < len(self.segments)
            and self.segments[after].sequence == self.segments[index].sequence + 1
        )

    # What is behind the end.

    def look_behind(self, index: int, place: Place) -> Task[Behind]:
        behind = Behind()
        if self.segments:
            yield from self.search(index, place.offset, self.form.segment_bytes, place, behind)
        for after in range(index + 1, len(self.segments)):
            # Were only its first batch lost, of a usual size, the next would begin in this window.
            is_unused = yield from self.is_unused(after)
            end = WINDOW_BYTES if is_unused else self.form.segment_bytes
            yield from self.search(after, 0, end, place, behind)
        return behind

    def search(self, index: int, offset: int, end: int, place: Place, behind: Behind) -> Task[None]:
        """Look for good batches in a stretch of a segment, wherever they begin."""
        segment, window = self.segments[index], self.window
        end = min(end, segment.written)
        while offset + HEADER_BYTES <= end and behind.index < 0:
            at = yield from window.load(segment, offset, HEADER_BYTES, WINDOW_BYTES)
            if not window.has(at, HEADER_BYTES):
                return
            found = window.find(MAGIC_BYTES, at)
            if found < 0:
                # The magic number may be cut in two by the end of the window.
                offset = window.offset + window.count - len(MAGIC_BYTES) + 1
                continue
            offset = window.offset + found
            header = yield from self.good_header(segment, offset, place)
            if header is None:
                offset += 1
            elif header.flags & UNSYNCED:
                offset += header.size
                behind.unsynced_position = self.position(index, offset)
            else:
                behind.index, behind.offset, behind.number = index, offset, header.number

    def good_header(self, segment: Segment, offset: int, place: Place) -> Task[Header | None]:
        """The header of a whole batch there that is not before the end, nor of an older epoch."""
        at = yield from self.window.load(segment, offset, HEADER_BYTES, WINDOW_BYTES)
        header = self.header_at(segment, at, offset)
        if header is None or header.number < place.number or header.epoch < place.epoch:
            return None
        if self.problem(segment, header, Place(offset, 0, 0)):
            return None
        return (yield from self.checked(segment, offset, header))

    def checked(self, segment: Segment, offset: int, header: Header) -> Task[Header | None]:
        at = yield from self.window.load(segment, offset, header.checked_size, WINDOW_BYTES)
        if not self.window.has(at, header.checked_size):
            return None
        return header if has_its_checksum(header, self.window.buffer, at) else None

    def is_unused(self, index: int) -> Task[bool]:
        """Whether a segment begins as one in which nothing was written since it has its name."""
        segment = self.segments[index]
        at = yield from self.window.load(segment, 0, HEADER_BYTES, HEADER_BYTES)
        header = self.header_at(segment, at, 0)
        if header is None or self.window.memory[at : at + HEADER_BYTES] == NOTHING:
            return True
        is_older = header.magic == MAGIC and header.position != self.position(index, 0)
        if not is_older or header.size > self.form.segment_bytes:
            return False
        return (yield from self.checked(segment, 0, header)) is not None

    # What is bad at the end.

    def find_bad(self, index: int, place: Place) -> Task[tuple[int, int, int]]:
        """Which segment and offset, and how many bytes, 0 if there is nothing bad."""
        if not self.segments:
            return 0, 0, 0
        is_end = yield from self.is_blank(index, place.offset)
        if is_end and self.follows(index) and not (yield from self.is_unused(index + 1)):
            size = yield from self.bad_size(index + 1, 0)
            return index + 1, 0, size
        return index, place.offset, 0 if is_end else (yield from self.bad_size(index, place.offset))

    def is_blank(self, index: int, offset: int) -> Task[bool]:
        if offset == 0:
            return (yield from self.is_unused(index))
        segment = self.segments[index]
        at = yield from self.window.load(segment, offset, HEADER_BYTES, HEADER_BYTES)
        count = min(HEADER_BYTES, self.form.segment_bytes - offset, self.window.count - at)
        return self.window.memory[at : at + count] == NOTHING[:count]

    def bad_size(self, index: int, offset: int) -> Task[int]:
        """As its header says, if that is believable."""
        segment = self.segments[index]
        at = yield from self.window.load(segment, offset, HEADER_BYTES, HEADER_BYTES)
        header = self.header_at(segment, at, offset)
        room = self.form.segment_bytes - offset
        if header is None or self.problem(segment, header, Place(offset, 0, 0)):
            return min(HEADER_BYTES, room)
        return header.size

    def refuse_unbegun(self, index: int) -> None:
        """Before the end, every segment begins with a batch of its own."""
        for segment in self.segments[:index]:
            if not segment.first_number:
                path = self.disk.path(segment.name)
                raise CorruptionError(path, 0, "the first batch is damaged")

    def corruption(self, index: int, offset: int, place: Place, behind: Behind) -> CorruptionError:
        later = self.segments[behind.index]
        return CorruptionError(
            self.disk.path(self.segments[index].name),
            offset,
            f"batch {display(place.number)} is damaged, for batch {display(behind.number)} behind"
            f" it is good ({later.name}, offset {behind.offset})",
        )

    # Helpers.

    def position(self, index: int, offset: int) -> int:
        if not self.segments:
            return 0
        return self.segments[index].position(offset, self.form.segment_bytes)

    def header_at(self, segment: Segment, at: int, offset: int) -> Header | None:
        """What was loaded, if there is so much of it."""
        if not self.window.has(at, HEADER_BYTES):
            return None
        return read_header(self.window.memory, at)

    def problem(self, segment: Segment, header: Header, place: Place) -> str:
        position = segment.position(place.offset, self.form.segment_bytes)
        expected = Expected(place.number, place.epoch, self.form.owner, position)
        return expected.problem(header, self.form.segment_bytes - place.offset)
