"""Copies old live messages forward where much around them is dead, so that its space comes free.

    hot stream    | . a . . . . | . . b . . . | . . . . | ...  at its beginning little lives
    cold stream   | a b |                                      what does is copied,
    hot stream                                | . . . . | ...  then the beginning may go

It goes on for as long as a stream takes more than 2.5 times what lives in it: an abandoned queue
beside a fast one costs what is in it, and is written twice. Copies are a stream like that, too.

A pass gathers a few megabytes, a log chunk in a turn, then copies them batch by batch, with pauses:
appends hardly notice.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from leveret.engine.shard import Shard
from leveret.log.batch import COLD
from leveret.log.port import HEADER_BYTES, SEGMENT_BYTES

if TYPE_CHECKING:
    from leveret.engine.log_order import LogOrder
    from leveret.log.disk_log import DiskLog

DEAD_BYTES: Final = 4 * SEGMENT_BYTES
"""What may be dead in each stream in any case."""
SHARE_PERCENT: Final = 250
"""And so much of it there may be, of what lives."""
HURRY_PERCENT: Final = 275
"""From there on it is copied as fast as it can be."""
PAUSE_MS: Final = 13
"""Between two batches: 20 MB/s."""
HURRY_MS: Final = 3
PASS_CHUNKS: Final = 64
"""Of one pass, however little lives in them: 64 MB that are read again."""


class Copying:
    """Of one shard and its log. `trim` has the log forget what nothing refers to any more."""

    def __init__(self, shard: Shard, log: DiskLog, trim: Callable[[], None]) -> None:
        self._shard = shard
        self._forward = shard.forward
        self._log = log
        self._trim = trim
        self._source: LogOrder | None = None  # what is gathered from, in a pass
        self._last = 0  # the last chunk of the pass begins with this batch
        self._chunks = 0  # of the pass
        self._pause_ms = PAUSE_MS

    def consider(self) -> None:
        """To be asked now and then: begin a pass if there is so much that is dead."""
        if self._source is None and not self._forward.has_some:
            self._source = self._choose()
            self._last = self._chunks = 0

    def is_worth_it(self) -> bool:
        """There is so much that is dead."""
        return self._choose() is not None

    def pump(self) -> bool:
        """To be called in each turn; True: there is something to do in the next one."""
        forward = self._forward
        if self._source is None and not forward.has_some:
            return False
        if forward.is_reading or not self._log.copy_ready:
            return False
        if self._source is not None and self._gather(self._source):
            return not forward.is_reading
        self._source = None
        self._copy()
        return False

    def copied(self) -> None:
        """The log has the batch that it was given last."""
        self._forward.copied()
        if not self._forward.has_some:
            self._trim()
            self.consider()
            if self._source is None:
                self._forward.rest()

    def _gather(self, source: LogOrder) -> bool:
        """What lives of one more chunk; False: the pass has enough, or there is none."""
        if self._forward.has_enough or self._chunks == PASS_CHUNKS:
            return False
        chunk = source.next_behind(self._last)
        if chunk is None:
            return False
        self._last = chunk.first_batch
        self._chunks += 1
        self._forward.gather_from(chunk)
        return True

    def _copy(self) -> None:
        batch = self._forward.take_batch()
        if batch is None:
            self._forward.rest()
            return
        chunk = batch.chunk
        number = self._log.copy(
            chunk.buffer,
            batch.start,
            batch.end - batch.start - HEADER_BYTES,
            batch.record_count,
            pause_ms=self._pause_ms,
        )
        chunk.place(number, batch.start, self._log.position_of(number))

    def _choose(self) -> LogOrder | None:
        """The stream of which too much is dead."""
        sizes = [0, 0]
        for segment in self._log.segments():
            sizes[segment.key >= COLD] += segment.size
        for order, size in zip(
            (self._shard.journal.order, self._forward.order), sizes, strict=True
        ):
            live = order.live_bytes()
            if size > DEAD_BYTES + live * SHARE_PERCENT // 100:
                hurries = size > DEAD_BYTES + live * HURRY_PERCENT // 100
                self._pause_ms = HURRY_MS if hurries else PAUSE_MS
                return order
        return None
