"""Sizes as people write them: 16MiB, 100MB, 4096."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

SIZE: Final = re.compile(r"(?P<count>[0-9]{1,15})\s*(?P<unit>[A-Za-z]*)")
UNITS: Final[Mapping[str, int]] = {
    "": 1,
    "b": 1,
    "kb": 1_000,
    "mb": 1_000_000,
    "gb": 1_000_000_000,
    "kib": 1 << 10,
    "mib": 1 << 20,
    "gib": 1 << 30,
}


def parse_size(text: str) -> int:
    """Bytes. Raises ValueError, whose text is for the user."""
    found = SIZE.fullmatch(text.strip())
    if found is None or found["unit"].lower() not in UNITS:
        raise ValueError(f"{text!r} is not a size: write 4096, 100MB or 16MiB")
    return int(found["count"]) * UNITS[found["unit"].lower()]


def show_size(size: int) -> str:
    """As short as it can be written, and read again."""
    for name, unit in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if size and size % unit == 0:
            return f"{size // unit}{name}"
    return str(size)
