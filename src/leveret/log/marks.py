"""From which batch each stream is read at a start: what `trim` leaves behind.

    0                            4096
    | slot                       | slot                       |
    | magic | 0 | counter | hot | cold | crc |

The slots are written in turn, so that one is whole at any time; the higher counter is the newest.
A mark is on the disk before a segment that only older batches needed is used for anything else.
"""

from __future__ import annotations

from functools import partial
from struct import Struct
from typing import Final

from leveret.engine.buffer import Buffer
from leveret.log.disk import Disk
from leveret.log.native.crc32c import crc32c
from leveret.log.port import PAGE_BYTES, CorruptionError
from leveret.log.task import Task, moved

NAME: Final = "marks"
LAYOUT: Final = Struct(">IIQQQI")
MAGIC: Final = int.from_bytes(b"LVRM")
CRC_AT: Final = LAYOUT.size - 4


class Marks:
    """`hot` and `cold` are what was asked for last; it may not be on the disk yet."""

    def __init__(self, disk: Disk, file: int, counter: int, hot: int, cold: int) -> None:
        self.hot = hot
        self.cold = cold
        self._disk = disk
        self._file = file
        self._counter = counter
        self._buffer = Buffer(PAGE_BYTES)

    def save(self, hot: int, cold: int) -> Task[tuple[int, int]]:
        """Have these on the disk; returns them."""
        self._counter += 1
        LAYOUT.pack_into(self._buffer.memory(), 0, MAGIC, 0, self._counter, hot, cold, 0)
        yield from moved(
            partial(
                self._disk.write,
                self._file,
                self._counter % 2 * PAGE_BYTES,
                self._buffer,
                0,
                PAGE_BYTES,
                sync=True,
                crc_at=CRC_AT,
                crc_count=LAYOUT.size,
            )
        )
        return hot, cold


def load_marks(disk: Disk, *, hot: int, cold: int) -> Marks:
    """Those in the directory, or new ones there. Raises CorruptionError."""
    if NAME not in disk.names():
        disk.write_whole(NAME, encode_marks(hot, cold))
    newest = decode_marks(disk.read_whole(NAME))
    if newest is None:
        raise CorruptionError(disk.path(NAME), 0, "both slots are damaged")
    return Marks(disk, disk.open(NAME), *newest)


def encode_marks(hot: int, cold: int) -> bytes:
    """A file of them."""
    return encode_slot(0, hot, cold) + bytes(PAGE_BYTES)


def decode_marks(data: bytes) -> tuple[int, int, int] | None:
    """Counter and marks of the newest slot, if one is whole."""
    slots = [decode_slot(data[at : at + LAYOUT.size]) for at in (0, PAGE_BYTES)]
    return max((slot for slot in slots if slot is not None), default=None)


def encode_slot(counter: int, hot: int, cold: int) -> bytes:
    """One page."""
    data = bytearray(LAYOUT.pack(MAGIC, 0, counter, hot, cold, 0))
    data[CRC_AT:] = _crc(bytes(data)).to_bytes(4)
    return bytes(data) + bytes(PAGE_BYTES - LAYOUT.size)


def decode_slot(data: bytes) -> tuple[int, int, int] | None:
    """Counter and marks, if the slot is whole."""
    if len(data) < LAYOUT.size:
        return None
    magic, _, counter, hot, cold, crc = LAYOUT.unpack(data)
    plain = data[:CRC_AT] + bytes(4)
    return (counter, hot, cold) if magic == MAGIC and crc == _crc(plain) else None


def _crc(data: bytes) -> int:
    return crc32c(Buffer(0, data), 0, len(data))
