"""The disk as the log sees it: one directory of files, and requests that are answered later.

What is done at once is for the start and for the tools. The rest is submitted and answered, in
order, by a call of `done(result, error)`: the bytes moved (of `create`, the file) and an errno,
0 where all went well. `poll` makes these calls; `wait` does, too, and first waits for one.

Where this is not the real disk it is leveret.testing.disk.
"""

from __future__ import annotations

import fcntl
import os
import select
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from leveret.engine.buffer import Buffer
from leveret.log.native.io_thread import Answer, IoThread
from leveret.log.port import LogError

Done = Callable[[int, int], None]


class LockedError(LogError):
    """Another process holds the lock."""


class Disk(Protocol):
    def names(self) -> list[str]:
        """The files in the directory."""

    def path(self, name: str) -> str:
        """What people find the file by."""

    def free_bytes(self) -> int:
        """What the file system has left for us."""

    def lock(self, name: str) -> None:
        """Hold the file until `close`. Raises LockedError."""

    def open(self, name: str) -> int: ...

    def size(self, file: int) -> int: ...

    def close_file(self, file: int) -> None:
        """Nothing may be under way that names it."""

    def read_whole(self, name: str) -> bytes: ...

    def write_whole(self, name: str, data: bytes) -> None:
        """A file that is there and synced with all its bytes, or not at all."""

    def write(
        self,
        file: int,
        file_offset: int,
        buffer: Buffer,
        offset: int,
        count: int,
        done: Done,
        *,
        zeros: int = 0,
        sync: bool = False,
        crc_at: int = 0,
        crc_count: int = 0,
    ) -> None: ...

    def read(
        self, file: int, file_offset: int, buffer: Buffer, offset: int, count: int, done: Done
    ) -> None: ...

    def expect(self, file: int, file_offset: int, count: int) -> None:
        """This will be read soon."""

    def zero(self, file: int, file_offset: int, count: int, done: Done) -> None: ...

    def sync(self, file: int, done: Done) -> None: ...

    def sync_names(self, done: Done) -> None: ...

    def create(self, name: str, done: Done) -> None: ...

    def rename(self, name: str, new_name: str, done: Done) -> None: ...

    def remove(self, name: str, done: Done) -> None: ...

    def fileno(self) -> int: ...

    def poll(self) -> None: ...

    def wait(self) -> None: ...

    def close(self) -> None:
        """Wait for what is under way, and close everything."""


class LocalDisk:
    """A directory of this machine, made if it is not there; `read_only` changes only its lock."""

    def __init__(self, directory: Path, *, read_only: bool = False) -> None:
        self._directory = directory.absolute()  # what errors tell holds in any shell
        self._mode = (os.O_RDONLY if read_only else os.O_RDWR) | os.O_CLOEXEC
        if not read_only and not self._directory.is_dir():
            self._directory.mkdir(mode=0o700, parents=True)
            _sync_directory(self._directory.parent)
        self._names_fd = os.open(self._directory, os.O_RDONLY)
        self._files: set[int] = set()
        self._thread = IoThread()
        self._answers: deque[Answer] = deque()  # those behind one whose call has raised stay

    def names(self) -> list[str]:
        return sorted(entry.name for entry in os.scandir(self._directory) if entry.is_file())

    def path(self, name: str) -> str:
        return str(self._directory / name)

    def free_bytes(self) -> int:
        figures = os.fstatvfs(self._names_fd)
        return figures.f_bavail * figures.f_frsize

    def lock(self, name: str) -> None:
        file = self._keep(self._open_lock(self.path(name)))
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(file, 20, 0).decode("ascii", "replace").strip()
            by = f"process {holder}" if holder else "another process"
            raise LockedError(f"{self._directory} is in use by {by}") from None
        with suppress(OSError):  # where nothing may be written
            os.truncate(file, 0)
            os.pwrite(file, f"{os.getpid()}\n".encode(), 0)

    def _open_lock(self, path: str) -> int:
        try:
            return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError:
            if self._mode & os.O_RDWR:
                raise
            # Nobody else can write there either, or who can holds the lock all the same.
            return os.open(path, os.O_RDONLY | os.O_CLOEXEC)

    def open(self, name: str) -> int:
        return self._keep(os.open(self.path(name), self._mode))

    def size(self, file: int) -> int:
        return os.fstat(file).st_size

    def close_file(self, file: int) -> None:
        self._files.discard(file)
        os.close(file)

    def read_whole(self, name: str) -> bytes:
        return Path(self.path(name)).read_bytes()

    def write_whole(self, name: str, data: bytes) -> None:
        new = self.path(f"{name}.new")
        mode = 0o600  # what is set aside has messages in it, which are their owners' own
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.rename(new, self.path(name))
        os.fsync(self._names_fd)

    def write(
        self,
        file: int,
        file_offset: int,
        buffer: Buffer,
        offset: int,
        count: int,
        done: Done,
        *,
        zeros: int = 0,
        sync: bool = False,
        crc_at: int = 0,
        crc_count: int = 0,
    ) -> None:
        self._thread.write(
            done,
            file,
            file_offset,
            buffer,
            offset,
            count,
            zeros=zeros,
            sync=sync,
            crc_at=crc_at,
            crc_count=crc_count,
        )

    def read(
        self, file: int, file_offset: int, buffer: Buffer, offset: int, count: int, done: Done
    ) -> None:
        self._thread.read(done, file, file_offset, buffer, offset, count)

    def expect(self, file: int, file_offset: int, count: int) -> None:
        if hasattr(os, "posix_fadvise"):  # macOS has none
            os.posix_fadvise(file, file_offset, count, os.POSIX_FADV_WILLNEED)

    def zero(self, file: int, file_offset: int, count: int, done: Done) -> None:
        self._thread.zero(done, file, file_offset, count)

    def sync(self, file: int, done: Done) -> None:
        self._thread.sync(done, file)

    def sync_names(self, done: Done) -> None:
        self._thread.sync_directory(done, self._names_fd)

    def create(self, name: str, done: Done) -> None:
        def made(file: int, error: int) -> None:
            done(file if error else self._keep(file), error)

        self._thread.create(made, self.path(name))

    def rename(self, name: str, new_name: str, done: Done) -> None:
        self._thread.rename(done, self.path(name), self.path(new_name))

    def remove(self, name: str, done: Done) -> None:
        self._thread.unlink(done, self.path(name))

    def fileno(self) -> int:
        return self._thread.fileno()

    def poll(self) -> None:
        self._answers.extend(self._thread.completions())
        while self._answers:
            done, result, error = self._answers.popleft()
            done(result, error)

    def wait(self) -> None:
        select.select([self._thread], [], [])
        self.poll()

    def close(self) -> None:
        self._thread.close()
        for file in (self._names_fd, *self._files):
            os.close(file)
        self._files.clear()

    def _keep(self, file: int) -> int:
        self._files.add(file)
        return file


def _sync_directory(directory: Path) -> None:
    fd = os.open(directory, os.O_RDONLY)
    try:
        # Some file systems cannot; then it is theirs to keep the names.
        with suppress(OSError):
            os.fsync(fd)
    finally:
        os.close(fd)
