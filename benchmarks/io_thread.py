"""What it takes to have 4 KB on the disk, seen from an event loop: inline, and by the I/O thread.

Each write is one pwrite and one fdatasync, at the next offset of a file that has been written
before, as the log does. Inline the loop stands still meanwhile; by the thread it is woken up.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import closing

from leveret.engine.buffer import COMPILED, Buffer
from leveret.log.native.crc32c import crc32c
from leveret.log.native.io_thread import IoThread

BLOCK_BYTES = 4096
FILE_BYTES = 64 << 20
CRC_BYTES = 1 << 20
CRC_RUNS = 200
NS_PER_US = 1000
SYNC_DATA = os.fsync if sys.platform == "darwin" else os.fdatasync

Write = Callable[[int], Awaitable[None]]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--writes", type=int, default=2000, help="of a run; %(default)s")
    parser.add_argument("--runs", type=int, default=5, help="by turns; %(default)s")
    parser.add_argument("--directory", help="of the file; a temporary one if not given")
    arguments = parser.parse_args()
    with tempfile.TemporaryFile(dir=arguments.directory) as file:
        prepare(file.fileno())
        results = asyncio.run(measure(file.fileno(), arguments.runs, arguments.writes))
    print("| 4 KB written and synced | p50 µs | p99 µs |\n| --- | --- | --- |")
    for name, (p50, p99) in results.items():
        print(f"| {name} | {p50:.0f} | {p99:.0f} |")
    print(f"\ncrc32c: {crc_gigabytes_per_second():.1f} GB/s")
    return 0


def prepare(fd: int) -> None:
    for offset in range(0, FILE_BYTES, CRC_BYTES):
        os.pwrite(fd, bytes(CRC_BYTES), offset)
    os.fsync(fd)


async def measure(fd: int, runs: int, writes: int) -> dict[str, tuple[float, float]]:
    """The medians of the runs' percentiles."""
    buffer = Buffer(0, bytearray(os.urandom(BLOCK_BYTES)))
    with closing(IoThread()) as thread:
        ways = {
            "inline": inline(fd, buffer),
            "thread" if COMPILED else "uncompiled, inline": by_thread(thread, fd, buffer),
        }
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
        for _ in range(runs):
            for name, write in ways.items():
                found[name].append(await percentiles(write, writes))
        asyncio.get_running_loop().remove_reader(thread)
    return {
        name: (
            statistics.median(p50 for p50, _ in each),
            statistics.median(p99 for _, p99 in each),
        )
        for name, each in found.items()
    }


def inline(fd: int, buffer: Buffer) -> Write:
    async def write(offset: int) -> None:
        os.pwrite(fd, buffer.memory(), offset)
        SYNC_DATA(fd)
        await asyncio.sleep(0)

    return write


def by_thread(thread: IoThread, fd: int, buffer: Buffer) -> Write:
    loop = asyncio.get_running_loop()
    waiting: list[asyncio.Future[None]] = []

    def answered() -> None:
        for _, count, error in thread.completions():
            if error or count != BLOCK_BYTES:
                raise SystemExit(f"{count} bytes written: {os.strerror(error)}")
            waiting.pop().set_result(None)

    async def write(offset: int) -> None:
        waiting.append(loop.create_future())
        thread.write(0, fd, offset, buffer, 0, BLOCK_BYTES, sync=True)
        await waiting[0]

    loop.add_reader(thread, answered)
    return write


async def percentiles(write: Write, writes: int) -> tuple[float, float]:
    """The median and the 99th percentile, in microseconds."""
    times = []
    for number in range(writes):
        begin = time.perf_counter_ns()
        await write(number * BLOCK_BYTES % FILE_BYTES)
        times.append((time.perf_counter_ns() - begin) / NS_PER_US)
    return statistics.median(times), statistics.quantiles(times, n=100)[98]


def crc_gigabytes_per_second() -> float:
    buffer = Buffer(0, os.urandom(CRC_BYTES))
    runs = CRC_RUNS if COMPILED else 1
    begin = time.perf_counter()
    for _ in range(runs):
        crc32c(buffer, 0, CRC_BYTES)
    return runs * CRC_BYTES / (time.perf_counter() - begin) / 1e9


if __name__ == "__main__":
    sys.exit(main())
