"""Places in files for chunks of messages: which are taken, and which files nobody needs any more.

    file    | taken | free | taken   taken | free ..... |      units of 256 KiB

The first place that is large enough is taken, in the oldest file that has one, so that files at
the end of the list become empty and can go.
"""

from __future__ import annotations

from typing import Final, NamedTuple

UNIT_BYTES: Final = 256 * 1024
"""Records from this size on have chunks of their own, which waste half of a unit on the average."""

FILE_UNITS: Final = 256
"""64 MiB: one chunk that stays keeps no more than that from going; a terabyte is 16,384 files."""


class SpillFile:
    """An open file. `readings` are those under way, `free` has a bit for each free unit."""

    __slots__ = ("all", "fd", "free", "readings")

    def __init__(self, fd: int, units: int) -> None:
        self.fd = fd
        self.free = self.all = (1 << units) - 1
        self.readings = 0

    @property
    def is_empty(self) -> bool:
        return self.free == self.all

    def find(self, units: int) -> int | None:
        """The first of so many free units in a row."""
        runs, known = self.free, 1
        while known < units and runs:
            step = min(known, units - known)
            runs &= runs >> step
            known += step
        return (runs & -runs).bit_length() - 1 if runs else None


class Place(NamedTuple):
    """`offset` is in bytes, `units` is how many it has."""

    file: SpillFile
    offset: int
    units: int

    @property
    def bits(self) -> int:
        return ((1 << self.units) - 1) << (self.offset // UNIT_BYTES)


class SpillFiles:
    """The files of one store, oldest first."""

    def __init__(self) -> None:
        self.files: list[SpillFile] = []

    def take(self, count: int) -> Place | None:
        """A place for so many bytes; None: no file has one."""
        units = units_of(count)
        for file in self.files:
            at = file.find(units)
            if at is not None:
                return self._take_in(file, at, units)
        return None

    def take_in_new(self, fd: int, count: int) -> Place:
        """The first place of a new file, which is as large as it has to be."""
        units = units_of(count)
        file = SpillFile(fd, max(units, FILE_UNITS))
        self.files.append(file)
        return self._take_in(file, 0, units)

    def give_back(self, place: Place) -> bool:
        """The place is free; True: its file is empty now, and no longer one of ours."""
        place.file.free |= place.bits
        if place.file.is_empty:
            self.files.remove(place.file)
        return place.file.is_empty

    def _take_in(self, file: SpillFile, at: int, units: int) -> Place:
        place = Place(file, at * UNIT_BYTES, units)
        file.free &= ~place.bits
        return place


def units_of(count: int) -> int:
    return -(-count // UNIT_BYTES)
