"""A batch: what is appended, synced, checked and applied as one.

    0       4    5    6     8      12     16       24         32      36       40       44    48
    | magic |vers|flags|shard|epoch |owner |number  | position | crc   |records |length  | 0 |
    | record | record | ...                                    length bytes |

Numbers are big-endian. `number` is one more than the batch's before it; `position` is the place
of the batch in its stream, were all segments one file, and so names its segment and offset. The
crc is CRC-32C over header and records, with zeros in its own place.

A batch is good only where all of this is as expected: number, position, owner, an epoch that
does not go back, and the checksum. What a recycled segment still holds of its former use has
other positions.

The batches of the cold stream (see disk_log.py) have the highest bit set in number and position.
"""

from __future__ import annotations

from struct import Struct
from typing import NamedTuple

from leveret.engine.buffer import Buffer
from leveret.log.native.crc32c import crc32c
from leveret.log.port import (
    HEADER_BYTES,
    PAGE_BYTES,
    USUAL_BATCH_BYTES,
    Kind,
)

LAYOUT = Struct(">IBBHIIQQIIII")
MAGIC = int.from_bytes(b"LVRB")
MAGIC_BYTES = MAGIC.to_bytes(4)
VERSION = 1
CRC_AT = 32
CRC_BYTES = 4
COLD = 1 << 63

# Flags. A batch with none of the first three has records.
SEAL = 1
CLAIM = 2
LOST = 4  # put by a repair in the place of what was bad; `records` batches are lost with it
CLEAN = 8  # with SEAL: the broker has stopped in order
UNSYNCED = 16  # was not waited for: whether what precedes it was on the disk is not known

NO_CRC = Buffer(0, bytes(CRC_BYTES))


def padding(end: int) -> int:
    """How many zeros are written behind a batch that ends there."""
    count = -end % PAGE_BYTES
    return count if count >= HEADER_BYTES else count + PAGE_BYTES


class Header(NamedTuple):
    magic: int
    version: int
    flags: int
    shard: int
    epoch: int
    owner: int
    number: int
    position: int
    crc: int
    record_count: int
    length: int
    reserved: int

    @property
    def kind(self) -> Kind:
        if self.flags & LOST:
            return Kind.LOST
        if self.flags & CLAIM:
            return Kind.CLAIM
        return Kind.SEAL if self.flags & SEAL else Kind.RECORDS

    @property
    def size(self) -> int:
        """Bytes to the next batch."""
        return HEADER_BYTES + self.length

    @property
    def checked_size(self) -> int:
        """Bytes under the checksum: nobody writes what is lost."""
        return HEADER_BYTES if self.flags & LOST else HEADER_BYTES + self.length

    @property
    def next_number(self) -> int:
        return self.number + (self.record_count if self.flags & LOST else 1)


def read_header(memory: memoryview, at: int) -> Header:
    """Whatever is there."""
    return Header._make(LAYOUT.unpack_from(memory, at))


def write_header(buffer: Buffer, at: int, header: Header) -> None:
    LAYOUT.pack_into(buffer.memory(), at, *header)


def make_header(
    *,
    flags: int,
    epoch: int,
    owner: int,
    number: int,
    position: int,
    record_count: int,
    length: int,
) -> Header:
    """A header without its checksum, which the disk places."""
    return Header(
        MAGIC, VERSION, flags, 0, epoch, owner, number, position, 0, record_count, length, 0
    )


def has_its_checksum(header: Header, buffer: Buffer, at: int) -> bool:
    """Whether the bytes of the batch at `at` are those that were written."""
    crc = crc32c(buffer, at, CRC_AT)
    crc = crc32c(NO_CRC, 0, CRC_BYTES, crc)
    rest = CRC_AT + CRC_BYTES
    return header.crc == crc32c(buffer, at + rest, header.checked_size - rest, crc)


class Expected(NamedTuple):
    """What is known of the next batch; 0 as its number where that may be any."""

    number: int
    epoch: int
    owner: int
    position: int

    def problem(self, header: Header, room: int) -> str:
        """Why a header of which `room` bytes are left in the segment is not the one; or ""."""
        if header.magic != MAGIC:
            return "there is no batch"
        if header.position != self.position or header.owner != self.owner:
            return "there is an older batch"
        if header.version != VERSION:
            return f"its version is {header.version}"
        if self.number not in (0, header.number):
            return f"its number is {display(header.number)} instead of {display(self.number)}"
        if header.epoch < self.epoch:
            return f"its epoch is {header.epoch} after {self.epoch}"
        if header.size > room:
            return f"its length is {header.length}"
        return ""


def display(number: int) -> str:
    """A batch's number for people."""
    return f"cold {number - COLD}" if number >= COLD else str(number)


class BatchBuffer:
    """A batch that is being filled: room for the header, and the records."""

    def __init__(self, record_bytes_max: int = USUAL_BATCH_BYTES) -> None:
        self.buffer = Buffer(HEADER_BYTES + record_bytes_max)
        self.length = 0
        self.record_count = 0

    def add(self, record: bytes) -> None:
        start = HEADER_BYTES + self.length
        end = start + len(record)
        if end > self.buffer.size:
            raise ValueError("the batch is full")
        self.buffer.memory()[start:end] = record
        self.length += len(record)
        self.record_count += 1

    def clear(self) -> None:
        self.length = 0
        self.record_count = 0
