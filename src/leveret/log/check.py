"""Reads all of a log that nobody uses, changes nothing, and tells what is wrong with it."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from leveret.log.batch import COLD, Header, read_header
from leveret.log.damage import Fault, Gap, StreamDamage
from leveret.log.directory import FORMAT_NAME, decode_format
from leveret.log.disk import Disk
from leveret.log.marks import NAME as MARKS_NAME
from leveret.log.marks import decode_marks
from leveret.log.opening import FIRST_NUMBER, Files, find_files
from leveret.log.port import HEADER_BYTES, SEGMENT_BYTES, CorruptionError, Kind, LogError
from leveret.log.recovery import End, Recovery
from leveret.log.scan import Format, Place
from leveret.log.segment import COLD_NAME, HOT_NAME, Segment
from leveret.log.task import Task, run
from leveret.log.walk import Found, Progress, Stretch, TakeFound, Walk


@dataclass(slots=True)
class Report:
    """What was found.

    `form` and `marks` are what they must be: as written, or if that is damaged (`faults`) as the
    segments tell; `form` is None if these do not. `torn`: what the next start cuts.
    """

    form: Format | None = None
    marks: tuple[int, int] = (FIRST_NUMBER, COLD + FIRST_NUMBER)
    files: Files = field(default_factory=Files)
    faults: list[Fault] = field(default_factory=list)
    gaps: list[tuple[str, Gap]] = field(default_factory=list)
    torn: list[Fault] = field(default_factory=list)
    byte_count: int = 0
    batch_count: int = 0
    record_count: int = 0
    lost_count: int = 0

    @property
    def segment_count(self) -> int:
        return len(self.files.hot) + len(self.files.cold)

    def count(self, header: Header) -> None:
        self.byte_count += header.checked_size
        if header.kind is Kind.LOST:
            self.lost_count += header.record_count
        else:
            self.batch_count += 1
            self.record_count += header.record_count


def nothing(*_: object) -> None:
    """For who does not want to be told."""


def check(disk: Disk, take: TakeFound = nothing, progress: Progress = nothing) -> Report:
    """The log's state, for which each batch is read; `take` gets the good ones.

    `progress` is told how many bytes of the segments' files were looked at. Raises LogError where
    there is no log, and FormatError where it is of another version.
    """
    report = Report(files=find_files(disk))
    refuse_nothing(disk, report.files)
    _check_format(disk, report)
    if report.form is not None:
        _Check(disk, report, report.form, take, progress).run()
    return report


def refuse_nothing(disk: Disk, files: Files) -> None:
    """Raises LogError where there is no log."""
    if FORMAT_NAME not in disk.names() and not files.hot and not files.cold:
        raise LogError(f"{disk.path('')}: there is no log")


def _check_format(disk: Disk, report: Report) -> None:
    if FORMAT_NAME not in disk.names():
        report.faults.append(Fault(FORMAT_NAME, 0, "the file is missing"))
    else:
        try:
            report.form = decode_format(disk.read_whole(FORMAT_NAME), disk.path(FORMAT_NAME))
            return
        except CorruptionError:
            report.faults.append(Fault(FORMAT_NAME, 0, "this is not the format of a log"))
    segments = report.files.hot + report.files.cold
    report.form = run(disk, _form_told_by(disk, segments))


def _form_told_by(disk: Disk, segments: list[Segment]) -> Task[Format | None]:
    """What a good batch at the beginning of a segment says; all segments have one size."""
    for segment in segments:
        window = Recovery(disk, [segment], Format(0, SEGMENT_BYTES)).window
        at = yield from window.load(segment, 0, HEADER_BYTES, HEADER_BYTES)
        if window.has(at, HEADER_BYTES):
            form = Format(read_header(window.memory, at).owner, SEGMENT_BYTES)
            recovery = Recovery(disk, [segment], form)
            header = yield from recovery.good_header(segment, 0, Place(0, 0, 0))
            if header is not None:
                return form
    return None


class _Check:
    def __init__(
        self, disk: Disk, report: Report, form: Format, take: TakeFound, progress: Progress
    ) -> None:
        self._disk = disk
        self._report = report
        self._form = form
        self._take = take
        self._progress = progress

    def run(self) -> None:
        files = self._report.files
        hot = self._walk(files.hot, 0)
        cold = self._walk(files.cold, sum(segment.written for segment in files.hot))
        self._check_marks(hot, cold)
        hot_mark, cold_mark = self._report.marks
        self._check_stream(HOT_NAME, files.hot, hot, FIRST_NUMBER, hot_mark)
        self._check_stream(COLD_NAME, files.cold, cold, COLD + FIRST_NUMBER, cold_mark)

    def _walk(self, segments: list[Segment], bytes_before: int) -> list[Stretch]:
        def progress(count: int) -> None:
            self._progress(bytes_before + count)

        walk = Walk(self._disk, self._form, segments, self._taken, progress)
        return run(self._disk, walk.stretches())

    def _taken(self, found: Found) -> None:
        self._report.count(found.header)
        self._take(found)

    def _check_marks(self, hot: list[Stretch], cold: list[Stretch]) -> None:
        report = self._report
        if MARKS_NAME in self._disk.names():
            newest = decode_marks(self._disk.read_whole(MARKS_NAME))
            if newest is not None:
                report.marks = newest[1], newest[2]
                return
            report.faults.append(Fault(MARKS_NAME, 0, "both slots are damaged"))
        elif hot or cold:
            report.faults.append(Fault(MARKS_NAME, 0, "the file is missing"))
        report.marks = (
            _mark_told_by(hot, FIRST_NUMBER),
            _mark_told_by(cold, COLD + FIRST_NUMBER),
        )

    def _check_stream(
        self, kind: str, segments: list[Segment], stretches: list[Stretch], first: int, mark: int
    ) -> None:
        damage = StreamDamage(kind, segments, self._form.segment_bytes, first=first, mark=mark)
        gaps = damage.find(stretches)
        self._report.gaps += [(kind, gap) for gap in gaps]
        self._report.faults += [gap.fault for gap in gaps]
        if not gaps:
            self._find_torn(segments, first, mark)

    def _find_torn(self, segments: list[Segment], first: int, mark: int) -> None:
        """As a start does, which must not refuse."""
        for segment in segments:
            segment.rename(segment.kind, segment.sequence)  # what was noted of it, too
        try:
            end = run(self._disk, _find_end(self._disk, segments, self._form, first, mark))
        except CorruptionError as error:
            fault = Fault(os.path.basename(error.file), error.offset, "a start refuses this")
            self._report.faults.append(fault)
            return
        if end.cut_bytes:
            text = f"{end.cut_bytes} bytes were not wholly written: the next start cuts them"
            self._report.torn.append(Fault(segments[end.cut_index].name, end.cut_offset, text))


def _find_end(
    disk: Disk, segments: list[Segment], form: Format, first: int, mark: int
) -> Task[End]:
    recovery = Recovery(disk, segments, form)
    yield from recovery.note_beginnings()
    return (yield from recovery.find_end(first, mark))


def _mark_told_by(stretches: list[Stretch], first: int) -> int:
    """Where the last segments begin between which no file is missing: all before was trimmed."""
    start = None
    for stretch in reversed(stretches):
        if start is not None and start.segment.sequence - stretch.segment.sequence > 1:
            break
        start = stretch
    return first if start is None or start.segment.sequence == 0 else start.number
