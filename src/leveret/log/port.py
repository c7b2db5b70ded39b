"""The log, whatever keeps it: what the broker asks of it, and what it hears from it.

    claim(owner, epoch) -> token       appends a CLAIM; from then on older tokens are fenced
    append(token, batch) -> number     at most ONE outstanding
    read(from), fetch(numbers)         batches come later, in order
    fetch_range(position, buffer)      bytes of a batch come later
    trim(upto)                         what is before is read no more

A log is a sequence of numbered batches of records. Nothing here waits: what is asked for is
answered by a call of the listener, or of the functions handed in, and only from within `poll`.

While one append is outstanding the next batch fills: group commit without a timer. One at a time
is also what makes an append to a log elsewhere a fence against a stale owner. Such a log, when it
does not know what became of an append, asks for the log's end, and then either tells of it as
durable, or fences, or appends again: the append stays outstanding meanwhile.

The order at a start: claim, wait until the claim is durable, read up to it, append.
"""

from __future__ import annotations

import enum
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from shlex import quote
from typing import Final, Protocol

from leveret.engine.buffer import Buffer

HEADER_BYTES: Final = 48
USUAL_BATCH_BYTES: Final = 1 << 20
"""What a writer fills before it appends. More syncs no faster: at 1 MiB a sync is 10 % of the time.

A message that is larger, or a transaction, is one batch all the same.
"""
PAGE_BYTES: Final = 4096
"""What disks and page caches write at once."""
PADDING_BYTES_MAX: Final = PAGE_BYTES + HEADER_BYTES
"""Zeros behind a batch, up to the end of a page, and so many that no header is left over there."""
SEGMENT_BYTES: Final = 64 << 20
"""Of a file of the log. Smaller ones come free sooner, larger ones cost fewer changes of names."""
BATCH_BYTES_MAX: Final = SEGMENT_BYTES - HEADER_BYTES - PADDING_BYTES_MAX
"""Of the records of one batch, which lies in one segment."""


class Kind(enum.Enum):
    """What a batch is. Those of the log's own have no records."""

    RECORDS = "records"
    CLAIM = "claim"
    SEAL = "seal"  # all before it is on the disk
    LOST = "lost"  # a repair has put it in the place of `record_count` batches that were bad


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch that has been read. Its bytes may change when the call that brought it returns.

    The records are `length` bytes of the buffer at `offset`, behind the batch's header.
    `position` is where the header is in the log.
    """

    number: int
    position: int
    epoch: int
    kind: Kind
    record_count: int
    buffer: Buffer
    offset: int
    length: int

    def records(self) -> bytes:
        """A copy."""
        return self.buffer.bytes_at(self.offset, self.length)


@dataclass(frozen=True, slots=True)
class Token:
    """The right to append, until somebody claims the log with a higher epoch."""

    owner: int
    epoch: int


class LogError(Exception):
    """What the log cannot do; the text is for the user."""


class CorruptionError(LogError):
    """Data that had been on the disk is no longer what was written. Says what can be done."""

    def __init__(self, file: str, offset: int, text: str) -> None:
        directory = quote(os.path.dirname(file) or os.curdir)
        repair = f"`leveret log repair --data-dir {directory}` sets the bad part aside"
        super().__init__(f"{file}, offset {offset}: {text}: {repair}")
        self.file = file
        self.offset = offset


class MissingError(LogError):
    """A batch that is asked for is not in the log: trimmed, freed, or not there yet."""


class Listener(Protocol):
    """What a log tells of."""

    def durable_up_to(self, number: int) -> None:
        """This batch and all before it survive. Another append may be made."""

    def fenced(self) -> None:
        """The append was refused: the log has another owner now. It stays so."""

    def full(self, is_full: bool) -> None:
        """There is no more room for messages, or there is again; appends go on if they can."""

    def failed(self, reason: str) -> None:
        """Nothing is durable any more and never will be. It stays so."""

    def stopped(self) -> None:
        """All is written, and the log is closed."""


Take = Callable[[Batch], None]
Finished = Callable[[LogError | None], None]
TakeRange = Callable[[LogError | None], None]
"""The bytes that were asked for are where they belong; or why they cannot be had."""
TakeFetched = Callable[[int, Batch | None, LogError | None], None]
"""The number that was asked for, and its batch or why it cannot be had."""


class Log(Protocol):
    """See the head of this file. `tick` is monotonic milliseconds."""

    @property
    def last_epoch(self) -> int:
        """The highest that has claimed the log."""

    @property
    def first_number(self) -> int:
        """Where to read from: the newest trim, or the beginning."""

    @property
    def ready(self) -> bool:
        """Whether an append may be made now: the log is claimed and none is outstanding."""

    def claim(self, owner: int, epoch: int) -> Token:
        """Own the log. Durable when `durable_up_to` says so, unless it fences."""

    def reserve(self) -> int:
        """The number that the next append will have; the log adds nothing of its own before."""

    def append(
        self, token: Token, buffer: Buffer, start: int, length: int, record_count: int
    ) -> int:
        """Append a batch; returns its number.

        At `start` of the buffer is room for a header, and the records are `length` bytes behind
        it. These are the log's until the batch is durable; what is behind them is not, and the
        next batch may be filled there.
        """

    def position_of(self, number: int) -> int:
        """Where in the log the outstanding batch of this number begins, with its header."""

    def read(self, start: int, take: Take, finished: Finished) -> None:
        """All durable batches from `start` on."""

    def fetch(self, numbers: Sequence[int], take: TakeFetched) -> None:
        """These batches, in the order asked for."""

    def fetch_range(
        self, position: int, buffer: Buffer, start: int, length: int, take: TakeRange
    ) -> None:
        """So many bytes of durable batches, unchecked, to `start` of the buffer.

        They lie in one run of positions, without a gap. May be asked for again and again at once.
        """

    def trim(self, upto: int) -> None:
        """Batches before `upto` are read no more; those with live records are still fetched."""

    def fileno(self) -> int:
        """Readable when `poll` has something to tell; -1 if it always may."""

    def poll(self, tick: int) -> None:
        """Tell what has happened."""

    def deadline(self) -> int | None:
        """The tick at which `poll` has something to do."""

    def stop(self) -> None:
        """Close the log in order, when the outstanding append is done."""
