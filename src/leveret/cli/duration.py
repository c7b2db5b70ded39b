"""Durations as people write them: 500ms, 10s, 2m, 1h; a number alone is seconds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

DURATION: Final = re.compile(r"(?P<count>[0-9]{1,12})\s*(?P<unit>[A-Za-z]*)")
UNITS: Final[Mapping[str, int]] = {"ms": 1, "": 1_000, "s": 1_000, "m": 60_000, "h": 3_600_000}


def parse_duration(text: str) -> int:
    """Milliseconds. Raises ValueError, whose text is for the user."""
    found = DURATION.fullmatch(text.strip())
    if found is None or found["unit"] not in UNITS:
        raise ValueError(f"{text!r} is not a time: write 500ms, 10s, 2m or 1h")
    return int(found["count"]) * UNITS[found["unit"]]


def show_duration(milliseconds: int) -> str:
    """As short as it can be written, and read again."""
    for unit in ("h", "m", "s"):
        if milliseconds % UNITS[unit] == 0 and (milliseconds or unit == "s"):
            return f"{milliseconds // UNITS[unit]}{unit}"
    return f"{milliseconds}ms"
