"""The data directory as a machine that has failed may have left it."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path

from tests.crash.history import NEVER, File, History, Write

SECTOR_BYTES = 512  # the least that a disk writes whole


def make_image(history: History, target: Path, *, torn: random.Random | None = None) -> None:
    """Write the directory's files to `target`.

    Only what was on the disk is in them; with `torn`, of all else any names and any sectors, too.
    """
    target.mkdir()
    names = history.synced_names
    if torn is not None and torn.random() < 0.5:
        names = history.names
    for name, file in names.items():
        with (target / name).open("w+b") as image:
            for write in file.writes:
                for offset, length, data in parts(file, write, torn):
                    put(image.fileno(), offset, length, data)


def parts(file: File, write: Write, torn: random.Random | None) -> Iterator[tuple[int, int, bytes]]:
    """Offset, length with the zeros behind, and data of what is there of a write."""
    if write.synced != NEVER:
        yield write.offset, write.length, write.data
    elif torn is not None:
        at = write.offset
        end = write.offset + write.length
        while at < end:
            next_at = min(end, at - at % SECTOR_BYTES + SECTOR_BYTES)
            if torn.random() < 0.5:
                first, last = at - write.offset, next_at - write.offset
                yield at, next_at - at, write.data[first:last]
            at = next_at


def put(fd: int, offset: int, length: int, data: bytes) -> None:
    """Zeros beyond the file's end take no space."""
    os.pwrite(fd, data, offset)
    size = os.fstat(fd).st_size
    end = offset + length
    inside = min(size, end) - offset - len(data)
    if inside > 0:
        os.pwrite(fd, bytes(inside), offset + len(data))
    if end > size:
        os.ftruncate(fd, end)
