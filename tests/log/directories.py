"""Logs in real directories."""

from __future__ import annotations

import select
import time
from collections.abc import Callable
from pathlib import Path

from leveret.log.batch import BatchBuffer
from leveret.log.directory import open_directory
from leveret.log.disk import LocalDisk
from leveret.log.disk_log import DiskLog
from tests.log.world import Owner, Promises

PATIENCE_SECONDS = 10


def record(kind: int, length: int) -> bytes:
    return length.to_bytes(4) + bytes([kind]) + b"x" * (length - 5)


def until(log: DiskLog, condition: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < end
        select.select([log.fileno()], [], [], 0.001)
        log.poll(time.monotonic_ns() // 1_000_000)


def open_log(directory: Path) -> tuple[LocalDisk, DiskLog, Owner]:
    owner = Owner(Promises())
    disk, log = open_directory(directory, owner, disk_free_limit=0)
    return disk, log, owner


def write_log(directory: Path, *batches: list[bytes], is_clean: bool = True) -> None:
    """A claim, and these batches of records."""
    disk, log, owner = open_log(directory)
    form_owner = int((directory / "format").read_text().split()[5])
    token = log.claim(form_owner, log.last_epoch + 1)
    until(log, lambda: log.ready)
    for records in batches:
        batch = BatchBuffer(sum(map(len, records)))
        for each in records:
            batch.add(each)
        log.append(token, batch.buffer, 0, batch.length, batch.record_count)
        until(log, lambda: log.ready)
    if is_clean:
        log.stop()
        until(log, lambda: "stopped" in owner.events)
    disk.close()


def damage(file: Path, offset: int) -> None:
    with open(file, "r+b") as opened:
        opened.seek(offset)
        byte = opened.read(1)[0]
        opened.seek(offset)
        opened.write(bytes([byte ^ 1]))
