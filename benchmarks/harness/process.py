"""A process watched from outside, with all its threads and children: CPU time, memory, the disk.

And its place: the broker gets the first core, the load generator the last.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
PROC = Path("/proc")
BROKER_CORE = min(os.sched_getaffinity(0))
GENERATOR_CORE = max(os.sched_getaffinity(0))
# Fields of /proc/PID/stat behind the name, which is in parentheses: see proc(5).
PARENT = 1
USER_TIME = 11
SYSTEM_TIME = 12


def pin_to(core: int) -> None:
    """Keeps this process, and what it starts, on one core."""
    os.sched_setaffinity(0, {core})


def cpu_seconds(pid: int) -> float:
    """User and system time that the process and its descendants have used."""
    ticks = sum(
        int(fields[USER_TIME]) + int(fields[SYSTEM_TIME]) for fields in map(stat, family(pid))
    )
    return ticks / TICKS_PER_SECOND


def resident_bytes(pid: int) -> int:
    """Memory that the process and its descendants hold in RAM."""
    return sum(resident_kilobytes(member) for member in family(pid)) * 1024


def resident_kilobytes(pid: int, field: str = "VmRSS") -> int:
    """Of this process alone; `field` VmHWM: the most it ever was."""
    for line in (PROC / str(pid) / "status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1])
    return 0


def written_bytes(pid: int) -> int:
    """What this process alone has written to files. What was sent does not count.

    Not `write_bytes`, which takes a page for all of the large folio in which it is.
    """
    for line in (PROC / str(pid) / "io").read_text().splitlines():
        if line.startswith("wchar:"):
            return int(line.split()[1])
    return 0


def family(pid: int) -> list[int]:
    """The process and all its living descendants."""
    children: dict[int, list[int]] = {}
    for member, parent in parents():
        children.setdefault(parent, []).append(member)
    members = [pid]
    for member in members:
        members += children.get(member, [])
    return members


def parents() -> Iterator[tuple[int, int]]:
    """Every process with its parent."""
    for path in PROC.iterdir():
        if path.name.isdigit():
            try:
                yield int(path.name), int(stat(int(path.name))[PARENT])
            except (FileNotFoundError, ProcessLookupError):
                continue  # it has ended meanwhile


def stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat behind the name."""
    return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
