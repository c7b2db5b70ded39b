"""The start: finds what is in the directory and where the streams end, or refuses."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from functools import partial

from leveret.log.batch import COLD, display
from leveret.log.disk import Disk
from leveret.log.disk_log import DiskListener, DiskLog
from leveret.log.marks import NAME, load_marks
from leveret.log.port import CorruptionError
from leveret.log.recovery import End, Recovery
from leveret.log.scan import Format
from leveret.log.segment import COLD_NAME, HOT_NAME, Segment, parse_name
from leveret.log.space import DISK_FREE_LIMIT_BYTES
from leveret.log.stream import Stream
from leveret.log.task import Task, moved, run

log = logging.getLogger(__name__)

FIRST_NUMBER = 1


@dataclass(slots=True)
class Files:
    """The segments in a directory, each kind in order."""

    hot: list[Segment] = field(default_factory=list)
    cold: list[Segment] = field(default_factory=list)
    spare: list[Segment] = field(default_factory=list)


def open_disk_log(
    disk: Disk,
    form: Format,
    listener: DiskListener,
    *,
    is_synced: bool = True,
    disk_free_limit: int = DISK_FREE_LIMIT_BYTES,
) -> DiskLog:
    """The log in the directory, which is new if it is empty. Raises CorruptionError.

    `is_synced`: whether an append is waited for until it is on the disk, or only written.
    """
    files = find_files(disk)
    marks = load_marks(disk, hot=FIRST_NUMBER, cold=COLD + FIRST_NUMBER)
    opened = DiskLog(
        disk, form, listener, marks, is_synced=is_synced, disk_free_limit=disk_free_limit
    )
    for segment in files.spare:
        opened.pool.add_spare(segment)
    cold_marks, hot_marks = (COLD + FIRST_NUMBER, marks.cold), (FIRST_NUMBER, marks.hot)
    cold = run(disk, _resume(disk, opened, opened.cold, files.cold, form, cold_marks))
    hot = run(disk, _resume(disk, opened, opened.hot, files.hot, form, hot_marks))
    for end, mark in ((hot, marks.hot), (cold, marks.cold)):
        if end.place.number < mark:
            text = f"the log ends before batch {display(mark)}, where it would be read from"
            raise CorruptionError(disk.path(NAME), 0, text)
    opened.last_epoch = max(hot.place.epoch, cold.place.epoch)
    opened.is_clean = hot.was_clean or hot.place.number == FIRST_NUMBER
    return opened


def find_files(disk: Disk) -> Files:
    """Open all segments. What else is in the directory does not matter."""
    files = Files()
    by_kind = {HOT_NAME: files.hot, COLD_NAME: files.cold}
    for name in disk.names():
        if parsed := parse_name(name):
            kind, sequence = parsed
            file = disk.open(name)
            segment = Segment(kind, sequence, file, disk.size(file))
            by_kind.get(kind, files.spare).append(segment)
    for segments in (files.hot, files.cold, files.spare):
        segments.sort(key=lambda segment: segment.sequence)
    return files


def _resume(
    disk: Disk,
    opened: DiskLog,
    stream: Stream,
    segments: list[Segment],
    form: Format,
    first_and_mark: tuple[int, int],
) -> Task[End]:
    recovery = Recovery(disk, segments, form)
    yield from recovery.note_beginnings()
    end = yield from recovery.find_end(*first_and_mark)
    if end.cut_bytes:
        log.warning(
            "%s, offset %d: cut %d bytes of a batch that was not wholly written",
            disk.path(segments[end.cut_index].name),
            end.cut_offset,
            end.cut_bytes,
        )
    kept = segments[: end.index + 1]
    for segment in segments[end.index + 1 :]:
        opened.pool.give(segment)
    # A process that was killed may have left its last writes in the page cache: what is read
    # now, and acted upon, must be on the disk before anything that follows from it.
    for segment in kept:
        segment.appended = segment.written
        segment.last_number = min(segment.last_number, end.place.number - 1)
        yield from moved(partial(disk.sync, segment.file))
    stream.resume(kept, end.place.offset, end.place.number)
    return end
