"""How much memory this process can have: the machine's, or less in a control group.

    /proc/self/cgroup    0::/a/b          version 2: a/b/memory.max, and those of a and of the root
                         9:memory:/a/b    version 1: memory/a/b/memory.limit_in_bytes, likewise

In a container the path may be one that only its host has: the root then stands for it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Final

ROOT: Final = "/"


def machine_memory_bytes(root: str = ROOT) -> int:
    """The least of what limits it."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min([machine, *_group_limits(root)])


def _group_limits(root: str) -> Iterator[int]:
    mounted = os.path.join(root, "sys/fs/cgroup")
    for line in _text(os.path.join(root, "proc/self/cgroup")).splitlines():
        number, controllers, path = line.split(":", 2)
        if number == "0" and not controllers:
            yield from _limits(mounted, path, "memory.max")
        elif "memory" in controllers.split(","):
            yield from _limits(os.path.join(mounted, "memory"), path, "memory.limit_in_bytes")


def _limits(mounted: str, group: str, name: str) -> Iterator[int]:
    """Of the group and of all that it is in."""
    parts = [part for part in group.split("/") if part]
    for depth in range(len(parts), -1, -1):
        text = _text(os.path.join(mounted, *parts[:depth], name)).strip()
        if text.isdigit():  # and not "max"
            yield int(text)


def _text(path: str) -> str:
    """What the file holds; nothing, if it is not there."""
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except OSError:
        return ""
