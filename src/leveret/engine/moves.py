"""Records that move, and the queues that have to know where to."""

from __future__ import annotations

try:
    import cython
except ImportError:
    from leveret._cython_compat import cython

from leveret.engine.buffer import Buffer
from leveret.engine.chunk import Chunk
from leveret.engine.queue import Queue
from leveret.engine.records import Records

if cython.compiled:
    from cython.cimports.leveret.engine.buffer import Buffer
    from cython.cimports.leveret.engine.chunk import Chunk
    from cython.cimports.leveret.engine.queue import Queue, named_queue
    from cython.cimports.leveret.engine.records import (
        HEAD_BYTES,
        LENGTH,
        REFERENCES,
        TARGET_BYTES,
        TARGETS,
        Records,
    )
else:
    from leveret.engine.queue import named_queue
    from leveret.engine.records import HEAD_BYTES, LENGTH, REFERENCES, TARGET_BYTES, TARGETS

OFFSET_BITS = cython.declare(cython.int, 24)


class Moves:
    """Within `records`, held by `queues` and by those that are being emptied."""

    def __init__(self, records: Records, queues: list, emptying: dict) -> None:
        self.records = records
        self.queues = queues
        self.emptying = emptying

    def compact(self, chunk: Chunk) -> cython.int:
        """Empties a sparse chunk: what lives in it joins the other survivors."""
        at: cython.Py_ssize_t = 0
        old: cython.ulonglong = cython.cast(cython.ulonglong, chunk.number) << OFFSET_BITS
        while at < chunk.used and chunk.live_bytes > 0:
            if chunk.buffer.u32(at + REFERENCES) > 0:
                self.tell(chunk.buffer, at, old + at, self.records.move(chunk, at))
            at += chunk.buffer.u32(at + LENGTH)
        return self.records.close_chunk(chunk)

    def tell(
        self,
        buffer: Buffer,
        at: cython.Py_ssize_t,
        old: cython.ulonglong,
        new: cython.ulonglong,
    ) -> cython.int:
        """All queues that hold the record learn its new location."""
        named: cython.Py_ssize_t = at + HEAD_BYTES
        after: cython.Py_ssize_t = named + TARGET_BYTES * buffer.u32(at + TARGETS)
        queue: Queue | None
        while named < after:
            queue = named_queue(self.queues, buffer.u32(named + 4))
            if queue is None and self.emptying:
                queue = self.emptying.get(buffer.u32(named + 4))
            if queue is not None:
                queue.relocate(buffer.u64(named + 8), old, new)
            named += TARGET_BYTES
        return 0
