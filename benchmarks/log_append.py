"""What it takes until a batch is durable in the log, beside the same bytes written without one.

Appends are one at a time, as a log does them, each waited for with select(). The yardstick is one
pwrite and one fdatasync, of a batch's bytes in whole pages, at the next offset of a file in the
same directory. Both write where something was written before, as in a segment that is used again.
They take turns, one by one, because a disk is not the same from one second to the next.
"""

from __future__ import annotations

import argparse
import os
import select
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from leveret.engine.buffer import COMPILED, Buffer
from leveret.log.directory import FORMAT_NAME, open_directory
from leveret.log.disk_log import DiskLog
from leveret.log.port import HEADER_BYTES, PAGE_BYTES, SEGMENT_BYTES
from leveret.log.segment import SPARE_NAME, segment_name

SPARES = 4
SMALL_BYTES = 1000
LARGE_BYTES = (64 << 10, 1 << 20)
NS_PER_US = 1000
SYNC_DATA = os.fsync if sys.platform == "darwin" else os.fdatasync

Write = Callable[[], None]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--appends", type=int, default=2000, help="of a run; %(default)s")
    parser.add_argument("--megabytes", type=int, default=32, help="of a run; %(default)s")
    parser.add_argument("--runs", type=int, default=5, help="by turns; %(default)s")
    parser.add_argument("--directory", help="on which disk; a temporary one if not given")
    arguments = parser.parse_args()
    if not COMPILED:
        print("not compiled: the log writes inline\n")
    with tempfile.TemporaryDirectory(dir=arguments.directory) as directory:
        bare = BareFile(Path(directory) / "bare")
        with opened_log(Path(directory) / "log") as appender:
            print_latencies(appender, bare, arguments.runs, arguments.appends)
            print_throughputs(appender, bare, arguments.runs, arguments.megabytes << 20)
        bare.close()
    return 0


class BareFile:
    """Writes and syncs, from beginning to end and again."""

    def __init__(self, path: Path) -> None:
        write_whole(path, SEGMENT_BYTES)
        self._fd = os.open(path, os.O_RDWR)
        self._offset = 0

    def write(self, data: bytes) -> None:
        if self._offset + len(data) > SEGMENT_BYTES:
            self._offset = 0
        os.pwrite(self._fd, data, self._offset)
        SYNC_DATA(self._fd)
        self._offset += len(data)

    def writer(self, size: int) -> Write:
        pages = -(-(HEADER_BYTES + size) // PAGE_BYTES)
        data = os.urandom(pages * PAGE_BYTES)
        return lambda: self.write(data)

    def close(self) -> None:
        os.close(self._fd)


class Appender:
    """The owner of a log; hears what it says."""

    def __init__(self) -> None:
        self._durable = 0
        self._is_stopped = False
        self._log: DiskLog

    def own(self, log: DiskLog, owner: int) -> None:
        self._log = log
        self._token = log.claim(owner, log.last_epoch + 1)
        self._wait(lambda: log.ready)

    def writer(self, size: int) -> Write:
        buffer = Buffer(0, bytearray(bytes(HEADER_BYTES) + os.urandom(size)))
        return lambda: self.append(buffer, size)

    def append(self, buffer: Buffer, size: int) -> None:
        number = self._log.append(self._token, buffer, 0, size, 1)
        while self._durable < number:
            select.select([self._log], [], [])
            self._log.poll(milliseconds())

    def free_all(self) -> None:
        """Nothing that was appended lives: its segments are used again."""
        self._log.trim(self._durable + 1)
        for segment in self._log.segments():
            self._log.set_live_bytes(segment.key, 0)
        log = self._log
        self._wait(lambda: log.ready and not log.segments() and bool(log.pool.spares))
        self._log.reserve()  # and no seal comes between

    def stop(self) -> None:
        self._log.stop()
        self._wait(lambda: self._is_stopped)

    def _wait(self, condition: Callable[[], bool]) -> None:
        while True:
            self._log.poll(milliseconds())
            if condition():
                return
            select.select([self._log], [], [], 0.001)

    # What the log says.

    def durable_up_to(self, number: int) -> None:
        self._durable = number

    def copied(self, number: int) -> None:
        raise SystemExit("nothing was to be copied")

    def full(self, is_full: bool) -> None:
        if is_full:
            raise SystemExit("the disk is full")

    def fenced(self) -> None:
        raise SystemExit("somebody else has the log")

    def failed(self, reason: str) -> None:
        raise SystemExit(reason)

    def stopped(self) -> None:
        self._is_stopped = True


@contextmanager
def opened_log(directory: Path) -> Iterator[Appender]:
    """One whose segments were all written before."""
    appender = Appender()
    disk, _ = open_directory(directory, appender)
    disk.close()
    for sequence in range(1, SPARES + 1):
        write_whole(directory / segment_name(SPARE_NAME, sequence), SEGMENT_BYTES)
    disk, log = open_directory(directory, appender)
    owner = int((directory / FORMAT_NAME).read_text().split("owner ")[1].split()[0])
    appender.own(log, owner)
    yield appender
    appender.stop()
    disk.close()


def write_whole(path: Path, size: int) -> None:
    with open(path, "wb") as file:
        for _ in range(0, size, 1 << 20):
            file.write(bytes(1 << 20))
        file.flush()
        os.fsync(file.fileno())


def milliseconds() -> int:
    return time.monotonic_ns() // 1_000_000


def print_latencies(appender: Appender, bare: BareFile, runs: int, appends: int) -> None:
    ways = {
        f"log, a batch of {SMALL_BYTES:,} bytes": appender.writer(SMALL_BYTES),
        "write and sync of 4 KB": bare.writer(SMALL_BYTES),
    }
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for _ in range(runs):
        appender.free_all()
        for name, times in measure(ways, appends).items():
            found[name].append((statistics.median(times), statistics.quantiles(times, n=100)[98]))
    print("| one at a time | p50 µs | p99 µs |\n| --- | --- | --- |")
    for name, each in found.items():
        p50, p99 = (statistics.median(column) for column in zip(*each, strict=True))
        print(f"| {name} | {p50:.0f} | {p99:.0f} |")


def measure(ways: dict[str, Write], count: int) -> dict[str, list[float]]:
    """Microseconds of each call, one of each way after the other."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(count):
        for name, write in ways.items():
            begin = time.perf_counter_ns()
            write()
            times[name].append((time.perf_counter_ns() - begin) / NS_PER_US)
    return times


def print_throughputs(appender: Appender, bare: BareFile, runs: int, total: int) -> None:
    print("\n| batches of | log MB/s | write and sync MB/s |\n| --- | --- | --- |")
    for size in LARGE_BYTES:
        speeds: tuple[list[float], list[float]] = ([], [])
        ways = (appender.writer(size), bare.writer(size))
        for _ in range(runs):
            appender.free_all()
            for found, write in zip(speeds, ways, strict=True):
                found.append(megabytes_per_second(write, size, max(1, total // size)))
        log, bare_file = map(statistics.median, speeds)
        print(f"| {size >> 10} KB | {log:.0f} | {bare_file:.0f} |")


def megabytes_per_second(write: Write, size: int, count: int) -> float:
    begin = time.perf_counter()
    for _ in range(count):
        write()
    return count * size / (time.perf_counter() - begin) / 1e6


if __name__ == "__main__":
    sys.exit(main())
