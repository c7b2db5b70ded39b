"""The memory of this process, as the system sees it."""

from __future__ import annotations

import mmap
from typing import Final, cast

STATM: Final = "/proc/self/statm"
RESIDENT: Final = 1  # the field's place in it, in pages: see proc(5)


def resident_bytes(statm: str = STATM) -> int:
    """What of it is in RAM; 0 where the system does not say."""
    try:
        with open(statm, "rb") as file:
            return int(file.read().split()[RESIDENT]) * mmap.PAGESIZE
    except OSError:
        return 0


def map_memory(size: int) -> bytearray:
    """So many zero bytes that are the system's again as soon as nobody uses them.

    What the allocator of the C library has once grown by it may keep, for whoever allocates next.
    """
    try:
        mapped = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    except OSError:  # more mappings than a process may have
        return bytearray(size)
    return cast(bytearray, mapped)  # for all that is done with it


def trim() -> None:
    """Have the C library give back what it keeps, if it is one that can."""
    import ctypes  # a megabyte, for what is needed seldom or never

    try:
        ctypes.CDLL(None).malloc_trim(0)
    except AttributeError:
        pass
