"""What `leveret log` tells of a log, in lines."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from shlex import quote
from types import TracebackType
from typing import Final, Self, TextIO

from leveret.log.check import Report
from leveret.log.damage import Fault
from leveret.log.inspect import LogInfo, StreamInfo
from leveret.log.repair import Repaired

LABEL_WIDTH: Final = 12
PROGRESS_SECONDS: Final = 0.1
MEBIBYTE: Final = 1 << 20
LAST_STOPS: Final = {
    "none": "none: nothing was written yet",
    "clean": "clean",
    "unclean": "unclean: the broker was killed, or the machine failed",
}

PathOf = Callable[[str], str]


def info_lines(info: LogInfo) -> Iterator[str]:
    def row(label: str, text: str) -> str:
        return f"{label:{LABEL_WIDTH}}{text}"

    yield row("directory", info.directory)
    yield row("format", f"version {info.version}, segments of {size(info.segment_bytes)}")
    yield row("owner", f"{info.owner}, epoch {info.epoch}")
    yield row("lock", info.used_by or "free: no broker uses the directory")
    yield row("last stop", "not yet" if info.used_by else LAST_STOPS[info.last_stop])
    for label, stream in (("hot", info.hot), ("cold", info.cold)):
        for index, text in enumerate(_stream_lines(stream)):
            yield row("" if index else label, text)
    yield row("spare", _files(info.spare))


def _stream_lines(stream: StreamInfo) -> Iterator[str]:
    yield _files(stream)
    if stream.batch_count or stream.lost_count:
        yield (
            f"{count(stream.batch_count, 'batch', 'batches')}"
            f" ({stream.first_number} to {stream.last_number}, read from {stream.read_from} on),"
            f" {count(stream.record_count, 'record')}"
        )
        yield (
            f"positions {stream.first_position} to {stream.end_position},"
            f" {size(stream.used)} in use"
        )
    if stream.lost_count:
        yield f"{count(stream.lost_count, 'batch', 'batches')} lost in a repair"


def _files(stream: StreamInfo) -> str:
    if not stream.segment_count:
        return "no segments"
    return f"{count(stream.segment_count, 'segment')}, {size(stream.byte_count)}"


class CheckLines:
    """`path` is where people find a file."""

    def __init__(self, path: PathOf) -> None:
        self._path = path

    def of(self, report: Report) -> Iterator[str]:
        yield from self.faults(report)
        for torn in report.torn:
            yield self._line(torn)
        if report.lost_count:
            yield f"{count(report.lost_count, 'batch', 'batches')} lost in an earlier repair"
        yield (
            f"{count(len(report.faults), 'fault')} in {count(report.segment_count, 'segment')}:"
            f" {count(report.batch_count, 'good batch', 'good batches')},"
            f" {count(report.record_count, 'record')}, {size(report.byte_count)}"
        )

    def faults(self, report: Report) -> Iterator[str]:
        return map(self._line, report.faults)

    def advice(self, directory: Path) -> str:
        command = f"leveret log repair --data-dir {quote(str(directory))}"
        return f"`{command}` sets the bad part aside"

    def _line(self, fault: Fault) -> str:
        return f"{self._path(fault.name)}, offset {fault.offset}: {fault.text}"


def repair_lines(repaired: Repaired, path: PathOf) -> Iterator[str]:
    if not repaired.report.faults:
        yield "nothing is bad, and nothing was changed"
        return
    for aside in repaired.asides:
        bytes_there = f"{count(aside.count, 'byte')} at offset {aside.offset}"
        yield f"{path(aside.source)}: {bytes_there} set aside: {path(aside.name)}"
    for name in repaired.made:
        yield f"{path(name)}: made"
    yield f"{count(repaired.lost_count, 'batch', 'batches')} lost; the log is good now"


class ProgressLine:
    """How much was looked at, on a terminal only; gone at the end."""

    def __init__(self, file: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._file = file
        self._clock = clock
        self._is_shown = file.isatty()
        self._next = clock() + PROGRESS_SECONDS
        self._width = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._width:
            print("\r" + " " * self._width, end="\r", file=self._file, flush=True)

    def show(self, byte_count: int) -> None:
        if self._is_shown and self._clock() >= self._next:
            self._next = self._clock() + PROGRESS_SECONDS
            text = f"{size(byte_count)} read"
            print(f"\r{text:{self._width}}", end="", file=self._file, flush=True)
            self._width = max(self._width, len(text))


def count(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


def size(byte_count: int) -> str:
    if byte_count < MEBIBYTE:
        return count(byte_count, "byte")
    return f"{byte_count / MEBIBYTE:,.1f} MiB"
