"""Keeps chunks of messages that there is no memory for, in files that nobody else sees.

    write, read, drop  ->  SpillStore  -> requests ->  writer, reader: threads without the GIL
                               |                            |
    shard.written, fetched  <--+------ completed() <--------+   when their descriptors are ready

Nothing is synced: the files have no names and end with the process, as the messages do. Reads have
a thread of their own, because a consumer waits for them, and writes may be held up by the disk.
Files are made and closed by the writer, one of them ahead of need.

Where there is no room, chunks are refused for a second, then tried again.
"""

from __future__ import annotations

import errno
import logging
import os
import time
from collections import deque
from collections.abc import Callable
from typing import Final

from leveret.engine.buffer import Buffer
from leveret.engine.reading import Reading
from leveret.engine.shard import Shard
from leveret.log.native.io_thread import IoThread
from leveret.log.spill_files import Place, SpillFile, SpillFiles

log = logging.getLogger(__name__)

RETRY_S: Final = 1.0
"""Between two tries to write where there is no room: often enough for a block to end soon."""

FREE_BYTES_MIN: Final = 256 * 1024 * 1024
"""No file is begun where less is free: others need the disk, too, our own log among them."""

READ_TRIES: Final = 3
"""Reads that may fail in a row before it is the disk that fails."""

CREATED: Final = -1
CLOSED: Final = -2
UNLINKED: Final = -3
"""What the writer did, in the place of a chunk's number."""

NOT_SUPPORTED: Final = {errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL, errno.ENOSYS}
"""What a file system says that makes no file without a name."""


class SpillStore:
    """Satisfies leveret.engine.store.Store.

    `watch(fd, callback)` has it called whenever the descriptor is readable. `fail` is told of an
    error after which messages are missing.
    """

    def __init__(
        self,
        shard: Shard,
        folder: str,
        *,
        watch: Callable[[int, Callable[[], None]], object],
        fail: Callable[[Exception], None],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.folder = folder
        self.refused_until = 0.0
        self._shard = shard
        self._fail = fail
        self._monotonic = monotonic
        self._files = SpillFiles()
        self._places: dict[int, Place] = {}
        self._writer = IoThread()
        self._reader = IoThread()
        self._waiting_writes: deque[Callable[[], None]] = deque()
        self._waiting_reads: deque[Callable[[], None]] = deque()
        self._readings: dict[int, tuple[Reading, SpillFile]] = {}
        self._reading_number = 0
        self._failed_reads = 0
        self._open: set[int] = set()  # descriptors
        self._ahead: int | None = None  # the one of a new file
        self._making = False
        self._named = False  # files without a name cannot be made here
        self._complaining = False
        watch(self._writer.fileno(), self.written)
        watch(self._reader.fileno(), self.fetched)

    @property
    def filenos(self) -> tuple[int, int]:
        return self._writer.fileno(), self._reader.fileno()

    @property
    def file_count(self) -> int:
        """How many files it holds, with the one that is ahead of need."""
        return len(self._files.files) + (self._ahead is not None)

    # What the engine asks

    def write(self, number: int, buffer: Buffer, count: int) -> bool:
        if self._monotonic() < self.refused_until:
            return False
        place = self._files.take(count)
        if place is None and self._ahead is not None:
            place = self._files.take_in_new(self._ahead, count)
            self._ahead = None
        if self._ahead is None:
            self._make_file()
        if place is None:
            return False
        self._places[number] = place
        fd, offset = place.file.fd, place.offset
        self._ask_writer(lambda: self._writer.write(number, fd, offset, buffer, 0, count))
        return True

    def read(self, reading: Reading) -> None:
        place = self._places[reading.number]
        place.file.readings += 1
        self._reading_number += 1
        number = self._reading_number
        self._readings[number] = reading, place.file
        fd, offset = place.file.fd, place.offset + reading.offset
        buffer, count = reading.buffer, reading.count
        if self._waiting_reads or not self._reader.room():
            self._waiting_reads.append(
                lambda: self._reader.read(number, fd, offset, buffer, 0, count)
            )
        else:
            self._reader.read(number, fd, offset, buffer, 0, count)

    def drop(self, number: int) -> None:
        place = self._places.pop(number)
        if self._files.give_back(place):
            self._close(place.file)

    # What the threads have done

    def written(self) -> None:
        """The writer has answered."""
        for number, result, error in self._writer.completions():
            if number >= 0:
                self._chunk_written(number, error)
            elif number == CREATED:
                self._file_made(result, error)
        ask_waiting(self._writer, self._waiting_writes)

    def fetched(self) -> None:
        """The reader has answered."""
        for number, count, error in self._reader.completions():
            reading, file = self._readings.pop(number)
            file.readings -= 1
            if file.is_empty:
                self._close(file)
            complete = count == reading.count
            if complete:
                self._failed_reads = 0
            else:
                self._read_failed(error)
            self._shard.fetched(reading, complete)
        ask_waiting(self._reader, self._waiting_reads)

    def close(self) -> None:
        """End the threads when they have done what they were asked, and let go of the files."""
        self._waiting_writes.clear()
        self._waiting_reads.clear()
        for thread in (self._writer, self._reader):
            thread.close()
        for number, result, error in self._writer.completions():
            if number == CREATED and not error:
                self._open.add(result)
        while self._open:
            os.close(self._open.pop())

    # Writing

    def _chunk_written(self, number: int, error: int) -> None:
        if error:
            self.drop(number)
            self._refuse(error)
        elif self._complaining:
            self._complaining = False
            log.info("messages go to files in %s again", self.folder)
        self._shard.written(number, not error)

    def _refuse(self, error: int) -> None:
        """Takes nothing for a while."""
        self.refused_until = self._monotonic() + RETRY_S
        if not self._complaining:
            self._complaining = True
            log.warning(
                "messages stay in memory, for they cannot go to files in %s: %s",
                self.folder,
                os.strerror(error),
            )

    def _ask_writer(self, request: Callable[[], None]) -> None:
        if self._waiting_writes or not self._writer.room():
            self._waiting_writes.append(request)
        else:
            request()

    # Files

    def _make_file(self) -> None:
        """Has one made that will be needed, unless that is under way."""
        if self._making:
            return
        try:
            has_room = free_bytes(self.folder) >= FREE_BYTES_MIN
        except OSError as error:
            self._refuse(error.errno or errno.EIO)
            return
        if not has_room:
            self._refuse(errno.ENOSPC)
            return
        self._making = True
        if not self._named:
            self._ask_writer(lambda: self._writer.create_unnamed(CREATED, self.folder))
            return
        path = os.path.join(self.folder, f"leveret-{os.getpid()}-{os.urandom(8).hex()}")
        self._ask_writer(lambda: self._writer.create(CREATED, path))
        self._ask_writer(lambda: self._writer.unlink(UNLINKED, path))

    def _file_made(self, fd: int, error: int) -> None:
        self._making = False
        if not error:
            self._ahead = fd
            self._open.add(fd)
        elif error in NOT_SUPPORTED and not self._named:
            self._named = True
            self._make_file()
        else:
            self._refuse(error)

    def _close(self, file: SpillFile) -> None:
        """Lets go of an empty file, once no read of it is under way."""

        def request() -> None:
            self._open.discard(file.fd)
            self._writer.close_file(CLOSED, file.fd)

        if not file.readings:
            self._ask_writer(request)

    def _read_failed(self, error: int) -> None:
        """Whoever asked will ask again; but not for ever."""
        self._failed_reads += 1
        if self._failed_reads == READ_TRIES:
            reason = os.strerror(error) if error else "the file is too short"
            self._fail(OSError(error, f"messages in {self.folder} cannot be read: {reason}"))


def ask_waiting(thread: IoThread, waiting: deque[Callable[[], None]]) -> None:
    """Submits as many of the requests that found no room as have room now."""
    while waiting and thread.room():
        waiting.popleft()()


def free_bytes(folder: str) -> int:
    status = os.statvfs(folder)
    return status.f_bavail * status.f_frsize
