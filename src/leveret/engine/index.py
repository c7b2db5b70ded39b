"""A queue's order: what stands at each position, and which ready message is next.

    entry   63 ............ 56 55 ....................................... 0
            state and flags    where the record is (records.py)

Positions rise by one for ever and are never used again. A message that is requeued goes back to
its own position; the cursor then steps back to it. Pages know how many of their entries are
ready, so that the cursor passes over long stretches of unacknowledged messages by the page. A
ready entry is flagged UNWEIGHED if its queue does not count its message's bytes: it was requeued
while its record was not in memory.
"""

from __future__ import annotations

try:
    import cython
except ImportError:
    from leveret._cython_compat import cython

from leveret.engine.errors import InvariantError
from leveret.engine.pages import Page, PagePool, Pages

if cython.compiled:
    from cython.cimports.leveret.engine.pages import PAGE_SLOTS, Page, PagePool, Pages
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


class Index:
    """The live positions of one queue."""

    def __init__(self, pool: PagePool) -> None:
        self.pages = Pages(pool)
        self.next_position = 0
        self.cursor = cython.cast(Page, None)
        self.cursor_slot = 0

    def append(self, location: cython.ulonglong) -> cython.ulonglong:
        """A ready entry behind all others; returns its position."""
        position: cython.ulonglong = self.next_position
        slot: cython.Py_ssize_t = position & SLOT_MASK
        page: Page = self.pages.tail
        if page is None or page.number != position >> NUMBER_SHIFT:
            page = self.pages.open(position >> NUMBER_SHIFT)
        if self.cursor is None:
            self.cursor = page
            self.cursor_slot = slot
        page.buffer.put_slot(slot, self.pack(READY, location))
        page.live += 1
        page.ready += 1
        self.next_position = position + 1
        return position

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
            if page.next is None:
                return False
            page = page.next
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
            page = page.next
            slot = 0
        return 0

    def entry(self, position: cython.ulonglong) -> cython.ulonglong:
        """What stands at a position; 0 is gone."""
        page: Page = self.pages.find(position >> NUMBER_SHIFT)
        if page is None:
            return 0
        return page.buffer.slot(position & SLOT_MASK)

    def remove(self, position: cython.ulonglong) -> cython.ulonglong:
        """Takes out what stands at a position and returns it; 0: nothing did."""
        page: Page = self.pages.find(position >> NUMBER_SHIFT)
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
        page: Page = self.pages.find(position >> NUMBER_SHIFT)
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
        page: Page = self.pages.find(position >> NUMBER_SHIFT)
        slot: cython.Py_ssize_t = position & SLOT_MASK
        entry: cython.ulonglong
        if page is None:
            return False
        entry = page.buffer.slot(slot)
        if entry == 0:
            return False
        page.buffer.put_slot(slot, self.pack(REDELIVERED, entry))
        return True

    def delivered_runs(self) -> list[tuple[int, int]]:
        """First and last position of each run of entries that were delivered before."""
        runs: list = []
        page: Page = self.pages.head
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
            page = page.next
        if first >= 0:
            runs.append((first, last))
        return runs

    def first_position(self) -> cython.ulonglong:
        """Nothing stands below it."""
        if self.pages.head is None:
            return self.next_position
        return self.pages.head.number << NUMBER_SHIFT

    def relocate(
        self, position: cython.ulonglong, old: cython.ulonglong, new: cython.ulonglong
    ) -> cython.bint:
        """The record has moved; False: another message, or none, stands at the position."""
        page: Page = self.pages.find(position >> NUMBER_SHIFT)
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
        page: Page = self.pages.find(position >> NUMBER_SHIFT)
        slot: cython.Py_ssize_t = position & SLOT_MASK
        page.buffer.put_slot(slot, page.buffer.slot(slot) | UNWEIGHED_FLAG)
        return 0

    def weigh(self, position: cython.ulonglong) -> cython.bint:
        """Takes the mark away; False: the entry had none."""
        page: Page = self.pages.find(position >> NUMBER_SHIFT)
        slot: cython.Py_ssize_t = position & SLOT_MASK
        entry: cython.ulonglong = page.buffer.slot(slot)
        if entry & UNWEIGHED_FLAG == 0:
            return False
        page.buffer.put_slot(slot, entry - UNWEIGHED_FLAG)
        return True

    def page_from(self, number: cython.ulonglong) -> Page:
        """The first page with that number or a higher one, of those from the cursor on, or None."""
        page: Page = self.pages.find(number)
        if page is None:
            page = self.cursor
            while page is not None and page.number < number:
                page = page.next
        return page

    def drop(self, page: Page) -> cython.int:
        if self.cursor is page:
            self.cursor = page.next
            self.cursor_slot = 0
        self.pages.drop(page)
        return 0

    def pack(self, state: cython.int, location: cython.ulonglong) -> cython.ulonglong:
        return (cython.cast(cython.ulonglong, state) << STATE_SHIFT) | location

    def entries(self) -> list[tuple[int, int, int]]:
        """(position, state and flags, location) of all that is live, in order: for tests."""
        found = []
        page: Page = self.pages.head
        slot: cython.Py_ssize_t
        entry: cython.ulonglong
        while page is not None:
            for slot in range(PAGE_SLOTS):
                entry = page.buffer.slot(slot)
                if entry != 0:
                    position = page.number * PAGE_SLOTS + slot
                    found.append((position, entry >> STATE_SHIFT, entry & LOCATION_MASK))
            page = page.next
        return found
