import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from leveret.broker.broker import Broker
from leveret.engine.shard import Shard
from leveret.log.directory import LOCK_NAME
from leveret.log.disk import LocalDisk
from leveret.server.durability import Durability, Refused
from leveret.server.recovery import Recovery, recover

POLLS_MAX = 4
"""Of a start that is woken once."""
WAKE_S = 0.05


class SlowLog:
    """Has read all when its descriptor says so, which is a while after it was asked."""

    is_clean = True
    first_number = 1
    first_copied = 1 << 62
    ready = True

    def __init__(self, fd: int, wake: Callable[[], None]) -> None:
        self.poll_count = 0
        self._fd = fd
        self._wake = wake
        self._finished: Callable[[None], None]

    def read(self, first: int, take: object, finished: Callable[[None], None]) -> None:
        self._finished = finished
        threading.Timer(WAKE_S, self._wake).start()

    def fileno(self) -> int:
        return self._fd

    def poll(self, tick: int) -> None:
        self.poll_count += 1
        try:
            os.read(self._fd, 1)
        except BlockingIOError:
            return
        self._finished(None)


@contextmanager
def slow_log() -> Iterator[SlowLog]:
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    try:
        yield SlowLog(reading, lambda: os.write(writing, b"x") and None)
    finally:
        os.close(reading)
        os.close(writing)


def test_a_start_sleeps_while_the_disk_reads() -> None:
    shard = Shard(1, journal=True)
    with slow_log() as log:
        Recovery(Durability(shard, "somewhere"), None, log).read(shard, end=2)
    assert log.poll_count <= POLLS_MAX


def test_a_directory_that_another_broker_uses_is_refused_with_what_can_be_done(tmp_path) -> None:
    other = LocalDisk(tmp_path)
    other.lock(LOCK_NAME)
    with pytest.raises(Refused) as refused:
        start_on(tmp_path)
    other.close()
    assert str(refused.value) == (
        f"data directory {tmp_path} is in use by process {os.getpid()}:"
        " stop it, or give this one another --data-dir, or --in-memory"
    )


def test_a_directory_that_cannot_be_had_is_refused_with_the_reason(tmp_path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Refused, match=r"^data directory .*/file.*: (Not a directory|File exists)$"):
        start_on(tmp_path / "file")


def start_on(directory: Path) -> None:
    shard = Shard(1, journal=True)
    recover(
        str(directory), shard, Broker(shard, bytes, empty=True), is_synced=True, disk_free_limit=0
    )
