"""What can be asked of the disk, and what is done for it.

    WRITE             bytes of a buffer at an offset of a file, first placing their checksum,
                      and zeros behind them
    WRITE_AND_SYNC    the same, and then SYNC
    READ              bytes of a file into a buffer, fewer at the end of the file
    ZERO              zero bytes at an offset
    SYNC              all that was written is on the disk, and the file's size
    SYNC_DIRECTORY    the names in a directory are: fdatasync may leave them out
    CREATE            a new file
    CREATE_UNNAMED    a new file in a folder, without a name: gone when it is closed
    RENAME, UNLINK    a name
    CLOSE             a descriptor: with the last one of an unlinked file its pages and blocks go,
                      which takes a tenth of a millisecond for each megabyte

Short transfers are continued. A new kind has its place in both files and a method in io_thread.py.
"""

from __future__ import annotations

try:
    import cython
except ImportError:
    from leveret._cython_compat import cython

if not cython.compiled:
    import errno
    import fcntl
    import os
    import sys

    STOP, WRITE, WRITE_AND_SYNC, READ, ZERO = range(5)
    SYNC, SYNC_DIRECTORY, CREATE, RENAME, UNLINK, CLOSE = range(5, 11)
    CREATE_UNNAMED = 11
    UNNAMED = getattr(os, "O_TMPFILE", 0)  # else it is a folder that is opened, which is refused
    FILE_MODE = 0o600  # messages are their owners' own

    def perform(
        kind: int,
        fd: int,
        file_offset: int,
        data: memoryview,
        count: int,
        zeros: int,
        done: list[int],
    ) -> None:
        """`done` has the result, also where this raises OSError."""
        if kind in (WRITE, WRITE_AND_SYNC, ZERO):
            write_all(fd, file_offset, bytes(data[:count]) + bytes(zeros), done)
        if kind == READ:
            read_all(fd, file_offset, data[:count], done)
        elif kind in (WRITE_AND_SYNC, SYNC):
            sync_data(fd)
        elif kind == SYNC_DIRECTORY:
            os.fsync(fd)
        elif kind == CLOSE:
            os.close(fd)
        elif kind == RENAME:
            os.rename(*paths(data))
        elif kind == UNLINK:
            os.unlink(paths(data)[0])
        elif kind == CREATE_UNNAMED:
            done[0] = os.open(paths(data)[0], UNNAMED | os.O_RDWR, FILE_MODE)
        elif kind == CREATE:
            done[0] = os.open(paths(data)[0], os.O_CREAT | os.O_EXCL | os.O_RDWR, FILE_MODE)

    def write_all(fd: int, file_offset: int, data: bytes, done: list[int]) -> None:
        while done[0] < len(data):
            moved = os.pwrite(fd, data[done[0] :], file_offset + done[0])
            if moved == 0:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            done[0] += moved

    def read_all(fd: int, file_offset: int, room: memoryview, done: list[int]) -> None:
        while done[0] < len(room):
            moved = os.preadv(fd, [room[done[0] :]], file_offset + done[0])
            if moved == 0:
                return
            done[0] += moved

    def paths(data: memoryview) -> list[bytes]:
        return bytes(data).split(b"\0")[:2]

    def sync_data(fd: int) -> None:
        if sys.platform == "darwin":
            fcntl.fcntl(fd, fcntl.F_FULLFSYNC)
        else:
            os.fdatasync(fd)
