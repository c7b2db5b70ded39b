"""What is to be read back of a chunk that is not in memory, as recall.py plans and asks for it."""

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
    from cython.cimports.leveret.engine.chunk import Chunk
    from cython.cimports.leveret.engine.queue import Queue

OFFSET_BITS = cython.declare(cython.int, 24)


class Run:
    """A stretch of a stored chunk that one queue wants; its last record begins at `last`."""

    def __init__(self, chunk: Chunk, start: int, queue: Queue) -> None:
        self.chunk = chunk
        self.queue = queue
        self.first = (chunk.number << OFFSET_BITS) + start
        self.start = start
        self.last = start
        self.end = start


class Reading:
    """What the store is asked for: `count` bytes from `offset` of chunk `number`, into `buffer`."""

    def __init__(
        self,
        chunk: Chunk,
        offset: cython.Py_ssize_t,
        count: cython.Py_ssize_t,
        buffer: Buffer,
        last: cython.Py_ssize_t,
        queues: list,
    ) -> None:
        self.chunk = chunk
        self.number = chunk.number
        self.offset = offset
        self.count = count
        self.buffer = buffer
        self.last = last
        self.queues = queues
        self.for_space = False
        self.for_copy = False
