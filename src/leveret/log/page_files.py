"""Keeps pages of long queues in files that nobody else sees, so that they need no memory.

    file    | 64 pages of a queue | 64 of another | free | 64 ... |     places of 256 KiB

A page is 4 KB and is written and read where it is asked for: the system has it in its cache, which
costs as much as copying it, and takes it to the disk when it wants the room. What will be needed
soon is asked for before. Files have holes where nothing was written, no names, and end with the
process; nothing is synced. Those that are empty, but for the last, are closed by a thread, since
that takes long.

Where there is no room pages stay in memory, and it is tried again after a second. What cannot be
read back is lost, and with it the queue: the broker has to stop.
"""

from __future__ import annotations

import errno
import logging
import os
import time
from collections.abc import Callable
from typing import Final, cast

from leveret.engine.buffer import Buffer
from leveret.engine.errors import PagesLost
from leveret.log.native.io_thread import IoThread
from leveret.log.spill_files import UNIT_BYTES, Place, SpillFiles
from leveret.log.spill_store import FREE_BYTES_MIN, NOT_SUPPORTED, RETRY_S, free_bytes

log = logging.getLogger(__name__)

PAGE_BYTES: Final = 4096
"""Of which a place has 64, which is a unit of the files."""

CLOSED: Final = -1
"""What the thread did, in its answers."""

NO_FILE: Final = -1
"""No descriptor: what is asked of it is an error."""

UNNAMED: Final[int] = getattr(os, "O_TMPFILE", 0)
"""Else it is a folder that is opened, which is refused."""


class PageFiles:
    """Satisfies leveret.engine.page_store.PageStore."""

    def __init__(self, folder: str, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._folder = folder
        self._monotonic = monotonic
        self._files = SpillFiles()
        self._open: set[int] = set()  # descriptors
        self._closer: IoThread | None = None
        self._refused_until = 0.0
        self._complaining = False

    @property
    def file_count(self) -> int:
        """How many files it holds."""
        return len(self._open)

    # What the engine asks

    def take(self) -> Place | None:
        if self._refused_until and self._monotonic() < self._refused_until:
            return None
        place = self._files.take(UNIT_BYTES)
        if place is not None:
            return place
        try:
            fd = self._make_file()
        except OSError as error:
            self._refuse(error)
            return None
        return self._files.take_in_new(fd, UNIT_BYTES)

    def give_back(self, place: Place) -> None:
        if not self._files.give_back(place):
            return
        if self._files.files:
            self._close_file(place.file.fd)
        else:  # the next long queue has it at once
            self._files.files.append(place.file)

    def write(self, place: Place, number: int, buffer: Buffer) -> bool:
        if self._refused_until and self._monotonic() < self._refused_until:
            return False
        offset = place.offset + number * PAGE_BYTES
        try:
            count = os.pwrite(place.file.fd, bytes_of(buffer), offset)
            if count < PAGE_BYTES:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            self._refuse(error)
            return False
        if self._refused_until:
            self._accept()
        return True

    def read(self, place: Place, number: int, buffer: Buffer) -> None:
        try:
            count = os.preadv(place.file.fd, [bytes_of(buffer)], place.offset + number * PAGE_BYTES)
        except OSError as error:
            raise PagesLost(self._lost(error.strerror)) from error
        if count < PAGE_BYTES:
            raise PagesLost(self._lost("the file is too short"))

    def expect(self, place: Place, number: int, count: int) -> None:
        if hasattr(os, "posix_fadvise"):  # not on macOS
            offset = place.offset + number * PAGE_BYTES
            os.posix_fadvise(place.file.fd, offset, count * PAGE_BYTES, os.POSIX_FADV_WILLNEED)

    def close(self) -> None:
        if self._closer is not None:
            self._closer.close()
        for file in self._files.files:
            file.fd = NO_FILE  # another may have its number soon
        while self._open:
            os.close(self._open.pop())

    # Files

    def _make_file(self) -> int:
        if free_bytes(self._folder) < FREE_BYTES_MIN:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        fd = open_unnamed(self._folder)
        self._open.add(fd)
        return fd

    def _close_file(self, fd: int) -> None:
        """Has the thread do it: it takes a tenth of a millisecond for each megabyte."""
        if self._closer is None:
            self._closer = IoThread()
        self._closer.completions()
        self._open.discard(fd)
        if self._closer.room():
            self._closer.close_file(CLOSED, fd)
        else:
            os.close(fd)

    def _refuse(self, error: OSError) -> None:
        """Takes nothing for a while."""
        self._refused_until = self._monotonic() + RETRY_S
        if not self._complaining:
            self._complaining = True
            log.warning(
                "queues stay in memory, for they cannot go to files in %s: %s",
                self._folder,
                error.strerror,
            )

    def _accept(self) -> None:
        self._refused_until = 0.0
        self._complaining = False
        log.info("queues go to files in %s again", self._folder)

    def _lost(self, reason: str | None) -> str:
        return f"part of a queue, in a file in {self._folder}, cannot be read: {reason}"


def bytes_of(buffer: Buffer) -> bytearray:
    """All of them, without an object that stays for each page."""
    return cast(bytearray, buffer.owner)


def open_unnamed(folder: str) -> int:
    """A file that is gone when it is closed. Raises OSError."""
    try:
        return os.open(folder, UNNAMED | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError as error:
        if error.errno not in NOT_SUPPORTED:
            raise
    path = os.path.join(folder, f"leveret-{os.getpid()}-{os.urandom(8).hex()}")
    fd = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600)
    os.unlink(path)
    return fd
