"""What a read has left unfinished: kept in memory of its own size, put in front of the next read.

All connections receive into one buffer of their shard, so that only those own memory that are in
the middle of something.
"""

from __future__ import annotations

try:
    import cython
except ImportError:
    from leveret._cython_compat import cython

from leveret.engine.buffer import Buffer
from leveret.engine.memory import Memory

if cython.compiled:
    from cython.cimports.leveret.engine.buffer import Buffer
    from cython.cimports.leveret.engine.memory import Memory

# So much, that small messages seldom have it made anew.
REST_BYTES_MIN = cython.declare(cython.Py_ssize_t, 512)


class Rest:
    """The first `count` bytes of `buffer`, which is None where nothing is unfinished."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        self.buffer = cython.cast(Buffer, None)
        self.count = 0

    def keep(self, source: Buffer, at: cython.Py_ssize_t, count: cython.Py_ssize_t) -> cython.int:
        """Keeps this and nothing else; `source` may be the buffer itself."""
        buffer: Buffer = self.buffer
        if count == 0:
            return self.drop()
        if buffer is None or count > buffer.size or self.is_wasteful(count):
            buffer = self.memory.buffer(max(count, REST_BYTES_MIN))
            buffer.copy(0, source, at, count)
            self.drop()
            self.buffer = buffer
        else:
            buffer.copy(0, source, at, count)
        self.count = count
        return 0

    def is_wasteful(self, count: cython.Py_ssize_t) -> cython.bint:
        """So little is kept in far more memory, which is wanted."""
        size: cython.Py_ssize_t = self.buffer.size
        return self.memory.is_tight() and size > REST_BYTES_MIN and count <= size >> 1

    def drop(self) -> cython.int:
        """Keeps nothing."""
        if self.buffer is not None:
            self.memory.drop(self.buffer)
            self.buffer = cython.cast(Buffer, None)
        self.count = 0
        return 0
