"""The pages of a long queue that are not in memory: which, and where they are.

    number    64 ........................ 127 | 128 .................... 191 |
    Fold      block 1                         | block 2                      |  ...
    folded    1111111111111111111111111111111   1111111111110000000000000000    a bit for each page
    place     64 pages of 4 KB in the store     64 more, of which 12 are in use

A page between a queue's cursor and its tail, all of whose entries are ready, says nothing that
anybody asks for until the cursor comes near. So it may be folded: its slots go to the store as they
are, and its memory is another's. 512 messages take 8 KB of nothing then, and of 32,768 there is one
small object. Which page stands before which follows from their numbers alone.

A page is read back whole, and counted anew. What is in the store ends with the process: the log, if
the queue has one, says all of it again.
"""

from __future__ import annotations

from typing import Any

try:
    import cython
except ImportError:
    from leveret._cython_compat import cython

from leveret.engine.buffer import Buffer
from leveret.engine.errors import InvariantError
from leveret.engine.memory import Memory
from leveret.engine.page_store import PageStore
from leveret.engine.pages import Page

if cython.compiled:
    from cython.cimports.leveret.engine.buffer import Buffer
    from cython.cimports.leveret.engine.memory import Memory
    from cython.cimports.leveret.engine.pages import PAGE_SLOTS, Page
else:
    from leveret.engine.pages import PAGE_SLOTS

STATE_SHIFT = cython.declare(cython.int, 56)
STATE_MASK = cython.declare(cython.int, 7)
READY = cython.declare(cython.int, 1)
REDELIVERED = cython.declare(cython.int, 8)
BLOCK_SHIFT = cython.declare(cython.int, 6)
BIT_MASK = cython.declare(cython.int, 63)
# Above the number of every page.
NOWHERE = cython.declare(cython.ulonglong, 1 << 63)
# A Fold, its place in the store and its place in the list (measured: 190 bytes).
FOLD_BYTES = cython.declare(cython.Py_ssize_t, 200)
# The disk reads so far ahead of the cursor, and so much at a time: 64 KB, for 8,192 messages.
AHEAD_PAGES = cython.declare(cython.Py_ssize_t, 16)


class Fold:
    """A block of 64 page numbers, some of which are folded.

    `delivered` are those in which there is an entry that was delivered before, in a `full` one
    nothing has gone.
    """

    def __init__(self, block: cython.ulonglong, place: Any) -> None:
        self.block = block
        self.place = place
        self.folded = 0
        self.delivered = 0
        self.full = 0


class Folds:
    """Those of one queue, by their numbers. What they take is counted in `memory`."""

    def __init__(self, store: PageStore, memory: Memory) -> None:
        self.store = store
        self.memory = memory
        self.folds: list[Fold] = []

    def lowest_from(
        self, number: cython.ulonglong, delivered: cython.bint = False
    ) -> cython.ulonglong:
        """The first page from that number on that is folded; NOWHERE: none is.

        With `delivered`, of those in which something was delivered before.
        """
        at: cython.Py_ssize_t = self.search(number >> BLOCK_SHIFT)
        shift: cython.int = number & BIT_MASK
        bits: cython.ulonglong
        fold: Fold
        while at < len(self.folds):
            fold = cython.cast(Fold, self.folds[at])
            bits = fold.delivered if delivered else fold.folded
            if fold.block == number >> BLOCK_SHIFT:
                bits = bits >> shift << shift
            if bits != 0:
                return (fold.block << BLOCK_SHIFT) + lowest_bit(bits)
            at += 1
        return NOWHERE

    def full_from(self, number: cython.ulonglong) -> cython.int:
        """How many pages from that one on, which is folded, are full: of its block at the most."""
        bits: cython.ulonglong = self.fold_of(number).full >> (number & BIT_MASK)
        count: cython.int = 0
        while bits & 1:
            bits >>= 1
            count += 1
        return count

    def has(self, number: cython.ulonglong) -> cython.bint:
        """Whether the page of that number is folded."""
        fold: Fold = self.fold_of(number)
        return fold is not None and fold.folded >> (number & BIT_MASK) & 1 != 0

    def keep(self, page: Page) -> cython.bint:
        """The page's slots are in the store; False: that has no room."""
        fold: Fold = self.fold_of(page.number)
        bit: cython.ulonglong = cython.cast(cython.ulonglong, 1) << (page.number & BIT_MASK)
        if fold is None:
            fold = self.open(page.number >> BLOCK_SHIFT)
            if fold is None:
                return False
        if fold.folded & bit:
            raise InvariantError("a page is in memory and in the store")
        if not self.store.write(fold.place, page.number & BIT_MASK, page.buffer):
            self.close_if_empty(fold)
            return False
        fold.folded |= bit
        if was_delivered(page.buffer):
            fold.delivered |= bit
        if page.live == PAGE_SLOTS:
            fold.full |= bit
        return True

    def bring(self, number: cython.ulonglong, page: Page, ahead: cython.bint) -> cython.int:
        """A page that is folded is in memory again, and its place is free.

        With `ahead`, so will those behind it be, soon.
        """
        fold: Fold = self.fold_of(number)
        bit: cython.ulonglong = cython.cast(cython.ulonglong, 1) << (number & BIT_MASK)
        self.copy(number, page)
        if ahead and number & (AHEAD_PAGES - 1) == 0:
            self.expect(number + AHEAD_PAGES)
        fold.folded &= ~bit
        fold.delivered &= ~bit
        fold.full &= ~bit
        return self.close_if_empty(fold)

    def copy(self, number: cython.ulonglong, page: Page) -> cython.int:
        """What a page that is folded has in it; it stays so."""
        fold: Fold = self.fold_of(number)
        if fold is None or fold.folded >> (number & BIT_MASK) & 1 == 0:
            raise InvariantError("a page that was asked for is not in the store")
        self.store.read(fold.place, number & BIT_MASK, page.buffer)
        page.number = number
        count(page)
        return 0

    def expect(self, number: cython.ulonglong) -> cython.int:
        """The next pages from there on will be wanted soon."""
        at: cython.Py_ssize_t = self.search(number >> BLOCK_SHIFT)
        fold: Fold
        if at < len(self.folds):
            fold = cython.cast(Fold, self.folds[at])
            first: cython.Py_ssize_t = 0
            if fold.block == number >> BLOCK_SHIFT:
                first = number & BIT_MASK
            self.store.expect(fold.place, first, AHEAD_PAGES)
        return 0

    def fold_of(self, number: cython.ulonglong) -> Fold:
        """That of a page's block, or None."""
        at: cython.Py_ssize_t = self.search(number >> BLOCK_SHIFT)
        fold: Fold
        if at < len(self.folds):
            fold = cython.cast(Fold, self.folds[at])
            if fold.block == number >> BLOCK_SHIFT:
                return fold
        return cython.cast(Fold, None)

    def search(self, block: cython.ulonglong) -> cython.Py_ssize_t:
        """Where the first fold of that block or a higher one is in the list."""
        low: cython.Py_ssize_t = 0
        high: cython.Py_ssize_t = len(self.folds)
        middle: cython.Py_ssize_t
        fold: Fold
        while low < high:
            middle = (low + high) >> 1
            fold = cython.cast(Fold, self.folds[middle])
            if fold.block < block:
                low = middle + 1
            else:
                high = middle
        return low

    def open(self, block: cython.ulonglong) -> Fold:
        """A block of which nothing is folded yet; None: there is no room for it."""
        place: object = self.store.take()
        fold: Fold
        if place is None:
            return cython.cast(Fold, None)
        self.memory.take(FOLD_BYTES)
        fold = Fold(block, place)
        self.folds.insert(self.search(block), fold)
        return fold

    def close_if_empty(self, fold: Fold) -> cython.int:
        if fold.folded != 0:
            return 0
        self.folds.pop(self.search(fold.block))
        self.store.give_back(fold.place)
        return self.memory.give(FOLD_BYTES)


def lowest_bit(bits: cython.ulonglong) -> cython.int:
    number: cython.int = 0
    while bits & 1 == 0:
        bits >>= 1
        number += 1
    return number


def count(page: Page) -> cython.int:
    """What is in a page that was read."""
    slot: cython.Py_ssize_t
    state: cython.int
    live: cython.Py_ssize_t = 0
    ready: cython.Py_ssize_t = 0
    for slot in range(PAGE_SLOTS):
        state = page.buffer.slot(slot) >> STATE_SHIFT
        live += state != 0
        ready += state & STATE_MASK == READY
    page.live = live
    page.ready = ready
    return 0


def was_delivered(buffer: Buffer) -> cython.bint:
    """Whether that is flagged for one of the entries."""
    slot: cython.Py_ssize_t
    for slot in range(PAGE_SLOTS):
        if buffer.slot(slot) >> STATE_SHIFT & REDELIVERED:
            return True
    return False
