"""A disk in memory that loses, tears and refuses: all that a real one may do, from one seed.

    write --> content --sync--> durable
                 |                 |
                 +---- crash ------+----> what a disk may hold after it

A crash keeps what was synced. Of each write since, it keeps all, nothing, or the first bytes; of
the changes of names since the last `sync_names` it keeps the first few. Some of the requests that
were not done yet may have been under way: of them as much is kept, too.

Requests are done when the loop asks (`poll`, `wait`), some at a time, always in order.
"""

from __future__ import annotations

import errno
import random
from collections import deque
from collections.abc import Callable
from functools import partial

from leveret.engine.buffer import Buffer
from leveret.log.disk import Done, LockedError
from leveret.log.native.crc32c import crc32c

Answer = tuple[int, int]


class File:
    """What programs read, what survives, and the writes that make the difference."""

    def __init__(self, durable: bytes = b"") -> None:
        self.content = bytearray(durable)
        self.durable = bytearray(durable)
        self.unsynced: list[tuple[int, bytes]] = []

    def write(self, offset: int, data: bytes) -> None:
        _put(self.content, offset, data)
        self.unsynced.append((offset, data))

    def sync(self) -> None:
        for offset, data in self.unsynced:
            _put(self.durable, offset, data)
        self.unsynced.clear()

    def after_crash(self, dice: random.Random) -> File:
        """A file with what survived, all of it durable."""
        survived = bytearray(self.durable)
        for offset, data in self.unsynced:
            kept = dice.choice((0, len(data), dice.randrange(len(data) + 1)))
            _put(survived, offset, data[:kept])
        return File(bytes(survived))


def _put(target: bytearray, offset: int, data: bytes) -> None:
    if not data:
        return
    if len(target) < offset:
        target.extend(bytes(offset - len(target)))
    target[offset : offset + len(data)] = data


class SimulatedDisk:
    """See leveret.log.disk.Disk.

    `capacity`: bytes of all files together, beyond which writes are cut short with ENOSPC.
    `refuse`: asked before each request, by its kind; what is not 0 is its errno, and of a write
    half is done first.
    """

    def __init__(self, dice: random.Random, capacity: int = 1 << 40) -> None:
        self.dice = dice
        self.capacity = capacity
        self.refuse: Callable[[str], int] = lambda kind: 0
        self.files: dict[str, File] = {}
        self._durable_names: dict[str, File] = {}
        self._renames: list[dict[str, File]] = []  # all the names after each change
        self._open: dict[int, File] = {}
        self._requests: deque[tuple[Callable[[], Answer], Done]] = deque()
        self._next_file = 3
        self._locked: set[str] = set()
        self._is_dying = False

    def crash(self) -> SimulatedDisk:
        """The same disk after its machine has lost power. Nothing happens to this one if idle."""
        self._is_dying = True
        for _ in range(self.dice.randrange(len(self._requests) + 1)):
            perform, _done = self._requests.popleft()
            perform()
        self._is_dying = False
        names = self._durable_names
        if self._renames:
            kept = self.dice.randrange(len(self._renames) + 1)
            names = ([self._durable_names, *self._renames])[kept]
        disk = SimulatedDisk(self.dice, self.capacity)
        disk.files = {name: file.after_crash(self.dice) for name, file in names.items()}
        disk._durable_names = dict(disk.files)
        return disk

    def flip(self, name: str, offset: int, bit: int) -> None:
        """One bit is not what it was."""
        file = self.files[name]
        file.content[offset] ^= 1 << bit
        file.durable[offset] ^= 1 << bit

    # What is done at once.

    @property
    def is_idle(self) -> bool:
        """It has done all that it was asked for."""
        return not self._requests

    def names(self) -> list[str]:
        return sorted(self.files)

    def path(self, name: str) -> str:
        return name

    def free_bytes(self) -> int:
        return max(0, self.capacity - sum(len(file.content) for file in self.files.values()))

    def lock(self, name: str) -> None:
        if name in self._locked:
            raise LockedError(f"{name} is in use")
        self._locked.add(name)

    def open(self, name: str) -> int:
        return self._opened(self.files[name])

    def size(self, file: int) -> int:
        return len(self._open[file].content)

    def close_file(self, file: int) -> None:
        del self._open[file]

    def read_whole(self, name: str) -> bytes:
        return bytes(self.files[name].content)

    def write_whole(self, name: str, data: bytes) -> None:
        self.files[name] = File(data)
        self._durable_names = dict(self.files)
        self._renames.clear()

    # Requests.

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
        def perform() -> Answer:
            memory = buffer.memory()[offset : offset + count]
            if crc_count:
                memory[crc_at : crc_at + 4] = bytes(4)
                memory[crc_at : crc_at + 4] = crc32c(buffer, offset, crc_count).to_bytes(4)
            return self._write(file, file_offset, bytes(memory) + bytes(zeros), sync=sync)

        self._submit(perform, done)

    def read(
        self, file: int, file_offset: int, buffer: Buffer, offset: int, count: int, done: Done
    ) -> None:
        def perform() -> Answer:
            if error := self._refusal("read", file):
                return 0, error
            data = self._open[file].content[file_offset : file_offset + count]
            buffer.memory()[offset : offset + len(data)] = data
            return len(data), 0

        self._submit(perform, done)

    def expect(self, file: int, file_offset: int, count: int) -> None:
        """Nothing is faster for it."""

    def zero(self, file: int, file_offset: int, count: int, done: Done) -> None:
        self._submit(partial(self._write, file, file_offset, bytes(count), sync=False), done)

    def sync(self, file: int, done: Done) -> None:
        self._submit(partial(self._sync, file), done)

    def sync_names(self, done: Done) -> None:
        def perform() -> Answer:
            if error := self.refuse("sync_names"):
                return 0, error
            if self._is_dying:
                return 0, 0
            self._durable_names = dict(self.files)
            self._renames.clear()
            return 0, 0

        self._submit(perform, done)

    def create(self, name: str, done: Done) -> None:
        def perform() -> Answer:
            if error := self.refuse("create") or (errno.EEXIST if name in self.files else 0):
                return 0, error
            self.files[name] = File()
            self._renames.append(dict(self.files))
            return self._opened(self.files[name]), 0

        self._submit(perform, done)

    def rename(self, name: str, new_name: str, done: Done) -> None:
        def perform() -> Answer:
            if error := self.refuse("rename") or (0 if name in self.files else errno.ENOENT):
                return 0, error
            self.files[new_name] = self.files.pop(name)
            self._renames.append(dict(self.files))
            return 0, 0

        self._submit(perform, done)

    def remove(self, name: str, done: Done) -> None:
        def perform() -> Answer:
            if error := self.refuse("remove") or (0 if name in self.files else errno.ENOENT):
                return 0, error
            del self.files[name]
            self._renames.append(dict(self.files))
            return 0, 0

        self._submit(perform, done)

    def fileno(self) -> int:
        return -1

    def poll(self) -> None:
        """Some of what was submitted, as a disk that has its own speed."""
        for _ in range(self.dice.randrange(len(self._requests) + 1)):
            self.wait()

    def wait(self) -> None:
        perform, done = self._requests.popleft()
        done(*perform())

    def close(self) -> None:
        while self._requests:
            perform, _ = self._requests.popleft()
            perform()

    # How it is done.

    def _submit(self, perform: Callable[[], Answer], done: Done) -> None:
        self._requests.append((perform, done))

    def _opened(self, file: File) -> int:
        self._next_file += 1
        self._open[self._next_file] = file
        return self._next_file

    def _write(self, file: int, offset: int, data: bytes, *, sync: bool) -> Answer:
        if error := self._refusal("write", file):
            moved = 0 if error == errno.EBADF else len(data) // 2
            if moved:
                self._open[file].write(offset, data[:moved])
            return moved, error
        target = self._open[file]
        room = max(0, len(target.content) - offset) + self.free_bytes()
        if len(data) > room:
            target.write(offset, data[:room])
            return room, errno.ENOSPC
        target.write(offset, data)
        if sync:
            _, error = self._sync(file)
            return len(data), error
        return len(data), 0

    def _sync(self, file: int) -> Answer:
        if error := self._refusal("sync", file):
            return 0, error
        if not self._is_dying:
            self._open[file].sync()
        return 0, 0

    def _refusal(self, kind: str, file: int) -> int:
        if file not in self._open:
            return errno.EBADF
        return self.refuse(kind)
