"""What is still to be sent to one peer: bytes in order, in memory that is borrowed while needed.

    buffer   0 ...... start ............. end ............ size
             sent      to be sent          room

A peer that has nothing to be sent owns no buffer. The first byte written in a turn puts the
output on its shard's list, so that a turn ends with one write per peer.
"""

from __future__ import annotations

from typing import Any

try:
    import cython
except ImportError:
    from leveret._cython_compat import cython

from leveret.engine.buffer import Buffer

if cython.compiled:
    from cython.cimports.leveret.engine.buffer import Buffer
else:
    # A little above FULL_BYTES, so that what fills an output needs no second buffer.
    OUTPUT_BYTES = 320 * 1024
    # 5 MiB kept for the next turns.
    SPARE_OUTPUTS_MAX = 16

# One turn's worth: a consumer is passed over while so much waits to be sent to its peer.
FULL_BYTES = cython.declare(cython.Py_ssize_t, 256 * 1024)


class Output:
    """`written` is the shard's list of outputs with news, `spare` its pool of buffers."""

    def __init__(self, owner: object, written: list, spare: list) -> None:
        self.owner = owner
        self.written = written
        self.spare = spare
        self.buffer = cython.cast(Buffer, None)
        self.start = 0
        self.end = 0
        self.listed = False
        self.waiting: list[Any] = []  # consumers: they import this module
        self.sent_bytes = 0
        self.oversized_count = 0  # frames sent that are larger than was agreed on

    def reserve(self, count: cython.Py_ssize_t) -> Buffer:
        """The buffer, with room for `count` bytes at `end`; the caller moves `end`."""
        if not self.listed:
            self.listed = True
            self.written.append(self)
        if self.buffer is None or count > self.buffer.size - self.end:
            self.grow(count)
        return self.buffer

    def grow(self, count: cython.Py_ssize_t) -> cython.int:
        pending: cython.Py_ssize_t = self.end - self.start
        buffer: Buffer
        old: Buffer = self.buffer
        if old is not None and pending + count <= old.size >> 1:
            old.copy(0, old, self.start, pending)
        else:
            if pending + count <= OUTPUT_BYTES and self.spare:
                buffer = self.spare.pop()
            else:
                buffer = Buffer(max(OUTPUT_BYTES, 2 * pending + count))
            if old is not None:
                buffer.copy(0, old, self.start, pending)
                self.give_back(old)
            self.buffer = buffer
        self.start = 0
        self.end = pending
        return 0

    def give_back(self, buffer: Buffer) -> cython.int:
        if buffer.size == OUTPUT_BYTES and len(self.spare) < SPARE_OUTPUTS_MAX:
            self.spare.append(buffer)
        return 0

    def write(self, data: bytes) -> None:
        count: cython.Py_ssize_t = len(data)
        buffer: Buffer = self.reserve(count)
        buffer.fill(self.end, data)
        self.end += count

    def is_full(self) -> cython.bint:
        return self.end - self.start >= FULL_BYTES

    def pending(self) -> memoryview:
        """What is to be sent; empty where there is nothing."""
        if self.buffer is None:
            return memoryview(b"")
        return self.buffer.memory()[self.start : self.end]

    def sent(self, count: cython.Py_ssize_t) -> None:
        """So much of pending() has been sent."""
        if count < 0 or count > self.end - self.start:
            raise ValueError("more was sent than was pending")
        self.start += count
        self.sent_bytes += count
        if self.start == self.end:
            self.clear()

    def clear(self) -> None:
        """Forgets what was pending and gives the memory back."""
        if self.buffer is not None:
            self.give_back(self.buffer)
        self.buffer = cython.cast(Buffer, None)
        self.start = 0
        self.end = 0
