"""What is still to be sent to one peer: bytes in order, in memory that is borrowed while needed.

    buffer   0 ...... start ............. end ............ size
             sent      to be sent          room

A peer that has nothing to be sent owns no buffer. The first byte written in a turn puts the
output on its shard's list, so that a turn ends with one write per peer.

Who does not read what it is sent is sent no more: a consumer is passed over while its output is
full, and a peer that asks for ever more answers is not heard any more. Deliveries are no reason
not to hear a peer: it may be one that reads only when we have read what it is sending.

What all outputs hold together has a limit as well: the more they hold, the sooner each is full.
"""

from __future__ import annotations

from typing import Any

try:
    import cython
except ImportError:
    from leveret._cython_compat import cython

from leveret.engine.buffer import Buffer
from leveret.engine.memory import Memory

if cython.compiled:
    from cython.cimports.leveret.engine.buffer import Buffer
    from cython.cimports.leveret.engine.memory import LARGE_BYTES, Memory
else:
    from leveret.engine.memory import LARGE_BYTES

# One turn's worth: a consumer is passed over while so much waits to be sent to its peer. It is more
# than the largest read becomes, or a queue whose consumer keeps up would grow all the same.
FULL_BYTES = cython.declare(cython.Py_ssize_t, 560 * 1024)
# Of the memory limit, what outputs may hold before they are full with a few messages: an eighth.
# That is room for a hundred peers at 256 MiB, and for thousands with some messages each.
SHARE_SHIFT = cython.declare(cython.int, 3)
# Full earlier where outputs hold half of their share: 32 KiB. Where they hold all of it: 4 KiB.
CROWDED_SHIFT = cython.declare(cython.int, 3)
OVERCROWDED_SHIFT = cython.declare(cython.int, 6)
# The least that is borrowed then: some answers, some small messages.
CROWDED_BYTES = cython.declare(cython.Py_ssize_t, 8 * 1024)


class Outputs:
    """What the outputs of a shard share. `written` are those with news.

    `full_bytes` is what one may hold before it is full.
    """

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        self.written: list[Output] = []
        self.share = memory.limit >> SHARE_SHIFT
        self.held_bytes = 0
        self.full_bytes = FULL_BYTES

    def is_crowded(self) -> cython.bint:
        return self.full_bytes < FULL_BYTES

    def borrow(self, needed: cython.Py_ssize_t) -> Buffer:
        buffer: Buffer
        if not self.is_crowded():
            buffer = self.memory.borrow(max(LARGE_BYTES, needed))
        else:
            buffer = self.memory.buffer(max(CROWDED_BYTES, needed))
        self.hold(buffer.size)
        return buffer

    def give_back(self, buffer: Buffer) -> cython.int:
        self.hold(-buffer.size)
        return self.memory.give_back(buffer)

    def hold(self, count: cython.Py_ssize_t) -> cython.int:
        """So much more is held, or less."""
        self.held_bytes += count
        if self.held_bytes <= self.share >> 1:
            self.full_bytes = FULL_BYTES
        elif self.held_bytes <= self.share:
            self.full_bytes = FULL_BYTES >> CROWDED_SHIFT
        else:
            self.full_bytes = FULL_BYTES >> OVERCROWDED_SHIFT
        return 0


class Output:
    """`owner` is whom the shard names as having news."""

    def __init__(self, owner: object, outputs: Outputs) -> None:
        self.owner = owner
        self.outputs = outputs
        self.buffer = cython.cast(Buffer, None)
        self.start = 0
        self.end = 0
        self.listed = False
        self.waiting: list[Any] = []  # consumers: they import this module
        self.sent_bytes = 0
        self.answers = 0  # bytes of answers that were written while it was full
        self.oversized_count = 0  # frames sent that are larger than was agreed on

    def reserve(self, count: cython.Py_ssize_t) -> Buffer:
        """The buffer, with room for `count` bytes at `end`; the caller moves `end`."""
        if not self.listed:
            self.listed = True
            self.outputs.written.append(self)
        if self.buffer is None or count > self.buffer.size - self.end:
            self.grow(count)
        return self.buffer

    def grow(self, count: cython.Py_ssize_t) -> cython.int:
        pending: cython.Py_ssize_t = self.end - self.start
        old: Buffer = self.buffer
        if old is None:
            self.buffer = self.outputs.borrow(count)
        elif pending + count <= old.size >> 1:
            old.copy(0, old, self.start, pending)
        else:
            self.move(self.outputs.borrow(pending + max(pending, count)))
        self.start = 0
        self.end = pending
        return 0

    def move(self, buffer: Buffer) -> cython.int:
        """What is pending goes to another buffer."""
        pending: cython.Py_ssize_t = self.end - self.start
        buffer.copy(0, self.buffer, self.start, pending)
        self.outputs.give_back(self.buffer)
        self.buffer = buffer
        self.start = 0
        self.end = pending
        return 0

    def write(self, data: bytes) -> None:
        count: cython.Py_ssize_t = len(data)
        buffer: Buffer = self.reserve(count)
        buffer.fill(self.end, data)
        self.end += count

    def is_full(self) -> cython.bint:
        """No delivery may be added."""
        return self.end - self.start >= self.outputs.full_bytes

    def position(self) -> cython.ulonglong:
        """How many bytes were ever written."""
        return self.sent_bytes + self.end - self.start

    def answered(self, since: cython.ulonglong) -> cython.bint:
        """What was written since that position are answers; True: no more is to be asked now."""
        if self.is_full():
            self.answers += self.position() - since
        return self.answers >= self.outputs.full_bytes

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
        elif self.outputs.is_crowded() and self.is_sparse():
            self.move(self.outputs.borrow(self.end - self.start))
        if not self.is_full():
            self.answers = 0

    def is_sparse(self) -> cython.bint:
        size: cython.Py_ssize_t = self.buffer.size
        return size > CROWDED_BYTES and self.end - self.start <= size >> 2

    def clear(self) -> None:
        """Forgets what was pending and gives the memory back."""
        if self.buffer is not None:
            self.outputs.give_back(self.buffer)
        self.buffer = cython.cast(Buffer, None)
        self.start = 0
        self.end = 0
