"""The positions of a queue with priorities: an index for each level, and which one is next.

    level 9   9 << 48 + 0, 1, 2 ...      <- head: the highest level with anything ready
    level 4   (no index yet)
    level 0   0, 1, 2 ...

A position tells its level by its upper bits, so that whoever names one - a delivery, the log, a
record - need not know of levels. What goes back to its position goes back to its level. A level
has an index from its first message on.
"""

from __future__ import annotations

try:
    import cython
except ImportError:
    from leveret._cython_compat import cython

from leveret.engine.buffer import Buffer
from leveret.engine.errors import InvariantError
from leveret.engine.index import Index
from leveret.engine.pages import PagePool

if cython.compiled:
    from cython.cimports.leveret.engine.buffer import Buffer
    from cython.cimports.leveret.engine.index import Index
    from cython.cimports.leveret.engine.pages import PagePool
else:
    LEVEL_SHIFT = 48

LEVELS = cython.declare(cython.Py_ssize_t, 256)


class Levels:
    """`head` is the index of the next ready message, the lowest level's if there is none.

    `highest` is the level that a message of a higher priority gets into.
    """

    def __init__(self, lowest: Index, ready_count: cython.Py_ssize_t, pages: PagePool) -> None:
        self.pages = pages
        self.indexes: list[Index | None] = [None] * LEVELS
        self.indexes[0] = lowest
        self.ready = Buffer(8 * LEVELS)
        self.ready.put_slot(0, ready_count)
        self.ends = Buffer(8 * LEVELS)
        self.offered = Buffer(8 * LEVELS)
        self.highest_used = 0
        self.highest = 0
        self.top = 0
        self.head = lowest

    def limit(self, highest: int) -> None:
        """There are levels up to this one; what is above already stays there."""
        self.highest = highest

    def index_of(self, level: cython.Py_ssize_t) -> Index:
        """The level's, made if it has none."""
        index: Index = cython.cast(Index, self.indexes[level])
        if index is None:
            index = Index(self.pages)
            index.next_position = cython.cast(cython.ulonglong, level) << LEVEL_SHIFT
            self.indexes[level] = index
            self.highest_used = max(self.highest_used, level)
        return index

    def index_at(self, position: cython.ulonglong) -> Index:
        """The index that the position is in."""
        level: cython.Py_ssize_t = position >> LEVEL_SHIFT
        if level >= LEVELS:
            raise InvariantError("a position above all levels")
        return self.index_of(level)

    def append(self, priority: cython.int, location: cython.ulonglong) -> cython.ulonglong:
        """Behind all others of its level; returns its position."""
        level: cython.Py_ssize_t = min(priority, self.highest)
        position: cython.ulonglong = self.index_of(level).append(location)
        self.came(position)
        return position

    def came(self, position: cython.ulonglong) -> cython.int:
        """What stands there is ready."""
        level: cython.Py_ssize_t = position >> LEVEL_SHIFT
        self.ready.put_slot(level, self.ready.slot(level) + 1)
        if level > self.top:
            self.top = level
            self.head = self.index_of(level)
        return 0

    def went(self, position: cython.ulonglong) -> cython.int:
        """What stood there was ready, and is not any more."""
        level: cython.Py_ssize_t = position >> LEVEL_SHIFT
        if self.ready.slot(level) == 0:
            raise InvariantError("a level has fewer messages than it had")
        self.ready.put_slot(level, self.ready.slot(level) - 1)
        if level == self.top and self.ready.slot(level) == 0:
            while self.top > 0 and self.ready.slot(self.top) == 0:
                self.top -= 1
            self.head = self.index_of(self.top)
        return 0

    def mark_ends(self) -> cython.int:
        """For is_marked(): this far goes each level."""
        self.mark(self.ends)
        return 0

    def is_marked(self, position: cython.ulonglong) -> cython.bint:
        return position < self.ends.slot(position >> LEVEL_SHIFT)

    def mark_offered(self) -> cython.int:
        """For was_offered(): the consumers have been offered all that there is."""
        self.mark(self.offered)
        return 0

    def was_offered(self, position: cython.ulonglong) -> cython.bint:
        return position < self.offered.slot(position >> LEVEL_SHIFT)

    def mark(self, marks: Buffer) -> cython.int:
        level: cython.Py_ssize_t
        for level in range(self.highest_used + 1):
            if self.indexes[level] is not None:
                marks.put_slot(level, self.index_of(level).next_position)
        return 0

    def every(self) -> list[Index]:
        """The indexes of all levels that have one, the highest first."""
        return [index for index in reversed(self.indexes) if index is not None]
