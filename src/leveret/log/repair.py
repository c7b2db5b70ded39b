"""Sets aside what is bad in a log, and writes into its place what says that it is gone.

    hot-000000000003.segment             | 7 | 8 | ??????? | 11 |
    hot-000000000003.segment.5000.aside            | ??????? |      copied, and synced
    hot-000000000003.segment             | 7 | 8 | LOST 2  | 11 |   then written over

Nothing is deleted. When it stops half-way, it can be done again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

from leveret.engine.buffer import Buffer
from leveret.log.batch import CRC_AT, LOST, make_header, write_header
from leveret.log.check import Report, check, nothing
from leveret.log.damage import Gap, Hole
from leveret.log.directory import FORMAT_NAME, encode_format
from leveret.log.disk import Disk
from leveret.log.marks import NAME as MARKS_NAME
from leveret.log.marks import encode_marks
from leveret.log.port import HEADER_BYTES, LogError
from leveret.log.scan import Format
from leveret.log.segment import position_in_stream, segment_name
from leveret.log.task import Task, moved, run
from leveret.log.walk import Progress

ASIDE = "aside"


@dataclass(frozen=True, slots=True)
class Aside:
    """`count` bytes of a file, from `offset` on, are in the file `name` now."""

    source: str
    offset: int
    count: int
    name: str


@dataclass(slots=True)
class Repaired:
    """`made`: the files that were missing, or damaged as a whole."""

    report: Report
    asides: list[Aside] = field(default_factory=list)
    made: list[str] = field(default_factory=list)
    lost_count: int = 0


def repair(disk: Disk, progress: Progress = nothing) -> Repaired:
    """Does nothing where nothing is bad. Raises LogError where it cannot help."""
    report = check(disk, progress=progress)
    if not report.faults:
        return Repaired(report)
    if report.form is None:
        raise LogError(
            f"{disk.path(FORMAT_NAME)} is damaged, and no segment begins with a good batch, which"
            " would tell what was in it: nothing was changed"
        )
    repaired = _Repair(disk, report, report.form).run()
    left = check(disk, progress=progress)
    if left.faults:
        first = left.faults[0]
        text = f"{disk.path(first.name)}, offset {first.offset}: {first.text}"
        raise LogError(f"this cannot be repaired: {text}")
    return repaired


class _Repair:
    def __init__(self, disk: Disk, report: Report, form: Format) -> None:
        self._disk = disk
        self._report = report
        self._form = form
        self._repaired = Repaired(report)

    def run(self) -> Repaired:
        """What is copied, is copied before anything is changed."""
        names = {fault.name for fault in self._report.faults}
        self._set_aside_all(names)
        if FORMAT_NAME in names:
            self._disk.write_whole(FORMAT_NAME, encode_format(self._form))
            self._repaired.made.append(FORMAT_NAME)
        if MARKS_NAME in names:
            self._disk.write_whole(MARKS_NAME, encode_marks(*self._report.marks))
            self._repaired.made.append(MARKS_NAME)
        for kind, gap in self._report.gaps:
            run(self._disk, self._fill(kind, gap))
            self._repaired.lost_count += gap.count
        return self._repaired

    # Setting aside.

    def _set_aside_all(self, names: set[str]) -> None:
        for name in (FORMAT_NAME, MARKS_NAME):
            if name in names and name in self._disk.names():
                self._set_aside(name, name, 0, self._disk.read_whole(name))
        for kind, gap in self._report.gaps:
            for hole in gap.holes:
                data = run(self._disk, self._content(hole))
                if data.count(0) < len(data):
                    name = segment_name(kind, hole.sequence)
                    self._set_aside(name, f"{name}.{hole.offset}", hole.offset, data)

    def _content(self, hole: Hole) -> Task[bytes]:
        segment = hole.segment
        if segment is None:
            return b""
        count = max(0, min(hole.end, segment.written) - hole.offset)
        buffer = Buffer(count)
        read = partial(self._disk.read, segment.file, hole.offset, buffer, 0, count)
        count = yield from moved(read)
        return buffer.bytes_at(0, count)

    def _set_aside(self, source: str, stem: str, offset: int, data: bytes) -> None:
        name = self._free_name(stem)
        self._disk.write_whole(name, data)
        self._repaired.asides.append(Aside(source, offset, len(data), name))

    def _free_name(self, stem: str) -> str:
        """What an earlier repair has set aside stays."""
        names = set(self._disk.names())
        name, count = f"{stem}.{ASIDE}", 1
        while name in names:
            count += 1
            name = f"{stem}.{count}.{ASIDE}"
        return name

    # Writing what says that batches are lost.

    def _fill(self, kind: str, gap: Gap) -> Task[None]:
        """Each hole gets one batch of the lost at least, if there are so many; the first the rest.

        Readers need something in each file, and the numbers to rise.
        """
        number = gap.number
        if any(hole.end - hole.offset < HEADER_BYTES for hole in gap.holes):
            return  # nothing can be written there: it is told of at the end
        for index, hole in enumerate(gap.holes):
            later = min(len(gap.holes) - index - 1, gap.next_number - number)
            upto = gap.next_number - later if index == 0 else min(number + 1, gap.next_number)
            yield from self._write_lost(kind, hole, gap.epoch, number, upto - number)
            number = upto

    def _write_lost(self, kind: str, hole: Hole, epoch: int, number: int, count: int) -> Task[None]:
        file = yield from self._file(kind, hole)
        header = make_header(
            flags=LOST,
            epoch=epoch,
            owner=self._form.owner,
            number=number,
            position=position_in_stream(kind, hole.sequence, hole.offset, self._form.segment_bytes),
            record_count=count,
            length=hole.end - hole.offset - HEADER_BYTES,
        )
        buffer = Buffer(HEADER_BYTES)
        write_header(buffer, 0, header)
        yield from moved(
            partial(
                self._disk.write,
                file,
                hole.offset,
                buffer,
                0,
                HEADER_BYTES,
                sync=True,
                crc_at=CRC_AT,
                crc_count=HEADER_BYTES,
            )
        )

    def _file(self, kind: str, hole: Hole) -> Task[int]:
        if hole.segment is not None:
            return hole.segment.file
        name = segment_name(kind, hole.sequence)
        file = yield from moved(partial(self._disk.create, name))
        yield from moved(self._disk.sync_names)
        self._repaired.made.append(name)
        return file
