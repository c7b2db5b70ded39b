"""What shim.c has written down of a broker's life, and how a broker is made to write it."""

from __future__ import annotations

import shutil
import struct
import subprocess
import sys
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

import pytest

SOURCE = Path(__file__).with_name("shim.c")
HEAD = struct.Struct("=BBHiqqqq")


class Kind(IntEnum):
    OPEN = 1
    CREATE = 2
    CLOSE = 3
    WRITE = 4
    SYNC = 5
    RENAME = 6
    UNLINK = 7
    ACCEPT = 8
    SEND = 9
    RECEIVE = 10


@dataclass(slots=True, frozen=True)
class Event:
    """`index`: its place in the order of all. A call that was cut off has no end.

    `data` is without the zeros at its end where it was written to a file; `length` is with them.
    """

    index: int
    kind: Kind
    is_end: bool
    fd: int
    offset: int
    length: int
    result: int
    data: bytes

    @property
    def paths(self) -> list[str]:
        return [part.decode() for part in self.data.split(b"\0")]


def compile_shim(folder: Path) -> Path:
    """The library; skips the test where there can be none."""
    if not sys.platform.startswith("linux") or sys.maxsize < 1 << 32:
        pytest.skip("the shim stands in front of the C library of a 64-bit Linux")
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("there is no C compiler for the shim")
    library = folder / "shim.so"
    options = ["-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror"]
    subprocess.run([compiler, *options, "-o", str(library), str(SOURCE)], check=True)
    return library


def shim_environment(
    library: Path, directory: Path, trace: Path, *, is_synced: bool = True
) -> dict[str, str]:
    environment = {
        "LD_PRELOAD": str(library),
        "CRASH_SHIM_DIRECTORY": str(directory),
        "CRASH_SHIM_TRACE": str(trace),
    }
    return environment if is_synced else environment | {"CRASH_SHIM_NO_SYNC": "1"}


def read_trace(path: Path) -> list[Event]:
    """All that was written whole."""
    data = path.read_bytes()
    events: list[Event] = []
    at = 0
    while at + HEAD.size <= len(data):
        kind, phase, _, fd, offset, length, result, count = HEAD.unpack_from(data, at)
        at += HEAD.size
        if at + count > len(data):
            break
        event = Event(
            len(events), Kind(kind), bool(phase), fd, offset, length, result, data[at : at + count]
        )
        events.append(event)
        at += count
    return events
