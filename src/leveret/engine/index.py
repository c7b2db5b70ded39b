"""A queue's order: what stands at each position, and which ready message is next.

    entry   63 ............ 56 55 ....................................... 0
            state and flags    where the record is (records.py)

Positions rise by one for ever and are never used again. A message that is requeued goes back to
its own position; the cursor then steps back to it. Pages know how many of their entries are
ready, so that the cursor passes over long stretches of unacknowledged messages by the page. A
ready entry is flagged UNWEIGHED if its queue does not count its message's bytes: it was requeued
while its record was not in memory.

    pages    | cursor | near | folded .................. | tail |
                                 ^ visited

Where a shard has many pages in memory, those that are full, or have been looked at, are folded
(folds.py) if the cursor is not near and all that is in them is ready. The cursor, and whoever asks
for a position, has the page brought back. So the cursor's page is in memory, and below it none is
folded.
"""

from __future__ import annotations

try:
    import cython
except ImportError:
    from leveret._cython_compat import cython

from leveret.engine.errors import InvariantError
from leveret.engine.folds import Folds
from leveret.engine.pages import Page, PagePool, Pages
from leveret.engine.walk import Walk

if cython.compiled:
    from cython.cimports.leveret.engine.folds import Folds
    from cython.cimports.leveret.engine.pages import PAGE_SLOTS, Page, PagePool, Pages
    from cython.cimports.leveret.engine.walk import Walk
else:
    from leveret.engine.pages import PAGE_SLOTS

    GONE = 0
    READY = 1
    UNACKED = 2
    REDELIVERED = 8
    UNWEIGHED = 16

STATE_SHIFT = cython.declare(cython.int, 56)
STATE_MASK = cython.declare(cython.int, 7)
LOCATION_MASK = cython.declare(cython.ulonglong, 0x00FFFFFFFFFFFFFF)
NUMBER_SHIFT = cython.declare(cython.int, 9)
SLOT_MASK = cython.declare(cython.int, 511)
UNWEIGHED_FLAG = cython.declare(cython.ulonglong, 16 << 56)
# Above the number of every page.
NOWHERE = cython.declare(cython.ulonglong, 1 << 63)
# Pages behind the cursor's that stay in memory when they are full: so the cursor of a queue that is
# hardly longer than a page never waits.
NEAR_PAGES = cython.declare(cython.ulonglong, 1)
# Pages behind the cursor's that stay if they have been in memory for a while: several times what
# one look ahead, for records that are not in memory, has brought back.
NEAR_PAGES_MAX = cython.declare(cython.ulonglong, 32)


class Index:
    """The live positions of one queue."""

    def __init__(self, pool: PagePool) -> None:
        self.pages = Pages(pool)
        self.next_position = 0
        self.cursor = cython.cast(Page, None)
        self.cursor_slot = 0
        self.folds = cython.cast(Folds, None)  # made with the first page that is folded
        self.filled = cython.cast(Page, None)  # the last one that entries were added to
        self.visited = cython.cast(Page, None)  # the last one that somebody had brought back

    def append(self, location: cython.ulonglong) -> cython.ulonglong:
        """A ready entry behind all others; returns its position."""
        position: cython.ulonglong = self.next_position
        slot: cython.Py_ssize_t = position & SLOT_MASK
        page: Page = self.pages.tail
        if page is None or page.number != position >> NUMBER_SHIFT:
            page = self.open(position >> NUMBER_SHIFT)
        if self.cursor is None:
            self.cursor = page
            self.cursor_slot = slot
        page.buffer.put_slot(slot, self.pack(READY, location))
        page.live += 1
        page.ready += 1
        self.next_position = position + 1
        return position

    def put(self, position: cython.ulonglong, location: cython.ulonglong) -> cython.bint:
        """A ready entry at any position; False: something stands there."""
        number: cython.ulonglong = position >> NUMBER_SHIFT
        slot: cython.Py_ssize_t = position & SLOT_MASK
        page: Page = self.find(number)
        if position >= self.next_position:
            self.next_position = position + 1
        if page is None:
            page = self.open(number)
        elif page.buffer.slot(slot) != 0:
            return False
        page.buffer.put_slot(slot, self.pack(READY, location))
        page.live += 1
        page.ready += 1
        if self.cursor is None or position < self.cursor_position():
            self.cursor = page
            self.cursor_slot = slot
        return True

    def seek_ready(self) -> cython.bint:
        """Moves the cursor to the first ready entry; False where there is none."""
        page: Page = self.cursor
        slot: cython.Py_ssize_t = self.cursor_slot
        while page is not None:
            if page.ready > 0:
                while slot < PAGE_SLOTS:
                    if page.buffer.slot(slot) >> STATE_SHIFT & STATE_MASK == READY:
                        self.cursor = page
                        self.cursor_slot = slot
                        return True
                    slot += 1
                raise InvariantError("a ready entry stands before the cursor")
            page = self.after(page)
            if page is None:
                return False
            slot = 0
            self.cursor = page
            self.cursor_slot = 0
        return False

    def cursor_entry(self) -> cython.ulonglong:
        """What stands at the cursor, after seek_ready() has said that something does."""
        return self.cursor.buffer.slot(self.cursor_slot)

    def cursor_position(self) -> cython.ulonglong:
        return (self.cursor.number << NUMBER_SHIFT) + self.cursor_slot

    def take_unacked(self) -> cython.int:
        """The ready entry at the cursor becomes unacknowledged."""
        page: Page = self.cursor
        slot: cython.Py_ssize_t = self.cursor_slot
        entry: cython.ulonglong = page.buffer.slot(slot)
        page.buffer.put_slot(slot, entry + (cython.cast(cython.ulonglong, 1) << STATE_SHIFT))
        page.ready -= 1
        self.cursor_slot = slot + 1
        return 0

    def take_away(self) -> cython.int:
        """The ready entry at the cursor is gone."""
        page: Page = self.cursor
        page.buffer.put_slot(self.cursor_slot, 0)
        page.ready -= 1
        page.live -= 1
        self.cursor_slot += 1
        if page.live == 0:
            self.drop(page)
        return 0

    def rewind(self) -> cython.int:
        """The cursor steps back to the beginning, for take_any()."""
        self.cursor = self.pages.head
        self.cursor_slot = 0
        return 0

    def take_any(self) -> cython.ulonglong:
        """Takes out what stands at the cursor or behind it, in whatever state; 0: nothing does."""
        page: Page = self.cursor
        slot: cython.Py_ssize_t = self.cursor_slot
        entry: cython.ulonglong
        while page is not None:
            while slot < PAGE_SLOTS:
                entry = page.buffer.slot(slot)
                slot += 1
                if entry != 0:
                    page.buffer.put_slot(slot - 1, 0)
                    page.ready -= entry >> STATE_SHIFT & STATE_MASK == READY
                    page.live -= 1
                    self.cursor = page
                    self.cursor_slot = slot
                    if page.live == 0:
                        self.drop(page)
                    return entry
            page = self.after(page)
            slot = 0
        return 0

    def entry(self, position: cython.ulonglong) -> cython.ulonglong:
        """What stands at a position; 0 is gone."""
        page: Page = self.find(position >> NUMBER_SHIFT)
        if page is None:
            return 0
        return page.buffer.slot(position & SLOT_MASK)

    def remove(self, position: cython.ulonglong) -> cython.ulonglong:
        """Takes out what stands at a position and returns it; 0: nothing did."""
        page: Page = self.find(position >> NUMBER_SHIFT)
        slot: cython.Py_ssize_t = position & SLOT_MASK
        entry: cython.ulonglong
        if page is None:
            return 0
        entry = page.buffer.slot(slot)
        if entry == 0:
            return 0
        page.buffer.put_slot(slot, 0)
        page.live -= 1
        if entry >> STATE_SHIFT & STATE_MASK == READY:
            page.ready -= 1
        if page.live == 0:
            self.drop(page)
        return entry

    def requeue(self, position: cython.ulonglong) -> cython.bint:
        """An unacknowledged entry is ready again, marked redelivered; False: there is none."""
        page: Page = self.find(position >> NUMBER_SHIFT)
        slot: cython.Py_ssize_t = position & SLOT_MASK
        entry: cython.ulonglong
        if page is None:
            return False
        entry = page.buffer.slot(slot)
        if entry >> STATE_SHIFT & STATE_MASK != UNACKED:
            return False
        page.buffer.put_slot(slot, self.pack(READY | REDELIVERED, entry & LOCATION_MASK))
        page.ready += 1
        if self.cursor is None or position < self.cursor_position():
            self.cursor = page
            self.cursor_slot = slot
        return True

    def mark_redelivered(self, position: cython.ulonglong) -> cython.bint:
        """What stands there will say so when it is delivered; False: nothing stands there."""
        page: Page = self.find(position >> NUMBER_SHIFT)
        slot: cython.Py_ssize_t = position & SLOT_MASK
        entry: cython.ulonglong
        if page is None:
            return False
        entry = page.buffer.slot(slot)
        if entry == 0:
            return False
        page.buffer.put_slot(slot, self.pack(REDELIVERED, entry))
        return True

    def mark_redelivered_within(
        self, first: cython.ulonglong, last: cython.ulonglong
    ) -> cython.int:
        """The same for all that stands there."""
        last_page: cython.ulonglong = last >> NUMBER_SHIFT
        page: Page = self.page_within(first >> NUMBER_SHIFT, last_page)
        begin: cython.ulonglong
        position: cython.ulonglong
        while page is not None:
            begin = page.number << NUMBER_SHIFT
            for position in range(max(first, begin), min(last + 1, begin + PAGE_SLOTS)):
                self.mark_redelivered(position)
            page = self.page_within((begin >> NUMBER_SHIFT) + 1, last_page)
        return 0

    def delivered_runs(self) -> list[tuple[int, int]]:
        """First and last position of each run of entries that were delivered before."""
        runs: list = []
        walk: Walk = Walk(self.pages.head, self.folds, True)
        page: Page = walk.next()
        slot: cython.Py_ssize_t
        state: cython.int
        first: cython.longlong = -1
        last: cython.longlong = 0
        while page is not None:
            for slot in range(PAGE_SLOTS):
                state = page.buffer.slot(slot) >> STATE_SHIFT
                if state & REDELIVERED or state & STATE_MASK == UNACKED:
                    position: cython.longlong = (page.number << NUMBER_SHIFT) + slot
                    if first >= 0 and position != last + 1:
                        runs.append((first, last))
                        first = position
                    elif first < 0:
                        first = position
                    last = position
            page = walk.next()
        if first >= 0:
            runs.append((first, last))
        return runs

    def relocate(
        self, position: cython.ulonglong, old: cython.ulonglong, new: cython.ulonglong
    ) -> cython.bint:
        """The record has moved; False: another message, or none, stands at the position."""
        page: Page = self.find(position >> NUMBER_SHIFT)
        slot: cython.Py_ssize_t = position & SLOT_MASK
        entry: cython.ulonglong
        if page is None:
            return False
        entry = page.buffer.slot(slot)
        if entry == 0 or entry & LOCATION_MASK != old:
            return False
        page.buffer.put_slot(slot, entry - old + new)
        return True

    def unweigh(self, position: cython.ulonglong) -> cython.int:
        """Marks the entry at a position, which is ready."""
        page: Page = self.find(position >> NUMBER_SHIFT)
        slot: cython.Py_ssize_t = position & SLOT_MASK
        page.buffer.put_slot(slot, page.buffer.slot(slot) | UNWEIGHED_FLAG)
        return 0

    def weigh(self, position: cython.ulonglong) -> cython.bint:
        """Takes the mark away; False: the entry had none."""
        page: Page = self.find(position >> NUMBER_SHIFT)
        slot: cython.Py_ssize_t = position & SLOT_MASK
        entry: cython.ulonglong = page.buffer.slot(slot)
        if entry & UNWEIGHED_FLAG == 0:
            return False
        page.buffer.put_slot(slot, entry - UNWEIGHED_FLAG)
        return True

    # -- pages

    def find(self, number: cython.ulonglong) -> Page:
        """The page of that number, from wherever it is; None: there is none."""
        page: Page = self.pages.find(number)
        if page is None and self.folds is not None and self.folds.has(number):
            page = self.visit(number)
        return page

    def page_from(self, number: cython.ulonglong) -> Page:
        """The first page with that number or a higher one, near the cursor, or None."""
        page: Page = self.pages.find(number)
        if page is not None:
            return page
        return self.behind(number, self.pages.floor(number, self.cursor))

    def page_within(self, number: cython.ulonglong, last: cython.ulonglong) -> Page:
        """The first page from that number on to the last one, or None."""
        page: Page = self.pages.find(number)
        folded: cython.ulonglong = NOWHERE
        if page is not None:
            return page
        page = self.pages.floor(number, self.visited)
        page = self.pages.head if page is None else page.next
        if self.folds is not None:
            folded = self.folds.lowest_from(number)
        if folded <= last and (page is None or folded < page.number):
            return self.visit(folded)
        if page is not None and page.number > last:
            return cython.cast(Page, None)
        return page

    def after(self, page: Page) -> Page:
        """The page behind one that is in memory, or None."""
        if self.folds is None:
            return page.next
        return self.behind(page.number + 1, page)

    def behind(self, number: cython.ulonglong, before: Page | None) -> Page:
        """The first page from that number on; `before` is the last one in memory below it."""
        page: Page = self.pages.head if before is None else before.next
        folded: cython.ulonglong
        if self.folds is None:
            return page
        folded = self.folds.lowest_from(number)
        if folded == NOWHERE or (page is not None and page.number < folded):
            return page
        return self.unfold(folded, before, True)

    def visit(self, number: cython.ulonglong) -> Page:
        """Brings a page back that somebody wants; the one that was wanted before may go."""
        before: Page = self.pages.floor(number, self.visited)
        page: Page = self.unfold(number, before, False)
        if self.pages.pool.is_crowded() and self.visited is not None:
            self.fold(self.visited, NEAR_PAGES)
        self.visited = page
        return page

    def unfold(self, number: cython.ulonglong, before: Page | None, ahead: cython.bint) -> Page:
        page: Page = self.pages.pool.take()
        self.folds.bring(number, page, ahead)
        return self.pages.link(page, number, before)

    def open(self, number: cython.ulonglong) -> Page:
        """A new page, at its place; where there are many, those before it may go."""
        if self.pages.pool.is_crowded():
            self.make_room()
        page: Page = self.pages.floor(number, self.filled)
        self.filled = self.pages.link(self.pages.pool.take(), number, page)
        return self.filled

    def make_room(self) -> cython.int:
        """Folds the page that was filled last, and one that has been in memory for longer."""
        page: Page = self.filled
        before: Page
        if page is None:
            page = self.pages.tail
        if page is not None:
            before = page.previous
            self.fold(page, NEAR_PAGES)
            if before is not None:
                self.fold(before, NEAR_PAGES_MAX)
        return 0

    def fold(self, page: Page, near: cython.ulonglong) -> cython.bint:
        """A page goes if it can, is not the last and not near; `near` in pages from the cursor."""
        if page.ready == 0 or page.ready != page.live or self.cursor is None:
            return False
        if page.number <= self.cursor.number + near:
            return False
        if page.number == self.next_position >> NUMBER_SHIFT:
            return False
        if self.folds is None:
            store = self.pages.pool.open_store()
            if store is None:
                return False
            self.folds = Folds(store, self.pages.pool.memory)
        if not self.folds.keep(page):
            return False
        self.forget(page)
        self.pages.clear(page)
        return True

    def drop(self, page: Page) -> cython.int:
        """Nothing is left in it."""
        if self.cursor is page:
            self.cursor = self.after(page)
            self.cursor_slot = 0
        self.forget(page)
        self.pages.drop(page)
        return 0

    def forget(self, page: Page) -> cython.int:
        """The page will be another's."""
        if self.filled is page:
            self.filled = cython.cast(Page, None)
        if self.visited is page:
            self.visited = cython.cast(Page, None)
        return 0

    def pack(self, state: cython.int, location: cython.ulonglong) -> cython.ulonglong:
        return (cython.cast(cython.ulonglong, state) << STATE_SHIFT) | location

    def entries(self) -> list[tuple[int, int, int]]:
        """(position, state and flags, location) of all that is live, in order: for tests."""
        found = []
        walk: Walk = Walk(self.pages.head, self.folds, False)
        page: Page = walk.next()
        slot: cython.Py_ssize_t
        entry: cython.ulonglong
        while page is not None:
            for slot in range(PAGE_SLOTS):
                entry = page.buffer.slot(slot)
                if entry != 0:
                    position = page.number * PAGE_SLOTS + slot
                    found.append((position, entry >> STATE_SHIFT, entry & LOCATION_MASK))
            page = walk.next()
        return found
