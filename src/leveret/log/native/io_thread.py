"""Disk work that the loop does not wait for: a thread that never takes the GIL.

    loop     write() read() sync() ...                            completions()
                 |                                                     ^
                 v  semaphore                             event fd     |
    ring     [ request | request | request | answer | answer |   ] ----+
                           v                    ^
    thread              crc32c, pwrite, fdatasync, errno

It does one request after the other, in the order in which they were submitted, and answers in
that order: so a ring of one array serves both ways, and a request is answered in its own slot.
Who must not wait behind another's requests has a thread of its own.

A Python thread would not do: to run at all it must take the GIL from a loop that is busy, which
takes milliseconds. Uncompiled, requests are done at once where they are submitted, and are answered
by the same way.

A descriptor must stay open until the requests that name it are answered; buffers are kept here.
"""

from __future__ import annotations

import os
from typing import Any

try:
    import cython
except ImportError:
    from leveret._cython_compat import cython

from leveret.engine.buffer import Buffer

if cython.compiled:
    from cython.cimports.leveret.engine.buffer import Buffer
    from cython.cimports.leveret.log.native.requests import (
        CLOSE,
        CREATE,
        CREATE_UNNAMED,
        READ,
        RENAME,
        SYNC,
        SYNC_DIRECTORY,
        UNLINK,
        WRITE,
        WRITE_AND_SYNC,
        ZERO,
    )
else:
    import contextlib
    import errno
    import sys

    from leveret.log.native.crc32c import crc32c
    from leveret.log.native.requests import (
        CLOSE,
        CREATE,
        CREATE_UNNAMED,
        READ,
        RENAME,
        SYNC,
        SYNC_DIRECTORY,
        UNLINK,
        WRITE,
        WRITE_AND_SYNC,
        ZERO,
        perform,
    )

    # More than its two users have under way, which is a few dozen, and 20 KB.
    SLOTS = 256

Answer = tuple[Any, int, int]
"""The request's number, the bytes moved (or a new file's descriptor), and errno, 0 if all is well.

The number is whatever the request was given to be known by.

A read that ends early without an error met the end of the file. A write that has moved all its
bytes and has an error could not sync them.
"""

ZEROS_MAX = 1 << 16  # more are a request of their own: `zero`
ANSWERS_BYTES = 8 * 256  # what a full ring leaves in a pipe


class RingFullError(Exception):
    """As many requests are under way as there may be: see `room`."""


# Its buffers are in no cycle, and must not be taken away while the thread uses them.
@cython.no_gc
@cython.cclass
class IoThread:
    """Runs from its making until `close()`.

    `fileno()` is readable when there are completions.
    """

    def __init__(self) -> None:
        if self.opened or self.closed:
            raise TypeError("an IoThread is made once")
        self.numbers: list[object] = [None] * SLOTS
        self.buffers: list[Buffer | None] = [None] * SLOTS
        self.submitted = 0
        self.taken = 0
        if hasattr(os, "eventfd"):
            self.read_fd = self.wake_fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        else:
            self.read_fd, self.wake_fd = os.pipe()
            os.set_blocking(self.read_fd, False)
            os.set_blocking(self.wake_fd, False)
        self.opened = True
        error = self.start()
        if error:
            self.closed = True
            self.close_descriptors()
            raise OSError(error, os.strerror(error))

    def __dealloc__(self) -> None:
        self.stop()
        self.close_descriptors()

    def fileno(self) -> int:
        return self.read_fd

    def room(self) -> int:
        """How many requests more it takes now."""
        # One slot is for the request to stop.
        return SLOTS - 1 - (self.submitted - self.taken)

    def write(
        self,
        number: object,
        fd: cython.int,
        file_offset: cython.longlong,
        buffer: Buffer,
        offset: cython.Py_ssize_t,
        count: cython.Py_ssize_t,
        *,
        zeros: cython.Py_ssize_t = 0,
        sync: cython.bint = False,
        crc_at: cython.Py_ssize_t = 0,
        crc_count: cython.Py_ssize_t = 0,
    ) -> None:
        """Write `count` bytes of `buffer` at `offset`; with `sync`, until they are on the disk.

        `zeros` bytes are written behind them, in one piece with them.
        With `crc_count`, the checksum of so many bytes at `offset` is placed in the four bytes
        `crc_at` after it first; they count as zeros in it.
        """
        buffer.check(offset, count)
        if not 0 <= zeros <= ZEROS_MAX:
            raise ValueError(f"at most {ZEROS_MAX} zeros are written behind bytes")
        if crc_count:
            if not 0 <= crc_at <= crc_count - 4 or crc_count > count:
                raise ValueError("a checksum is within the bytes that it is of")
            buffer.check_writable(offset, count)
        kind = WRITE_AND_SYNC if sync else WRITE
        self.submit(number, kind, fd, file_offset, buffer, offset, count, zeros, crc_at, crc_count)

    def read(
        self,
        number: object,
        fd: cython.int,
        file_offset: cython.longlong,
        buffer: Buffer,
        offset: cython.Py_ssize_t,
        count: cython.Py_ssize_t,
    ) -> None:
        """Read `count` bytes into `buffer` at `offset`; fewer at the end of the file."""
        buffer.check_writable(offset, count)
        self.submit(number, READ, fd, file_offset, buffer, offset, count)

    def zero(
        self, number: object, fd: cython.int, file_offset: cython.longlong, count: cython.Py_ssize_t
    ) -> None:
        """Write `count` zero bytes."""
        if count < 0:
            raise ValueError("a count is not negative")
        self.submit(number, ZERO, fd, file_offset, None, 0, 0, count)

    def sync(self, number: object, fd: cython.int) -> None:
        """Have all that is written on the disk, and the file's size."""
        self.submit(number, SYNC, fd, 0, None, 0, 0)

    def sync_directory(self, number: object, fd: cython.int) -> None:
        """Have the names in a directory on the disk: fdatasync may leave them out."""
        self.submit(number, SYNC_DIRECTORY, fd, 0, None, 0, 0)

    def close_file(self, number: object, fd: cython.int) -> None:
        """Close a descriptor that nobody uses any more."""
        self.submit(number, CLOSE, fd, 0, None, 0, 0)

    def create(self, number: object, path: str) -> None:
        """Make a file that is not there yet, for reading and writing."""
        self.submit_path(number, CREATE, path, "")

    def create_unnamed(self, number: object, path: str) -> None:
        """Make a file without a name in that folder, where the file system can do so."""
        self.submit_path(number, CREATE_UNNAMED, path, "")

    def rename(self, number: object, path: str, new_path: str) -> None:
        self.submit_path(number, RENAME, path, new_path)

    def unlink(self, number: object, path: str) -> None:
        self.submit_path(number, UNLINK, path, "")

    def submit_path(self, number: object, kind: cython.int, path: str, new_path: str) -> None:
        first, second = os.fsencode(path) + b"\0", os.fsencode(new_path) + b"\0"
        if first.count(0) + second.count(0) != 2:
            raise ValueError("a path has no zero byte")
        self.submit(number, kind, -1, 0, Buffer(0, first + second), 0, len(first))

    def submit(
        self,
        number: object,
        kind: cython.int,
        fd: cython.int,
        file_offset: cython.longlong,
        buffer: Buffer | None,
        offset: cython.Py_ssize_t,
        count: cython.Py_ssize_t,
        zeros: cython.Py_ssize_t = 0,
        crc_at: cython.Py_ssize_t = 0,
        crc_count: cython.Py_ssize_t = 0,
    ) -> cython.int:
        index: cython.Py_ssize_t = self.submitted % SLOTS
        if self.closed:
            raise ValueError("the thread is closed")
        if self.submitted - self.taken >= SLOTS - 1:
            raise RingFullError(f"{SLOTS - 1} requests are under way")
        self.numbers[index] = number
        self.buffers[index] = buffer
        self.put(index, kind, fd, file_offset, buffer, offset, count, zeros, crc_at, crc_count)
        self.submitted += 1
        return 0

    def completions(self) -> list[Answer]:
        """The answers since the last call, in order."""
        answers: list[Answer] = []
        # First the event: what is done after this line makes another.
        self.quiet()
        done = self.done_count()
        while self.taken < done:
            index: cython.Py_ssize_t = self.taken % SLOTS
            answers.append((self.numbers[index], self.result_at(index), self.error_at(index)))
            self.buffers[index] = None
            self.taken += 1
        return answers

    def quiet(self) -> cython.int:
        if self.opened:
            try:
                os.read(self.read_fd, ANSWERS_BYTES)
            except BlockingIOError:
                pass
        return 0

    def close(self) -> None:
        """End the thread, when all that was submitted is done; the answers stay to be taken."""
        self.closed = True
        self.stop()
        self.close_descriptors()

    if not cython.compiled:
        opened = False
        closed = False

        def start(self) -> int:
            self.results = [0] * SLOTS
            self.errors = [0] * SLOTS
            self.done = 0
            return 0

        def put(
            self,
            index: int,
            kind: int,
            fd: int,
            file_offset: int,
            buffer: Buffer | None,
            offset: int,
            count: int,
            zeros: int,
            crc_at: int,
            crc_count: int,
        ) -> int:
            if buffer is not None and crc_count:
                buffer.put_u32(offset + crc_at, 0)
                buffer.put_u32(offset + crc_at, crc32c(buffer, offset, crc_count))
            data = memoryview(b"") if buffer is None else buffer.memory()[offset:]
            done = [0]
            try:
                perform(kind, fd, file_offset, data, count, zeros, done)
            except OSError as error:
                self.errors[index] = error.errno or errno.EIO
            else:
                self.errors[index] = 0
            self.results[index] = done[0]
            self.done += 1
            with contextlib.suppress(BlockingIOError):
                os.write(self.wake_fd, (1).to_bytes(8, sys.byteorder))
            return 0

        def done_count(self) -> int:
            return self.done

        def result_at(self, index: int) -> int:
            return self.results[index]

        def error_at(self, index: int) -> int:
            return self.errors[index]

        def stop(self) -> int:
            return 0

        def close_descriptors(self) -> int:
            if self.opened:
                self.opened = False
                os.close(self.read_fd)
                if self.wake_fd != self.read_fd:
                    os.close(self.wake_fd)
            return 0
