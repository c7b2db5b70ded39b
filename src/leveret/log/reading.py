"""Reading batches back: all from one on, or single ones."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Sequence

from leveret.engine.buffer import Buffer
from leveret.log.batch import Header, display
from leveret.log.disk import Disk
from leveret.log.port import (
    HEADER_BYTES,
    Batch,
    CorruptionError,
    Kind,
    LogError,
    MissingError,
    Take,
    TakeFetched,
)
from leveret.log.scan import Format, Place, Window, scan
from leveret.log.segment import ENTRY_BYTES, Segment
from leveret.log.task import Task, start


def segment_with(segments: Sequence[Segment], number: int) -> Segment | None:
    """The one in which the batch is, if it is in any."""
    begun = [segment for segment in segments if segment.first_number]
    index = bisect_right(begun, number, key=lambda segment: segment.first_number) - 1
    if index < 0 or number > begun[index].last_number:
        return None
    return begun[index]


def batch_of(header: Header, buffer: Buffer, at: int) -> Batch:
    return Batch(
        header.number,
        header.position,
        header.epoch,
        header.kind,
        header.record_count,
        buffer,
        at + HEADER_BYTES,
        0 if header.kind is Kind.LOST else header.length,
    )


def read_from(
    disk: Disk, segments: Sequence[Segment], form: Format, *, first: int, end: int, take: Take
) -> Task[None]:
    """Hand over the batches from `first` up to the one before `end`, all of which must be there."""
    if first >= end:
        return
    window = Window(disk, form)
    segment = segment_with(segments, first)
    if segment is None:
        raise CorruptionError(
            disk.path(segments[0].name),
            0,
            f"batch {display(first)} is in no file, and should be in this one or before it",
        )
    taker = _Taker(first, end, take)
    by_sequence = {each.sequence: each for each in segments}
    number, offset = segment.seek(first)
    place = Place(offset, number, 0)
    while True:
        place = yield from scan(window, segment, place, form, taker.take_batch)
        if taker.is_done:
            return
        following = by_sequence.get(segment.sequence + 1)
        if following is None or following.first_number != place.number:
            raise _damage(disk, segment, place)
        segment, place = following, Place(0, place.number, place.epoch)


class _Taker:
    """Hands over the batches of a range, and knows when it was the last."""

    def __init__(self, first: int, end: int, take: Take) -> None:
        self._first = first
        self._end = end
        self._take = take
        self.is_done = False

    def take_batch(self, header: Header, buffer: Buffer, at: int) -> bool:
        if header.next_number > self._first:
            self._take(batch_of(header, buffer, at))
        self.is_done = header.next_number >= self._end
        return not self.is_done


class Fetcher:
    """Fetches batches in the order in which they were asked for, one read after the other."""

    def __init__(self, disk: Disk, form: Format) -> None:
        self._disk = disk
        self._form = form
        self._window = Window(disk, form)
        self._queue: deque[tuple[list[tuple[int, Segment | None]], TakeFetched]] = deque()
        self._is_busy = False

    def fetch(self, wanted: list[tuple[int, Segment | None]], take: TakeFetched) -> None:
        """Each number comes with the segment in which it is."""
        self._queue.append((wanted, take))
        if not self._is_busy:
            self._next()

    def _next(self) -> None:
        self._is_busy = bool(self._queue)
        if self._is_busy:
            # What was read before may have changed since.
            self._window.forget()
            start(self._fetch_all(*self._queue.popleft()), self._done, self._failed)

    def _done(self, _: None) -> None:
        self._next()

    def _failed(self, error: LogError) -> None:
        raise error

    def _fetch_all(self, wanted: list[tuple[int, Segment | None]], take: TakeFetched) -> Task[None]:
        for number, segment in wanted:
            try:
                yield from self._fetch(number, segment, take)
            except LogError as error:
                take(number, None, error)

    def _fetch(self, number: int, segment: Segment | None, take: TakeFetched) -> Task[None]:
        if segment is None or not segment.first_number <= number <= segment.last_number:
            raise MissingError(f"batch {display(number)} is not in the log")
        sequence = segment.sequence
        taker = _Wanted(number, take)
        known, offset = segment.seek(number)
        place = yield from scan(
            self._window,
            segment,
            Place(offset, known, 0),
            self._form,
            taker.take_batch,
            ENTRY_BYTES,
        )
        if not taker.is_done:
            if segment.sequence != sequence:  # it came free meanwhile
                raise MissingError(f"batch {display(number)} is not in the log any more")
            raise _damage(self._disk, segment, place)


class _Wanted:
    """Hands over one batch, and passes over those before it."""

    def __init__(self, number: int, take: TakeFetched) -> None:
        self._number = number
        self._take = take
        self.is_done = False

    def take_batch(self, header: Header, buffer: Buffer, at: int) -> bool:
        if header.next_number <= self._number:
            return True
        self.is_done = True
        if header.kind is Kind.LOST:
            text = f"batch {display(self._number)} was lost: a repair has set it aside"
            self._take(self._number, None, MissingError(text))
        else:
            self._take(self._number, batch_of(header, buffer, at), None)
        return False


def _damage(disk: Disk, segment: Segment, place: Place) -> CorruptionError:
    return CorruptionError(
        disk.path(segment.name),
        place.offset,
        f"batch {display(place.number)} is damaged ({place.problem or 'the next file is missing'})",
    )
