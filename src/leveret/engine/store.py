"""Where chunks of records are while they are not in memory, as the engine sees it."""

from __future__ import annotations

from typing import Protocol

from leveret.engine.buffer import Buffer
from leveret.engine.recall import Reading


class Store(Protocol):
    """Chunks by their numbers. Nothing here waits: what was done is told the shard later."""

    def write(self, number: int, buffer: Buffer, count: int) -> bool:
        """Keeps the first `count` bytes, until `drop(number)`; False: not now, ask again later.

        The buffer stays as it is until `Shard.written(number, kept)` is called, but for reference
        counts, which nobody reads again.
        """

    def read(self, reading: Reading) -> None:
        """Fills the first `count` bytes of `buffer` from `offset` of chunk `number` on.

        `Shard.fetched(reading, complete)` is called then. The chunk may be dropped meanwhile: what
        was read is of no interest then, but the buffer must not be written to after the call.
        """

    def drop(self, number: int) -> None:
        """Forgets a chunk that is kept; the number may be another's at once."""


class LogReader(Protocol):
    """Chunks of which the log has the bytes, at their `places`."""

    def read(self, reading: Reading) -> None:
        """As Store.read(), of `reading.chunk`, all of which is durable."""
