"""One file of a stream: `hot-000000000012.segment` holds the positions from 12 segments on.

    name     hot-<sequence>     batches as they were appended
             cold-<sequence>    batches of live records that were copied forward
             spare-<sequence>   written once, and free to become either

A file is written from its beginning to its end, with zeros first; what a recycled one holds
behind its newest batch is left over. So the size of a file says how far it was written.

Where its batches are is kept for one batch per 64 KB, which is what a fetch reads at once.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from typing import Final

from leveret.log.batch import COLD

HOT_NAME: Final = "hot"
COLD_NAME: Final = "cold"
SPARE_NAME: Final = "spare"
NAME: Final = re.compile(r"(hot|cold|spare)-([0-9]{12})\.segment")
ENTRY_BYTES: Final = 1 << 16
OFFSET_BITS: Final = 32


def segment_name(kind: str, sequence: int) -> str:
    return f"{kind}-{sequence:012}.segment"


def parse_name(name: str) -> tuple[str, int] | None:
    """Kind and sequence of a segment's file."""
    found = NAME.fullmatch(name)
    return (found[1], int(found[2])) if found else None


def position_in_stream(kind: str, sequence: int, offset: int, segment_bytes: int) -> int:
    """As if all segments were one file."""
    return (COLD if kind == COLD_NAME else 0) + sequence * segment_bytes + offset


class Segment:
    """A file that is open.

    `written`: bytes that were written once. `appended`: where its batches end, with the padding.
    `live_bytes`: what its live records have, None as long as nobody has said. `last_number` is
    the number of its newest batch, 0 without any.
    """

    __slots__ = (
        "appended",
        "file",
        "first_number",
        "index",
        "kind",
        "last_number",
        "live_bytes",
        "sequence",
        "written",
    )

    def __init__(self, kind: str, sequence: int, file: int, written: int) -> None:
        self.kind = kind
        self.sequence = sequence
        self.file = file
        self.written = written
        self.appended = 0
        self.first_number = 0
        self.last_number = 0
        self.live_bytes: int | None = None
        # Of each entry: number minus first_number, then the offset; both rise.
        self.index = array("Q")

    @property
    def name(self) -> str:
        return segment_name(self.kind, self.sequence)

    def rename(self, kind: str, sequence: int) -> None:
        """What it is called from now on, and without a batch."""
        self.kind = kind
        self.sequence = sequence
        self.appended = 0
        self.first_number = 0
        self.last_number = 0
        self.live_bytes = None
        self.index = array("Q")

    def position(self, offset: int, segment_bytes: int) -> int:
        """In the stream."""
        return position_in_stream(self.kind, self.sequence, offset, segment_bytes)

    def note(self, number: int, offset: int, last: int = 0) -> None:
        """A batch begins there; it stands for those up to `last`."""
        if self.first_number == 0:
            self.first_number = number
        self.last_number = max(self.last_number, number, last)
        mask = (1 << OFFSET_BITS) - 1
        if not self.index or offset // ENTRY_BYTES > (self.index[-1] & mask) // ENTRY_BYTES:
            self.index.append((number - self.first_number) << OFFSET_BITS | offset)

    def seek(self, number: int) -> tuple[int, int]:
        """The nearest known batch that is not behind `number`: its number and offset."""
        wanted = (number - self.first_number + 1) << OFFSET_BITS
        entry = self.index[bisect_right(self.index, wanted - 1) - 1]
        return self.first_number + (entry >> OFFSET_BITS), entry & ((1 << OFFSET_BITS) - 1)
