"""A data directory as a trace tells it: which bytes and names were on the disk, and from when on.

A byte is on the disk when a sync has ended that began after its write had ended; a name, when a
sync of the directory has that began after the file got it. All else may be there or not when the
machine fails.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tests.crash.trace import Event, Kind

NEVER = 1 << 62
BEFORE = -1


@dataclass(slots=True, eq=False)
class Write:
    """`synced` is the index of the event since which it is on the disk."""

    offset: int
    length: int
    data: bytes
    has_ended: bool = False
    synced: int = NEVER


@dataclass(slots=True, eq=False)
class Name:
    """That a file has from the event `since` on."""

    text: str
    since: int
    synced: int = NEVER


@dataclass(slots=True, eq=False)
class File:
    names: list[Name] = field(default_factory=list)
    writes: list[Write] = field(default_factory=list)

    def name_is_synced(self, index: int) -> bool:
        """Whether the name that it has at that event is on the disk by then."""
        names = [name for name in self.names if name.since < index]
        return bool(names) and names[-1].synced < index


class History:
    """`names` has the directory as it is, `synced_names` as it is on the disk.

    `existing` files were on the disk before.
    """

    def __init__(
        self, directory: str, events: Iterable[Event], existing: Mapping[str, bytes]
    ) -> None:
        self.files: list[File] = []
        self.names: dict[str, File] = {
            name: File([Name(name, BEFORE, BEFORE)], [Write(0, len(data), data, True, BEFORE)])
            for name, data in existing.items()
        }
        self.synced_names = dict(self.names)
        self._directory = directory
        self._open: dict[int, File | None] = {}  # by descriptor; None: the directory
        self._under_way: dict[int, Write] = {}
        self._syncing: dict[int, list[Write]] = {}
        self._syncing_names: dict[int, dict[str, File]] = {}
        takers = {
            Kind.OPEN: self._opened,
            Kind.CREATE: self._opened,
            Kind.CLOSE: self._closed,
            Kind.WRITE: self._write,
            Kind.SYNC: self._sync,
            Kind.RENAME: self._renamed,
            Kind.UNLINK: self._unlinked,
        }
        for event in events:
            if event.kind in takers and event.result >= 0:
                takers[event.kind](event)

    def _name_of(self, path: str) -> str:
        return path.removeprefix(f"{self._directory}/")

    def _opened(self, event: Event) -> None:
        if not event.is_end:
            return
        (path,) = event.paths
        if path == self._directory:
            self._open[event.fd] = None
            return
        name = self._name_of(path)
        if name not in self.names:
            file = File([Name(name, event.index)])
            self.files.append(file)
            self.names[name] = file
        self._open[event.fd] = self.names[name]

    def _closed(self, event: Event) -> None:
        self._open.pop(event.fd, None)

    def _renamed(self, event: Event) -> None:
        if event.is_end:
            old, new = map(self._name_of, event.paths)
            file = self.names.pop(old)
            file.names.append(Name(new, event.index))
            self.names[new] = file

    def _unlinked(self, event: Event) -> None:
        if event.is_end:
            self.names.pop(self._name_of(event.paths[0]))

    def _write(self, event: Event) -> None:
        file = self._open[event.fd]
        assert file is not None
        if not event.is_end:
            write = Write(event.offset, event.length, event.data)
            file.writes.append(write)
            self._under_way[event.fd] = write
            return
        write = self._under_way.pop(event.fd)
        write.length = event.result
        write.data = write.data[: event.result]
        write.has_ended = True

    def _sync(self, event: Event) -> None:
        file = self._open[event.fd]
        if file is None:
            self._sync_names(event)
        elif not event.is_end:
            self._syncing[event.fd] = [write for write in file.writes if write.has_ended]
        else:
            for write in self._syncing.pop(event.fd):
                write.synced = min(write.synced, event.index)

    def _sync_names(self, event: Event) -> None:
        if not event.is_end:
            self._syncing_names[event.fd] = dict(self.names)
            return
        self.synced_names = self._syncing_names.pop(event.fd)
        for text, file in self.synced_names.items():
            name = next(name for name in reversed(file.names) if name.text == text)
            name.synced = min(name.synced, event.index)
