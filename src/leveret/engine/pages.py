"""A sparse table over numbers that only rise: queue positions, delivery tags.

    number   0 ......... | 512 ....... | 1024 ...... |        | 51200 ...
             page 0        page 1        (dropped)   ...        page 100
                head <----> next <-------------------------------> tail

An entry is one or two 64-bit slots; zero means gone. A page whose entries are all gone is
dropped at once, wherever it stands, so one entry that stays for ever pins one page and not
the millions that passed behind it. Dropped pages are all zeros and go back to a pool.

Of a queue with a long backlog only some pages are here; the others are folded (folds.py).
"""

from __future__ import annotations

from collections.abc import Callable

try:
    import cython
except ImportError:
    from leveret._cython_compat import cython

from leveret.engine.buffer import Buffer
from leveret.engine.errors import InvariantError
from leveret.engine.memory import Memory
from leveret.engine.page_store import PageStore

if cython.compiled:
    from cython.cimports.leveret.engine.buffer import Buffer
    from cython.cimports.leveret.engine.memory import Memory
else:
    PAGE_SLOTS = 512

# 4 MiB of spare pages: enough for a burst of a thousand queues that empty and fill again.
SPARE_PAGES_MAX = cython.declare(cython.Py_ssize_t, 1024)
# Its slots, the objects around them (measured: 4,500 bytes), its entry in the table.
PAGE_BYTES = cython.declare(cython.Py_ssize_t, 4600)
# As many pages of all tables are in memory before any are folded: 4.7 MB, for half a million
# messages, and for some thousand queues that have a few each.
FOLD_ABOVE = cython.declare(cython.Py_ssize_t, 1024)
ZEROS = bytes(PAGE_SLOTS * 8)


class Page:
    """512 slots and the counts of what is in them; a link in its table's chain."""

    def __init__(self) -> None:
        self.buffer = Buffer(PAGE_SLOTS * 8)
        self.number = 0
        self.live = 0
        self.ready = 0
        self.next = cython.cast(Page, None)
        self.previous = cython.cast(Page, None)


class PagePool:
    """Where the pages of all tables of a shard come from, and what they take of its memory.

    `in_use` are those that tables have. Above `fold_above` pages are folded, if there is a store.
    """

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        self.spare: list[Page] = []
        self.in_use = 0
        self.fold_above = FOLD_ABOVE
        self.store: PageStore | None = None
        self.make_store: Callable[[], PageStore] | None = None

    def fold_into(self, make_store: Callable[[], PageStore] | None) -> None:
        """What makes the store when it is needed; None: nothing is folded any more."""
        self.make_store = make_store

    def open_store(self) -> PageStore | None:
        """Where pages go; None: nowhere."""
        if self.store is None and self.make_store is not None:
            self.store = self.make_store()
        return self.store

    def close_store(self) -> None:
        """No page is folded or wanted back any more."""
        self.make_store = None
        if self.store is not None:
            self.store.close()
            self.store = None

    def is_crowded(self) -> cython.bint:
        """Pages should be folded."""
        return self.in_use >= self.fold_above and self.make_store is not None

    def take(self) -> Page:
        """A page of zeros."""
        self.in_use += 1
        if self.spare:
            return self.spare.pop()
        self.memory.take(PAGE_BYTES)
        return Page()

    def give_back(self, page: Page) -> cython.int:
        """The page is all zeros again, and nobody's."""
        self.in_use -= 1
        if len(self.spare) < SPARE_PAGES_MAX and not self.memory.is_tight():
            self.spare.append(page)
            return 0
        return self.memory.give(PAGE_BYTES)

    def drop_spare(self) -> None:
        """Keeps nothing for later."""
        self.memory.give(PAGE_BYTES * len(self.spare))
        self.spare.clear()


class Pages:
    """The pages that are in use, by number and in order, out of `pool`."""

    def __init__(self, pool: PagePool) -> None:
        self.pool = pool
        self.by_number: dict[int, Page] = {}
        self.head = cython.cast(Page, None)
        self.tail = cython.cast(Page, None)
        self.found = cython.cast(Page, None)

    def find(self, number: cython.ulonglong) -> Page:
        """The page, or None: it has been dropped, or has never been."""
        page: Page = self.found
        if page is not None and page.number == number:
            return page
        page = cython.cast(Page, self.by_number.get(number))
        if page is not None:
            self.found = page
        return page

    def floor(self, number: cython.ulonglong, near: Page | None) -> Page:
        """The last page up to that number, or None; it may not be far from `near`, if that is one.

        It is looked for from the one of those that are known that is nearest to it.
        """
        page: Page = self.head
        if page is None or page.number > number:
            return cython.cast(Page, None)
        page = nearest(number, page, self.tail)
        page = nearest(number, page, self.found)
        page = nearest(number, page, near)
        while page.number > number:
            page = page.previous
        while page.next is not None and page.next.number <= number:
            page = page.next
        return page

    def open(self, number: cython.ulonglong) -> Page:
        """A page of zeros behind the tail; `number` is above the tail's."""
        if self.tail is not None and self.tail.number >= number:
            raise InvariantError("pages are opened in order")
        return self.link(self.pool.take(), number, self.tail)

    def link(self, page: Page, number: cython.ulonglong, before: Page | None) -> Page:
        """A page that was nobody's stands behind `before`; None: before all others."""
        behind: Page = self.head if before is None else before.next
        page.number = number
        page.previous = before
        page.next = behind
        if before is None:
            self.head = page
        else:
            before.next = page
        if behind is None:
            self.tail = page
        else:
            behind.previous = page
        self.by_number[number] = page
        return page

    def drop(self, page: Page) -> cython.int:
        """Takes out a page whose entries are all gone."""
        if page.live != 0 or page.ready != 0:
            raise InvariantError("a page in use was dropped")
        if page.previous is None:
            self.head = page.next
        else:
            page.previous.next = page.next
        if page.next is None:
            self.tail = page.previous
        else:
            page.next.previous = page.previous
        if self.found is page:
            self.found = page.previous
        page.next = cython.cast(Page, None)
        page.previous = cython.cast(Page, None)
        del self.by_number[page.number]
        return self.pool.give_back(page)

    def clear(self, page: Page) -> cython.int:
        """Takes out a page whose entries are elsewhere now."""
        page.buffer.fill(0, ZEROS)
        page.live = 0
        page.ready = 0
        return self.drop(page)


def nearest(number: cython.ulonglong, page: Page, other: Page | None) -> Page:
    """The one of the two whose number is nearer; the other may be None."""
    if other is None or distance(number, page) <= distance(number, other):
        return page
    return other


def distance(number: cython.ulonglong, page: Page) -> cython.ulonglong:
    return number - page.number if number > page.number else page.number - number
