"""A sparse table over numbers that only rise: queue positions, delivery tags.

    number   0 ......... | 512 ....... | 1024 ...... |        | 51200 ...
             page 0        page 1        (dropped)   ...        page 100
                head <----> next <-------------------------------> tail

An entry is one or two 64-bit slots; zero means gone. A page whose entries are all gone is
dropped at once, wherever it stands, so one entry that stays for ever pins one page and not
the millions that passed behind it. Dropped pages are all zeros and go back to a pool.
"""

from __future__ import annotations

try:
    import cython
except ImportError:
    from leveret._cython_compat import cython

from leveret.engine.buffer import Buffer
from leveret.engine.errors import InvariantError
from leveret.engine.memory import Memory

if cython.compiled:
    from cython.cimports.leveret.engine.buffer import Buffer
    from cython.cimports.leveret.engine.memory import Memory
else:
    PAGE_SLOTS = 512

# 4 MiB of spare pages: enough for a burst of a thousand queues that empty and fill again.
SPARE_PAGES_MAX = cython.declare(cython.Py_ssize_t, 1024)
# Its slots, the objects around them (measured: 4,500 bytes), its entry in the table.
PAGE_BYTES = cython.declare(cython.Py_ssize_t, 4600)


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
    """Where the pages of all tables of a shard come from, and what they take of its memory."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        self.spare: list[Page] = []

    def take(self) -> Page:
        """A page of zeros."""
        if self.spare:
            return self.spare.pop()
        self.memory.take(PAGE_BYTES)
        return Page()

    def give_back(self, page: Page) -> cython.int:
        """The page is all zeros again, and nobody's."""
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

    def open(self, number: cython.ulonglong) -> Page:
        """A page of zeros behind the tail; `number` is above the tail's."""
        page: Page
        if self.tail is not None and self.tail.number >= number:
            raise InvariantError("pages are opened in order")
        page = self.pool.take()
        page.number = number
        page.previous = self.tail
        if self.tail is None:
            self.head = page
        else:
            self.tail.next = page
        self.tail = page
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
        page.next = cython.cast(Page, None)
        page.previous = cython.cast(Page, None)
        if self.found is page:
            self.found = cython.cast(Page, None)
        del self.by_number[page.number]
        return self.pool.give_back(page)
