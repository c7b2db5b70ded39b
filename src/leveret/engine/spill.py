"""Which messages leave memory when there are too many: whole chunks, oldest first.

    oldest -> chunk -> chunk -> chunk <- newest        (records.py, the list by age)
      |
      +-- some record is near the head of a queue with consumers? -- yes --> to the young end
      +-- no --> written to the store; its memory is free when the store has it

What is about to be delivered stays (nearness.py), and so does what has just come back for that: it
is the youngest. Unacknowledged messages leave like any others.

When the store takes no more, for want of space, messages stay in memory, and whoever watches over
that does what has to be done then.
"""

from __future__ import annotations

try:
    import cython
except ImportError:
    from leveret._cython_compat import cython

from leveret.engine.chunk import Chunk
from leveret.engine.nearness import Nearness
from leveret.engine.records import Records

if cython.compiled:
    from cython.cimports.leveret.engine.chunk import CHUNK_BYTES, Chunk
    from cython.cimports.leveret.engine.nearness import Nearness
    from cython.cimports.leveret.engine.records import Records
else:
    from leveret.engine.chunk import CHUNK_BYTES

# What is being written at a time: two turns of the fastest publishers. All that is beyond would
# only wait, in memory that cannot be used again before.
WRITING_BYTES_MAX = cython.declare(cython.Py_ssize_t, 32 * 1024 * 1024)
# Chunks looked at in one turn, of which most turn out to be near: up to 2 ms.
LOOK_MAX = cython.declare(cython.Py_ssize_t, 32)


class Spill:
    """Writes chunks, for the shard whose `records` these are."""

    def __init__(self, records: Records, nearness: Nearness) -> None:
        self.records = records
        self.nearness = nearness
        self.writing_bytes = 0
        self.writing_count = 0

    def store_down_to(self, bytes_max: cython.Py_ssize_t) -> cython.int:
        """Has chunks written until no more than that stays in memory, if the store takes them."""
        records: Records = self.records
        chunk: Chunk
        looks: cython.Py_ssize_t = LOOK_MAX
        excess: cython.Py_ssize_t = (
            records.memory_bytes - CHUNK_BYTES * len(records.spare) - self.writing_bytes - bytes_max
        )
        if records.store is None:
            return 0
        while excess > 0 and looks > 0 and self.writing_bytes < WRITING_BYTES_MAX:
            chunk = records.by_age.oldest
            if chunk is None:
                break
            looks -= 1
            if self.nearness.is_near(chunk, bytes_max):
                records.by_age.renew(chunk)
            elif self.write(chunk):
                excess -= chunk.size
            else:
                break
        return 0

    def write(self, chunk: Chunk) -> cython.bint:
        """False: the store takes nothing now."""
        if not self.records.store.write(chunk.number, chunk.buffer, chunk.used):
            return False
        self.records.leave(chunk)
        chunk.writing = True
        self.writing_bytes += chunk.size
        self.writing_count += 1
        return True

    def written(self, chunk: Chunk, kept: cython.bint) -> cython.int:
        """The store has it or, for want of space, has it not."""
        chunk.writing = False
        self.writing_bytes -= chunk.size
        self.writing_count -= 1
        if kept and chunk.live_bytes > 0 and chunk.live_bytes >= chunk.used >> 2:
            return self.records.to_store(chunk)
        if kept:
            self.records.store.drop(chunk.number)
        return self.records.retire(chunk)
