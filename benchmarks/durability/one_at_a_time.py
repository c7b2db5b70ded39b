"""One persistent message at a time: from publish to confirm, beside a bare write and sync.

The two take turns, message by message, because a disk is not the same from one second to the next.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from harness.brokers import leveret
from harness.table import markdown
from harness.wire import CONFIRM_BYTES, PERSISTENT, publish

from durability.directories import Directories, write_whole
from leveret.bench.session import Session
from leveret.bench.uri import parse_uri
from leveret.log.port import PAGE_BYTES, SEGMENT_BYTES
from leveret.wire.amqp091.methods import (
    ConfirmSelect,
    ConfirmSelectOk,
    QueueDeclare,
    QueueDeclareOk,
)

QUEUE = "one-at-a-time"
BODY = bytes(16)
NS_PER_US = 1000
OVER_BARE_US = 150
GOALS_US = (200, 400)
SYNC_DATA = os.fsync if sys.platform == "darwin" else os.fdatasync

Percentiles = tuple[float, float]


def one_at_a_time(directories: Directories, folder: Path, runs: int, messages: int) -> str:
    """The table of both ways."""
    found: list[tuple[Percentiles, Percentiles]] = []
    bare = BareFile(folder / "bare")
    for _ in range(runs):
        with (
            directories.new() as directory,
            leveret(data_directory=directory) as running,
        ):
            client = Client(running.uri)
            found.append(by_turns(client.publish, bare.write, messages))
            client.close()
    bare.close()
    confirmed, written = (medians([run[way] for run in found]) for way in (0, 1))
    over = [own - other for own, other in zip(confirmed, written, strict=True)]
    lines = [
        ["goal", *(f"{goal}" for goal in GOALS_US)],
        ["publish to confirm", *(f"{each:.0f}" for each in confirmed)],
        ["write and sync of 4 KB", *(f"{each:.0f}" for each in written)],
        [f"the difference (goal: p50 {OVER_BARE_US})", *(f"{each:.0f}" for each in over)],
    ]
    return markdown(["one at a time", "p50 µs", "p99 µs"], lines)


class Client:
    """Publishes one message and waits for its confirm."""

    def __init__(self, uri: str) -> None:
        self._session = Session(parse_uri(uri))
        self._session.call(QueueDeclare(queue=QUEUE, durable=True), QueueDeclareOk)
        self._session.call(ConfirmSelect(), ConfirmSelectOk)
        self._socket = self._session.socket
        self._message = publish(QUEUE, BODY, properties=PERSISTENT)
        self._answer = bytearray(CONFIRM_BYTES)

    def publish(self) -> None:
        self._socket.sendall(self._message)
        rest = memoryview(self._answer)
        while rest:
            count = self._socket.recv_into(rest)
            if not count:
                raise SystemExit("the broker closed the connection")
            rest = rest[count:]

    def close(self) -> None:
        self._session.close()


class BareFile:
    """Writes and syncs pages of a file that was written before, from its beginning to its end."""

    def __init__(self, path: Path) -> None:
        write_whole(path, SEGMENT_BYTES)
        self._path = path
        self._fd = os.open(path, os.O_RDWR)
        self._data = os.urandom(PAGE_BYTES)
        self._offset = 0

    def write(self) -> None:
        os.pwrite(self._fd, self._data, self._offset)
        SYNC_DATA(self._fd)
        self._offset = (self._offset + PAGE_BYTES) % SEGMENT_BYTES

    def close(self) -> None:
        os.close(self._fd)
        self._path.unlink()


def by_turns(
    first: Callable[[], None], second: Callable[[], None], count: int
) -> tuple[Percentiles, Percentiles]:
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(count):
        for way, taken in zip((first, second), times, strict=True):
            begin = time.perf_counter_ns()
            way()
            taken.append((time.perf_counter_ns() - begin) / NS_PER_US)
    return percentiles(times[0]), percentiles(times[1])


def percentiles(times: list[float]) -> Percentiles:
    return statistics.median(times), statistics.quantiles(times, n=100)[98]


def medians(runs: list[Percentiles]) -> Percentiles:
    p50, p99 = (statistics.median(column) for column in zip(*runs, strict=True))
    return p50, p99
