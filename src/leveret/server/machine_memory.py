"""How much memory this process can have: the machine's, or less in a control group.

    /proc/self/cgroup    0::/a/b          version 2: a/b/memory.max, and those of a and of the root
                         9:memory:/a/b    version 1: memory/a/b/memory.limit_in_bytes, likewise

In a container the path may be one that only its host has: the root then stands for it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Final

ROOT: Final = Path("/")


def machine_memory_bytes(root: Path = ROOT) -> int:
    """The least of what limits it."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min([machine, *_group_limits(root)])


def _group_limits(root: Path) -> Iterator[int]:
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return
    for line in lines:
        number, controllers, path = line.split(":", 2)
        if number == "0" and not controllers:
            yield from _limits(root / "sys/fs/cgroup", path, "memory.max")
        elif "memory" in controllers.split(","):
            yield from _limits(root / "sys/fs/cgroup/memory", path, "memory.limit_in_bytes")


def _limits(mounted: Path, group: str, name: str) -> Iterator[int]:
    inner = PurePosixPath(group.lstrip("/"))
    for part in (inner, *inner.parents):
        try:
            text = (mounted / part / name).read_text().strip()
        except OSError:
            continue
        if text.isdigit():  # and not "max"
            yield int(text)
