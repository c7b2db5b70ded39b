"""How much memory a shard has in use, of how much it may use; and the pools for what it borrows.

    0 ......... tight ............ low ....... limit
                pools keep         |           full: who publishes is held up
                nothing back       no longer full

What is taken and given back is counted to the byte by whoever takes it. The process has more than
that: `resident` is what the system says it has, and what nobody counted is counted as in use too.
So `in_use` is known at any moment without asking anybody, and errs on the safe side.

`full` is what a publisher's connection looks at before each message. It comes by itself with the
byte that is too many, and goes when relax() is asked, once in a turn, so that it does not flicker.
"""

from __future__ import annotations

from collections.abc import Callable

try:
    import cython
except ImportError:
    from leveret._cython_compat import cython

from leveret.engine.buffer import Buffer
from leveret.engine.errors import InvariantError

if cython.compiled:
    from cython.cimports.leveret.engine.buffer import Buffer
else:
    # What a read of large messages leaves unfinished, and the first memory of a body in parts.
    SMALL_BYTES = 128 * 1024
    # A little above what fills an output, so that no second buffer is needed then.
    LARGE_BYTES = 608 * 1024

# More than any machine has: for a shard that nobody has told of a limit.
UNLIMITED = 1 << 62
# 4 MiB and 9.5 MiB kept for the next turns.
SPARE_SMALL_MAX = cython.declare(cython.Py_ssize_t, 32)
SPARE_LARGE_MAX = cython.declare(cython.Py_ssize_t, 16)
# A larger stretch comes from `allocate`, which can give it back to the system at any time; the
# allocator of Python would not, with anything that lives above it.
ALLOCATED_BYTES_MIN = cython.declare(cython.Py_ssize_t, 64 * 1024)


class Memory:
    """`allocate` makes that many zero bytes: a bytearray if nothing better is known."""

    def __init__(
        self, limit: int = UNLIMITED, allocate: Callable[[int], bytearray] = bytearray
    ) -> None:
        self.allocate = allocate
        self.limit = limit
        # An eighth below: enough that blocking and unblocking take turns no more than twice a
        # second where a core does nothing but publish and consume.
        self.low = limit - (limit >> 3)
        self.tight = limit >> 1
        self.counted = 0
        self.uncounted = 0
        self.in_use = 0
        self.full = False
        self.held = False
        self.spare_small: list[Buffer] = []
        self.spare_large: list[Buffer] = []

    def take(self, count: cython.Py_ssize_t) -> cython.int:
        """So much more is in use."""
        self.counted += count
        self.in_use += count
        if self.in_use >= self.limit:
            self.full = True
        return 0

    def give(self, count: cython.Py_ssize_t) -> cython.int:
        """So much less is in use."""
        self.counted -= count
        self.in_use -= count
        if self.counted < 0:
            raise InvariantError("more memory was given back than was taken")
        return 0

    def resident(self, count: cython.Py_ssize_t) -> None:
        """The system says that the process has so much; 0: it does not say.

        Part of it may be free, and kept by an allocator that does not give it back. So there is a
        limit to what that counts for, or it could be full for ever with nothing in it.
        """
        self.uncounted = min(max(0, count - self.counted), self.limit - (self.limit >> 2))
        self.in_use = self.counted + self.uncounted
        if self.in_use >= self.limit:
            self.full = True

    def relax(self) -> bool:
        """Whether memory is full; it no longer is once enough of it has become free."""
        if self.full and self.in_use < self.low and not self.held:
            self.full = False
        return self.full

    def hold(self) -> None:
        """It counts as full until let_go(): there is no room for messages elsewhere."""
        self.held = True
        self.full = True

    def let_go(self) -> None:
        """Only memory decides again."""
        self.held = False

    def is_tight(self) -> cython.bint:
        """What is not needed now is not to be kept for later."""
        return self.in_use >= self.tight

    def buffer(self, size: cython.Py_ssize_t) -> Buffer:
        """A buffer of exactly that size, counted until it is dropped."""
        self.take(size)
        if size >= ALLOCATED_BYTES_MIN:
            return Buffer(0, self.allocate(size))
        return Buffer(size)

    def drop(self, buffer: Buffer) -> cython.int:
        """The buffer is not used any more."""
        return self.give(buffer.size)

    def borrow(self, needed: cython.Py_ssize_t) -> Buffer:
        """A buffer with room for at least `needed` bytes, out of a pool where that has some."""
        if needed > LARGE_BYTES:
            return self.buffer(needed)
        if needed > SMALL_BYTES:
            return self.spare_large.pop() if self.spare_large else self.buffer(LARGE_BYTES)
        return self.spare_small.pop() if self.spare_small else self.buffer(SMALL_BYTES)

    def give_back(self, buffer: Buffer) -> cython.int:
        """Takes back what was borrowed."""
        if not self.is_tight():
            if buffer.size == LARGE_BYTES and len(self.spare_large) < SPARE_LARGE_MAX:
                self.spare_large.append(buffer)
                return 0
            if buffer.size == SMALL_BYTES and len(self.spare_small) < SPARE_SMALL_MAX:
                self.spare_small.append(buffer)
                return 0
        return self.drop(buffer)

    def drop_spare(self) -> None:
        """Empties the pools."""
        buffer: Buffer
        for spare in (self.spare_small, self.spare_large):
            for buffer in spare:
                self.drop(buffer)
            spare.clear()
