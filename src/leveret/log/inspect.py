"""What a log consists of, told from the headers of its batches, while a broker uses it or not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from struct import Struct
from typing import Final

from leveret.log.batch import CLEAN, COLD, Expected, Header, read_header
from leveret.log.check import refuse_nothing
from leveret.log.directory import FORMAT_NAME, FORMAT_VERSION, LOCK_NAME, decode_format
from leveret.log.disk import Disk, LocalDisk, LockedError
from leveret.log.marks import NAME as MARKS_NAME
from leveret.log.marks import decode_marks
from leveret.log.opening import FIRST_NUMBER, find_files
from leveret.log.port import HEADER_BYTES, Batch, Kind, LogError
from leveret.log.scan import Format, Window
from leveret.log.segment import ENTRY_BYTES, Segment
from leveret.log.task import Task, run

RECORD_HEAD: Final = Struct(">IB")
RECORD_BYTES_MIN: Final = 8
OPEN_TRIES: Final = 5
"""A broker gives files other names, but not so often."""


@dataclass(slots=True)
class StreamInfo:
    """`byte_count`: of the files; `used`: of the batches in them."""

    segment_count: int = 0
    byte_count: int = 0
    used: int = 0
    batch_count: int = 0
    record_count: int = 0
    lost_count: int = 0
    first_number: int = 0
    last_number: int = 0
    first_position: int = 0
    end_position: int = 0
    read_from: int = 0


@dataclass(slots=True)
class LogInfo:
    """Numbers and positions of the cold stream are told without its highest bit.

    `used_by`: why nobody else can have the directory, "" if one can. `last_stop`: "clean",
    "unclean", or "none" where nothing was ever written.
    """

    directory: str
    version: int = FORMAT_VERSION
    owner: int = 0
    segment_bytes: int = 0
    used_by: str = ""
    last_stop: str = "none"
    epoch: int = 0
    hot: StreamInfo = field(default_factory=StreamInfo)
    cold: StreamInfo = field(default_factory=StreamInfo)
    spare: StreamInfo = field(default_factory=StreamInfo)


@dataclass(frozen=True, slots=True)
class RecordHead:
    """What is the same in each record. `offset` is from the beginning of its batch."""

    offset: int
    length: int
    kind: int


def open_log(directory: Path, *, read_only: bool) -> LocalDisk:
    """The directory for a tool, which has it for itself. Raises LockedError, or LogError."""
    if not directory.is_dir():
        raise LogError(f"{directory}: there is no such directory")
    disk = LocalDisk(directory, read_only=read_only)
    try:
        refuse_nothing(disk, find_files(disk))
        disk.lock(LOCK_NAME)
    except BaseException:
        disk.close()
        raise
    return disk


def inspect(directory: Path) -> LogInfo:
    """What there is. Checksums are not looked at. Raises LogError."""
    used_by = ""
    try:
        disk = open_log(directory, read_only=True)
    except LockedError as error:
        used_by = str(error)
        disk = LocalDisk(directory, read_only=True)
    try:
        return _inspect(disk, used_by)
    finally:
        disk.close()


def _inspect(disk: LocalDisk, used_by: str) -> LogInfo:
    form = decode_format(disk.read_whole(FORMAT_NAME), disk.path(FORMAT_NAME))
    info = LogInfo(
        disk.path(""), owner=form.owner, segment_bytes=form.segment_bytes, used_by=used_by
    )
    info.hot.read_from, info.cold.read_from = _marks(disk)
    for tries_left in reversed(range(OPEN_TRIES)):
        try:
            files = find_files(disk)
            break
        except FileNotFoundError:
            if not tries_left:
                raise
    last = run(disk, _tell_of(disk, form, files.hot, info.hot))
    run(disk, _tell_of(disk, form, files.cold, info.cold))
    info.spare.segment_count = len(files.spare)
    info.spare.byte_count = sum(segment.written for segment in files.spare)
    if last is not None:
        info.epoch = last.epoch
        info.last_stop = "clean" if last.flags & CLEAN else "unclean"
    return info


def _marks(disk: Disk) -> tuple[int, int]:
    data = disk.read_whole(MARKS_NAME) if MARKS_NAME in disk.names() else b""
    newest = decode_marks(data)
    return (FIRST_NUMBER, FIRST_NUMBER) if newest is None else (newest[1], newest[2] & ~COLD)


def _tell_of(
    disk: Disk, form: Format, segments: list[Segment], info: StreamInfo
) -> Task[Header | None]:
    """Count what is in the stream; returns the header of its last batch."""
    window = Window(disk, form)
    last: Header | None = None
    for segment in segments:
        info.segment_count += 1
        info.byte_count += segment.written
        last = yield from _count(window, segment, form, last, info)
    if last is not None:
        info.last_number = (last.next_number - 1) & ~COLD
        info.end_position = (last.position & ~COLD) + last.size
    return last


def _count(
    window: Window, segment: Segment, form: Format, last: Header | None, info: StreamInfo
) -> Task[Header | None]:
    offset, number = 0, 0
    epoch = 0 if last is None else last.epoch
    while (room := form.segment_bytes - offset) >= HEADER_BYTES:
        at = yield from window.load(segment, offset, HEADER_BYTES, ENTRY_BYTES)
        if not window.has(at, HEADER_BYTES):
            break
        header = read_header(window.memory, at)
        position = segment.position(offset, form.segment_bytes)
        if Expected(number, epoch, form.owner, position).problem(header, room):
            break
        if info.batch_count == info.lost_count == 0:
            info.first_number, info.first_position = header.number & ~COLD, position & ~COLD
        info.used += header.checked_size
        if header.kind is Kind.LOST:
            info.lost_count += header.record_count
        else:
            info.batch_count += 1
            info.record_count += header.record_count
        last, offset, number, epoch = header, offset + header.size, header.next_number, header.epoch
    return last


def record_heads(batch: Batch) -> Iterator[RecordHead]:
    """Of each record of the batch. Raises LogError where one cannot be."""
    memory = batch.buffer.memory()
    at, end = batch.offset, batch.offset + batch.length
    while at < end:
        offset = at - batch.offset + HEADER_BYTES
        length, kind = (
            (0, 0) if end - at < RECORD_BYTES_MIN else RECORD_HEAD.unpack_from(memory, at)
        )
        if not RECORD_BYTES_MIN <= length <= end - at:
            raise LogError(f"{offset} bytes behind the batch's beginning there is no record")
        yield RecordHead(offset, length, kind)
        at += length
