"""How much memory the broker may use, as an operator writes it: 256MB, 40%, 268435456.

Memory comes in powers of two: here MB and MiB are both 2^20, as people mean it who speak of memory.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

LIMIT: Final = re.compile(r"(?P<count>[0-9]{1,15})\s*(?P<unit>%|[A-Za-z]*)")
UNITS: Final[Mapping[str, int]] = {
    "": 1,
    "b": 1,
    **dict.fromkeys(("k", "kb", "kib"), 1 << 10),
    **dict.fromkeys(("m", "mb", "mib"), 1 << 20),
    **dict.fromkeys(("g", "gb", "gib"), 1 << 30),
    **dict.fromkeys(("t", "tb", "tib"), 1 << 40),
}
PERCENT_DEFAULT: Final = 40  # RabbitMQ's until 4.0; the rest is for the files it caches, and others
MEMORY_BYTES_MIN: Final = 64 << 20  # an idle broker takes 35 MB, and a message up to twice its size


def parse_memory_limit(text: str, machine_bytes: int) -> int:
    """Bytes. Raises ValueError, whose text is for the user."""
    found = LIMIT.fullmatch(text.strip())
    if found is None or found["unit"].lower() not in (*UNITS, "%"):
        raise ValueError(f"{text!r} is not an amount of memory: write 256MB, 2GB or 40%")
    if found["unit"] == "%":
        if not 0 < int(found["count"]) <= 100:
            raise ValueError(f"{text}: from 1% to 100% of the memory of this machine")
        size = machine_bytes * int(found["count"]) // 100
    else:
        size = int(found["count"]) * UNITS[found["unit"].lower()]
    if size < MEMORY_BYTES_MIN:
        raise ValueError(f"{text}: the broker needs {MEMORY_BYTES_MIN >> 20}MB at least")
    return size


def parse_amount(text: str) -> int:
    """Bytes, of any number, and no percentage. Raises ValueError, whose text is for the user."""
    found = LIMIT.fullmatch(text.strip())
    if found is None or found["unit"].lower() not in UNITS:
        raise ValueError(f"{text!r} is not an amount: write 50MB or 2GB")
    return int(found["count"]) * UNITS[found["unit"].lower()]


def default_memory_limit(machine_bytes: int) -> int:
    """What is meant where nothing is said."""
    return max(MEMORY_BYTES_MIN, machine_bytes * PERCENT_DEFAULT // 100)
