"""Brings chunks' bytes back from the log, for the engine, which knows where they are.

chunk   | batch | batch | batch | batch |        one reading may lie in several
places  0: position 4096 .......  9000: 67108864 places of the log: as many ranges
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Final

from leveret.engine.reading import Reading
from leveret.engine.shard import Shard
from leveret.log.port import Log, LogError

log = logging.getLogger(__name__)

READ_TRIES: Final = 3
"""Reads that may fail in a row before it is the disk that fails."""


class ChunkReader:
    """Satisfies leveret.engine.store.LogReader.

    `fail` is told of an error after which messages cannot be had.
    """

    def __init__(self, opened: Log, shard: Shard, fail: Callable[[Exception], None]) -> None:
        self._log = opened
        self._shard = shard
        self._fail = fail
        self._failed_reads = 0

    def read(self, reading: Reading) -> None:
        ranges = list(ranges_of(reading.chunk.places, reading.offset, reading.count))
        answer = Answer(len(ranges), partial(self._read, reading))
        start = 0
        for position, length in ranges:
            self._log.fetch_range(position, reading.buffer, start, length, answer.take)
            start += length

    def _read(self, reading: Reading, error: LogError | None) -> None:
        if error is None:
            self._failed_reads = 0
        elif reading.chunk.references > 0:  # else the log may have forgotten it meanwhile
            self._failed_reads += 1
            log.warning("messages could not be read back: %s", error)
            if self._failed_reads == READ_TRIES:
                self._fail(error)
        self._shard.fetched(reading, error is None)


class Answer:
    """To a question in several parts: `done` is called once, with an error if there was any."""

    def __init__(self, parts: int, done: Callable[[LogError | None], None]) -> None:
        self._parts = parts
        self._done = done
        self._error: LogError | None = None

    def take(self, error: LogError | None) -> None:
        self._parts -= 1
        self._error = self._error or error
        if self._parts == 0:
            self._done(self._error)


def ranges_of(
    places: Sequence[tuple[int, int]], offset: int, count: int
) -> Iterator[tuple[int, int]]:
    """Position and length of each range of the log in which these bytes of a chunk are."""
    end = offset + count
    for index, (begin, position) in enumerate(places):
        stop = places[index + 1][0] if index + 1 < len(places) else end
        first, last = max(begin, offset), min(stop, end)
        if first < last:
            yield position + first - begin, last - first
