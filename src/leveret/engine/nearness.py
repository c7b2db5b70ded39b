"""Which chunks had better stay in memory: those with a record that is about to be delivered.

How near to the head of its queue is near is a share of what may stay in memory, divided among the
queues that have consumers. What is unacknowledged is behind the head, and far: to settle it, its
record is not needed.
"""

from __future__ import annotations

try:
    import cython
except ImportError:
    from leveret._cython_compat import cython

from leveret.engine.buffer import Buffer
from leveret.engine.chunk import Chunk
from leveret.engine.queue import Queue

if cython.compiled:
    from cython.cimports.leveret.engine.buffer import Buffer
    from cython.cimports.leveret.engine.chunk import OF_LOG, Chunk
    from cython.cimports.leveret.engine.queue import Queue, named_queue
    from cython.cimports.leveret.engine.records import (
        HEAD_BYTES,
        LENGTH,
        REFERENCES,
        TARGET_BYTES,
        TARGETS,
        next_message,
    )
else:
    from leveret.engine.chunk import OF_LOG
    from leveret.engine.queue import named_queue
    from leveret.engine.records import (
        HEAD_BYTES,
        LENGTH,
        REFERENCES,
        TARGET_BYTES,
        TARGETS,
        next_message,
    )

# A quarter of what may stay is for what will be delivered next.
NEAR_SHARE = cython.declare(cython.Py_ssize_t, 4)
# Looks between two counts of the queues that have consumers.
LOOKS_PER_COUNT = cython.declare(cython.Py_ssize_t, 64)
# Of a log chunk one message in so many bytes is looked at: a wrong guess costs a read.
BYTES_PER_LOOK = cython.declare(cython.Py_ssize_t, 4096)


class Nearness:
    """To the heads of `queues`."""

    def __init__(self, queues: list) -> None:
        self.queues = queues
        self.near_bytes = 0
        self.consuming = 0
        self.left = 0

    def is_near(self, chunk: Chunk, bytes_max: cython.Py_ssize_t) -> cython.bint:
        """Whether one of its records is about to be delivered, if so much may stay in memory."""
        if self.left == 0:
            self.share(bytes_max)
        self.left -= 1
        if self.consuming == 0:
            return False
        return self.log_has_near(chunk) if chunk.kind == OF_LOG else self.has_near(chunk)

    def share(self, bytes_max: cython.Py_ssize_t) -> cython.int:
        """How many bytes from its head are near, for each queue with consumers."""
        queue: Queue | None
        self.consuming = 0
        for queue in self.queues:
            if queue is not None and queue.consumer_count > 0:
                self.consuming += 1
        self.near_bytes = bytes_max // NEAR_SHARE // (self.consuming + 1)
        self.left = LOOKS_PER_COUNT
        return 0

    def has_near(self, chunk: Chunk) -> cython.bint:
        buffer: Buffer = chunk.buffer
        at: cython.Py_ssize_t = 0
        while at < chunk.used:
            if buffer.u32(at + REFERENCES) > 0 and self.names_near(chunk, at):
                return True
            at += buffer.u32(at + LENGTH)
        return False

    def log_has_near(self, chunk: Chunk) -> cython.bint:
        """Which of its records live is not written there: the queues know."""
        buffer: Buffer = chunk.buffer
        at: cython.Py_ssize_t = next_message(buffer, 0, chunk.used)
        look_at: cython.Py_ssize_t = 0
        while at < chunk.used:
            if at >= look_at:
                look_at = at + BYTES_PER_LOOK
                if self.names_near(chunk, at):
                    return True
            at = next_message(buffer, at + buffer.u32(at + LENGTH), chunk.used)
        return False

    def names_near(self, chunk: Chunk, at: cython.Py_ssize_t) -> cython.bint:
        buffer: Buffer = chunk.buffer
        named: cython.Py_ssize_t = at + HEAD_BYTES
        after: cython.Py_ssize_t = named + TARGET_BYTES * buffer.u32(at + TARGETS)
        queue: Queue | None
        while named < after:
            queue = named_queue(self.queues, buffer.u32(named + 4))
            if queue is not None and self.is_near_in(queue, buffer.u64(named + 8)):
                return True
            named += TARGET_BYTES
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
