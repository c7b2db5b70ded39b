"""Data directories, one after the other on one disk, of which each is like one that was in use.

A broker that has run for a while appends to segments that were written before. A new one has
to write zeros first, so its disk writes everything twice. Which of the two is measured is said by
the number of spare segments that a directory begins with.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from leveret.log.directory import open_directory
from leveret.log.opening import FIRST_NUMBER
from leveret.log.port import SEGMENT_BYTES
from leveret.log.segment import SPARE_NAME, parse_name, segment_name

WRITE_BYTES = 1 << 16


class Directories:
    """In `folder`, which is the caller's to remove."""

    def __init__(self, folder: Path, *, spares: int) -> None:
        self._folder = folder
        self._spares = spares
        self._written: list[Path] = []  # segments of directories that are done with

    @contextmanager
    def new(self) -> Iterator[Path]:
        """A directory whose log is empty."""
        directory = self._folder / "data"
        disk, _ = open_directory(directory, Silent())  # gives it its owner
        disk.close()
        for sequence in range(1, self._spares + 1):
            self._take_spare().rename(directory / segment_name(SPARE_NAME, sequence))
        try:
            yield directory
        finally:
            self._keep_segments(directory)
            shutil.rmtree(directory)

    def _take_spare(self) -> Path:
        if self._written:
            return self._written.pop()
        path = self._folder / "written"
        write_whole(path, SEGMENT_BYTES)
        return path

    def _keep_segments(self, directory: Path) -> None:
        """Their next owner is another one, who does not take what is in them for its own."""
        for path in directory.iterdir():
            is_whole = parse_name(path.name) and path.stat().st_size == SEGMENT_BYTES
            if is_whole and len(self._written) < self._spares:
                kept = self._folder / f"written-{len(self._written)}"
                self._written.append(path.rename(kept))


class Silent:
    """Listens to a log to which nothing happens."""

    def durable_up_to(self, number: int) -> None:
        raise SystemExit(f"nobody has appended batch {number}")

    def copied(self, number: int) -> None:
        raise SystemExit(f"nobody has copied batch {number}")

    def full(self, is_full: bool) -> None:
        if is_full:
            raise SystemExit("the disk is full")

    def fenced(self) -> None:
        raise SystemExit("somebody else has the log")

    def failed(self, reason: str) -> None:
        raise SystemExit(reason)

    def stopped(self) -> None:
        raise SystemExit("nobody has stopped the log")


def batch_count(directory: Path) -> int:
    """How many batches a log has ever had, each with a write and a sync of its own."""
    disk, opened = open_directory(directory, Silent())
    disk.close()
    return opened.reserve() - FIRST_NUMBER


def write_whole(path: Path, size: int) -> None:
    """A file whose blocks were all written, and synced."""
    with open(path, "wb") as file:
        for _ in range(0, size, WRITE_BYTES):
            file.write(bytes(WRITE_BYTES))
        file.flush()
        os.fsync(file.fileno())
