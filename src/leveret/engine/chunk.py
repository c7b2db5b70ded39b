"""A stretch of memory with records one behind the other, and what is known of it without it.

There are three kinds:

    ORDINARY   records of messages that nothing else has. Not in memory: the store has it.
    OF_LOG     what the log is written from (journal.py), or was read into. Nothing in it may
               change. Not in memory: the log has it, at its `places`.
    GUESTS     records of log chunks that are not in memory, brought back to be delivered. Each
               knows its home, and may be sent there at any time (guests.py).
"""

from __future__ import annotations

try:
    import cython
except ImportError:
    from leveret._cython_compat import cython

from leveret.engine.buffer import Buffer
from leveret.engine.errors import InvariantError

if cython.compiled:
    from cython.cimports.leveret.engine.buffer import Buffer
else:
    # Small enough to stay in a processor's cache, large enough that turning to the next is rare.
    CHUNK_BYTES = 1 << 20
    ORDINARY = 0
    OF_LOG = 1
    GUESTS = 2


class Chunk:
    """Chunk `number`, of whose `size` bytes so many are `used`; `open`: more will be written to it.

    ORDINARY ones and GUESTS count their records' references in these, and know how many bytes are
    alive. Of one OF_LOG, or not in memory, it is known how many index entries lead there
    (`references`), how many did at first, and how long a record is on the average. `reading` is
    what brings it back as a whole, if somebody has asked for that.

    One OF_LOG is `complete` when no more is written to it. `batches_under_way` are those that are
    not durable yet. `first_batch` is the log's number of the one at its beginning, 0 until the log
    has been given it. `places` are pairs of an offset and the position in the log of what begins
    there, as far as the next pair's.
    """

    def __init__(self, number: int, buffer: Buffer, kind: cython.int) -> None:
        self.number = number
        self.buffer = buffer
        self.size = buffer.size
        self.used = 0
        self.kind = kind
        self.open = True
        self.live_bytes = 0
        self.sparse = False
        self.writing = False
        self.references = 0
        self.references_at_first = 0
        self.message_count = 0
        self.record_bytes = 0
        self.places: list[tuple[int, int]] = cython.cast(list, None)
        self.batches_under_way = 0
        self.complete = False
        self.first_batch = 0
        self.reading: object | None = None
        self.aged = False
        self.older = cython.cast(Chunk, None)
        self.newer = cython.cast(Chunk, None)

    def is_alone(self) -> cython.bint:
        """It is one record's own, or that of a few that are large together."""
        return self.size != CHUNK_BYTES

    def place(
        self, number: cython.ulonglong, offset: cython.Py_ssize_t, position: cython.ulonglong
    ) -> None:
        """The log's batch of that number is at an offset, and its position; offsets rise."""
        if offset == 0:
            self.first_batch = number
        if self.places is None:
            self.places = []
        else:
            last, known = self.places[-1]
            if position - known == offset - last:
                return
        self.places.append((offset, position))

    def adopt(
        self,
        number: cython.ulonglong,
        position: cython.ulonglong,
        source: Buffer,
        start: cython.Py_ssize_t,
        length: cython.Py_ssize_t,
    ) -> cython.int:
        """A batch, with its head, comes from its position in the log to the end of the chunk."""
        self.place(number, self.used, position)
        self.buffer.copy(self.used, source, start, length)
        self.used += length
        return 0


class ByAge:
    """A chain of chunks that are not written to any more, for those who look for memory."""

    def __init__(self) -> None:
        self.oldest = cython.cast(Chunk, None)
        self.newest = cython.cast(Chunk, None)

    def enter(self, chunk: Chunk) -> cython.int:
        """The youngest."""
        if chunk.aged:
            raise InvariantError("a chunk was counted twice")
        chunk.aged = True
        chunk.older = self.newest
        if self.newest is None:
            self.oldest = chunk
        else:
            self.newest.newer = chunk
        self.newest = chunk
        return 0

    def leave(self, chunk: Chunk) -> cython.int:
        """Not there any more, if it was."""
        if not chunk.aged:
            return 0
        chunk.aged = False
        if chunk.older is None:
            self.oldest = chunk.newer
        else:
            chunk.older.newer = chunk.newer
        if chunk.newer is None:
            self.newest = chunk.older
        else:
            chunk.newer.older = chunk.older
        chunk.older = cython.cast(Chunk, None)
        chunk.newer = cython.cast(Chunk, None)
        return 0

    def renew(self, chunk: Chunk) -> cython.int:
        """It was the oldest; now it is the youngest."""
        self.leave(chunk)
        return self.enter(chunk)
