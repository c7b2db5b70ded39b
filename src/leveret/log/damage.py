"""What is wrong with a stream, told from the good stretches of its segments.

    stretch      gap       stretch
    .. | 7 | 8 | ??????? | 11 | 12 | ..      batches 9 and 10 are lost, and had this hole
         8 | ?? || no file || ?? | 14 |      9 to 13 are, and had three

A gap is no damage where segments came free, which are older than the mark from which the stream is
read. At the end of a stream, what nothing good and synced follows was never promised.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from leveret.log.batch import COLD, display
from leveret.log.port import HEADER_BYTES
from leveret.log.segment import Segment, segment_name
from leveret.log.walk import Stretch


@dataclass(frozen=True, slots=True)
class Fault:
    """`name` of the file."""

    name: str
    offset: int
    text: str


@dataclass(frozen=True, slots=True)
class Hole:
    """Where there should be batches: from `offset` to `end` of a file, which may be missing."""

    sequence: int
    offset: int
    end: int
    segment: Segment | None


@dataclass(frozen=True, slots=True)
class Gap:
    """The batches from `number` up to the one before `next_number` are not in the stream."""

    number: int
    next_number: int
    epoch: int
    holes: tuple[Hole, ...]
    fault: Fault

    @property
    def count(self) -> int:
        return self.next_number - self.number


class StreamDamage:
    """Finds the gaps of one stream. `mark`: from which batch it is read."""

    def __init__(
        self, kind: str, segments: Sequence[Segment], segment_bytes: int, *, first: int, mark: int
    ) -> None:
        self._kind = kind
        self._by_sequence = {segment.sequence: segment for segment in segments}
        self._segment_bytes = segment_bytes
        self._first = first
        self._mark = mark

    def find(self, stretches: Sequence[Stretch]) -> list[Gap]:
        promised = self.promised(stretches)
        gaps = []
        if promised:
            gaps.append(self._before(promised[0]))
        gaps += map(self._between, promised, promised[1:])
        gaps.append(self._behind(promised[-1] if promised else None))
        return [gap for gap in gaps if gap is not None]

    def promised(self, stretches: Sequence[Stretch]) -> Sequence[Stretch]:
        """Without those at the end before which something is bad, and of which none was synced.

        What begins up to the mark was, for the mark is written later. If they end before it, or
        there are none, though a stream begins with what was synced, more is bad than what was
        not: then all that is good is wanted.
        """
        synced = [each.vouches or each.number <= self._mark for each in stretches]
        end = max((index + 1 for index, is_synced in enumerate(synced) if is_synced), default=0)
        while end < len(stretches) and end and follows(stretches[end - 1], stretches[end]):
            end += 1
        is_reached = end > 0 and stretches[end - 1].end.number >= self._mark
        return stretches[:end] if is_reached else stretches

    def _before(self, after: Stretch) -> Gap | None:
        """What is missing before the first good batch."""
        bad = [each for each in self._by_sequence if each < after.segment.sequence]
        start = min(bad, default=after.segment.sequence - 1)
        holes = self._holes(max(start, 0), after)
        if not holes and after.number <= max(self._mark, self._first):
            return None
        if holes and holes[0].sequence == 0:
            number = self._first
        elif self._mark < after.number:
            number = self._mark
        else:  # how many there were is not known
            number = max(self._first, after.number - len(holes))
        return self._gap(number, after.number, after.epoch, holes or [self._start(after)], "")

    def _between(self, before: Stretch, after: Stretch) -> Gap | None:
        if follows(before, after):
            return None
        if before.segment is after.segment:
            sequence = before.segment.sequence
            holes = [Hole(sequence, before.end.offset, after.offset, before.segment)]
        else:
            holes = self._holes(before.segment.sequence + 1, after)
            is_damaged = not before.is_end_blank or (
                not holes and after.segment.sequence == before.segment.sequence + 1
            )
            if is_damaged and self._has_room(before):
                holes.insert(0, self._tail(before))
            if not holes and after.number <= self._mark:
                return None  # segments between them came free
        end = before.end
        holes = holes or [self._start(after)]
        problem = end.problem if holes[0].segment is before.segment else ""
        return self._gap(end.number, after.number, end.epoch, holes, problem)

    def _behind(self, before: Stretch | None) -> Gap | None:
        """What is missing between the last good batch and the one to be read from."""
        number = self._first if before is None else before.end.number
        if number >= self._mark:
            return None
        epoch = 0 if before is None else before.end.epoch
        last = -1 if before is None else before.segment.sequence
        holes = [self._tail(before)] if before is not None and self._has_room(before) else []
        for sequence, segment in self._by_sequence.items():
            if sequence > last:
                holes.append(Hole(sequence, 0, self._segment_bytes, segment))
        holes = holes or [Hole(last + 1, 0, self._segment_bytes, None)]
        return self._gap(number, self._mark, epoch, holes, "the log ends before")

    def _holes(self, start: int, after: Stretch) -> list[Hole]:
        """From the segment `start` up to where the stretch begins.

        A file that is not there is one only if its batches would be read.
        """
        holes = []
        for sequence in range(start, after.segment.sequence):
            segment = self._by_sequence.get(sequence)
            if segment is not None or after.number > self._mark:
                holes.append(Hole(sequence, 0, self._segment_bytes, segment))
        if after.offset > 0:
            holes.append(Hole(after.segment.sequence, 0, after.offset, after.segment))
        return holes

    def _start(self, after: Stretch) -> Hole:
        """Nothing that is known has room for what is missing."""
        return Hole(after.segment.sequence, after.offset, after.offset, after.segment)

    def _tail(self, before: Stretch) -> Hole:
        segment = before.segment
        return Hole(segment.sequence, before.end.offset, self._segment_bytes, segment)

    def _has_room(self, before: Stretch) -> bool:
        return before.end.offset + HEADER_BYTES <= self._segment_bytes

    def _gap(
        self, number: int, next_number: int, epoch: int, holes: list[Hole], problem: str
    ) -> Gap:
        hole = holes[0]
        is_one = next_number - number == 1
        last = (next_number - 1) & ~COLD
        batches = f"batch {display(number)}" if is_one else f"batches {display(number)} to {last}"
        if hole.segment is None:
            text = f"the file is missing, with {batches}"
        else:
            are = "is" if is_one else "are"
            text = f"{batches} {are} damaged ({problem or 'there is no good one'})"
        fault = Fault(segment_name(self._kind, hole.sequence), hole.offset, text)
        return Gap(number, next_number, epoch, tuple(holes), fault)


def follows(before: Stretch, after: Stretch) -> bool:
    """Whether nothing is missing between them."""
    return (
        after.offset == 0
        and after.segment.sequence == before.segment.sequence + 1
        and after.number == before.end.number
    )
