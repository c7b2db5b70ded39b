"""Which messages leave memory when there are too many: whole chunks, oldest first.

    oldest -> chunk -> chunk -> chunk <- newest        (records.py, the list by age)
      |
      +-- some record is near the head of a queue with consumers? -- yes --> to the young end
      +-- no --> written to the store; its memory is free when the store has it

What is about to be delivered stays, and so does what has just come back for that: it is the
youngest. How near is near is a share of what may stay in memory, divided among the queues that
have consumers. Unacknowledged messages are behind the heads and leave like any others: to settle
one its record is not needed.

When the store takes no more, for want of space, messages stay in memory, and whoever watches over
that does what has to be done then.
"""

from __future__ import annotations

try:
    import cython
except ImportError:
    from leveret._cython_compat import cython

from leveret.engine.buffer import Buffer
from leveret.engine.queue import Queue
from leveret.engine.records import Chunk, Records

if cython.compiled:
    from cython.cimports.leveret.engine.buffer import Buffer
    from cython.cimports.leveret.engine.queue import Queue
    from cython.cimports.leveret.engine.records import (
        CHUNK_BYTES,
        HEAD_BYTES,
        LENGTH,
        REFERENCES,
        TARGET_BYTES,
        TARGETS,
        Chunk,
        Records,
    )
else:
    from leveret.engine.records import (
        CHUNK_BYTES,
        HEAD_BYTES,
        LENGTH,
        REFERENCES,
        TARGET_BYTES,
        TARGETS,
    )

# What is being written at a time: two turns of the fastest publishers. All that is beyond would
# only wait, in memory that cannot be used again before.
WRITING_BYTES_MAX = cython.declare(cython.Py_ssize_t, 32 * 1024 * 1024)
# Chunks looked at in one turn, of which most turn out to be near: up to 2 ms.
LOOK_MAX = cython.declare(cython.Py_ssize_t, 32)
# A quarter of what may stay is for what will be delivered next.
NEAR_SHARE = cython.declare(cython.Py_ssize_t, 4)
# Looks between two counts of the queues that have consumers.
LOOKS_PER_COUNT = cython.declare(cython.Py_ssize_t, 64)


class Spill:
    """Writes chunks, for the shard whose `queues` and `records` these are."""

    def __init__(self, records: Records, queues: list) -> None:
        self.records = records
        self.queues = queues
        self.writing_bytes = 0
        self.writing_count = 0
        self.near_bytes = 0
        self.near_left = 0

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
            chunk = records.oldest
            if chunk is None:
                break
            looks -= 1
            if self.near_left == 0:
                self.share_nearness(bytes_max)
            self.near_left -= 1
            if self.is_near(chunk):
                records.leave(chunk)
                records.enter(chunk)
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

    def share_nearness(self, bytes_max: cython.Py_ssize_t) -> cython.int:
        """How many bytes from its head are near, for each queue with consumers."""
        count: cython.Py_ssize_t = 1
        queue: Queue | None
        for queue in self.queues:
            if queue is not None and queue.consumer_count > 0:
                count += 1
        self.near_bytes = bytes_max // NEAR_SHARE // count
        self.near_left = LOOKS_PER_COUNT
        return 0

    def is_near(self, chunk: Chunk) -> cython.bint:
        """Whether one of its records is about to be delivered."""
        buffer: Buffer = chunk.buffer
        at: cython.Py_ssize_t = 0
        named: cython.Py_ssize_t
        after: cython.Py_ssize_t
        queue: Queue | None
        while at < chunk.used:
            if buffer.u32(at + REFERENCES) > 0:
                named = at + HEAD_BYTES
                after = named + TARGET_BYTES * buffer.u32(at + TARGETS)
                while named < after:
                    queue = self.queues[buffer.u32(named + 4)]
                    if queue is not None and self.is_near_in(queue, buffer.u64(named + 8)):
                        return True
                    named += TARGET_BYTES
            at += buffer.u32(at + LENGTH)
        return False

    def is_near_in(self, queue: Queue, position: cython.ulonglong) -> cython.bint:
        """By the mean length of its ready messages; what is behind the head is far."""
        cursor: cython.ulonglong
        length: cython.Py_ssize_t
        if queue.ready_count == 0 or queue.consumer_count == 0:
            return False
        cursor = queue.index.cursor_position()
        length = HEAD_BYTES + max(0, queue.ready_bytes) // queue.ready_count
        return position >= cursor and position - cursor <= cython.cast(
            cython.ulonglong, self.near_bytes // length
        )
