"""What a channel has delivered and not yet seen settled, by delivery tag.

    tag 1 | holder 0, position 17 |    two slots an entry: holder + 1, position
    tag 2 | gone                  |
    tag 3 | holder 2, position 5  |

A holder is a consumer of the channel, or what basic.get took from a queue. Tags rise by one for
ever; like a queue's positions they live in pages of which the empty ones are dropped.
"""

from __future__ import annotations

try:
    import cython
except ImportError:
    from leveret._cython_compat import cython

from leveret.engine.errors import InvariantError
from leveret.engine.pages import Page, PagePool, Pages

if cython.compiled:
    from cython.cimports.leveret.engine.pages import Page, PagePool, Pages

NUMBER_SHIFT = cython.declare(cython.int, 8)
ENTRY_MASK = cython.declare(cython.int, 255)
ENTRIES = cython.declare(cython.ulonglong, 256)


class Unacked:
    """The entries of one channel. `holder` and `position` are what the last call found.

    `count_max` is the limit that the channel's consumers share, 0 for none; the `got` entries, of
    basic.get, do not count. Of all together there may be `ceiling`.
    """

    def __init__(self, pool: PagePool, ceiling: cython.Py_ssize_t) -> None:
        self.pages = Pages(pool)
        self.ceiling = ceiling
        self.last_tag = 0
        self.count = 0
        self.holder = 0
        self.position = 0
        self.oldest = 1
        self.count_max = 0
        self.got = 0

    def has_room(self) -> cython.bint:
        """The channel's consumers may have one more."""
        if self.count >= self.ceiling:
            return False
        return self.count_max == 0 or self.count - self.got < self.count_max

    def add(self, holder: cython.Py_ssize_t, position: cython.ulonglong) -> cython.ulonglong:
        """The next delivery tag, given to a message that awaits its acknowledgement."""
        tag: cython.ulonglong = self.last_tag + 1
        slot: cython.Py_ssize_t = (tag & ENTRY_MASK) * 2
        page: Page = self.pages.tail
        if page is None or page.number != tag >> NUMBER_SHIFT:
            page = self.pages.open(tag >> NUMBER_SHIFT)
        page.buffer.put_slot(slot, holder + 1)
        page.buffer.put_slot(slot + 1, position)
        page.live += 1
        self.last_tag = tag
        self.count += 1
        return tag

    def skip(self) -> cython.ulonglong:
        """The next delivery tag, given to a message that needs no acknowledgement."""
        self.last_tag += 1
        return self.last_tag

    def has(self, tag: cython.ulonglong) -> cython.bint:
        """The tag has been given and awaits its acknowledgement."""
        page: Page = self.pages.find(tag >> NUMBER_SHIFT)
        return page is not None and page.buffer.slot((tag & ENTRY_MASK) * 2) != 0

    def take(self, tag: cython.ulonglong) -> cython.bint:
        """Takes out one entry; False: the tag is unknown or was settled before."""
        page: Page = self.pages.find(tag >> NUMBER_SHIFT)
        if page is None:
            return False
        return self.take_at(page, (tag & ENTRY_MASK) * 2)

    def take_oldest(self, tag: cython.ulonglong) -> cython.bint:
        """Takes out the oldest entry up to a tag; False: there is none."""
        page: Page = self.pages.head
        first: cython.ulonglong
        if page is None:
            return False
        first = page.number << NUMBER_SHIFT
        if self.oldest < first:
            self.oldest = first
        while self.oldest <= tag:
            if self.oldest - first >= ENTRIES:
                raise InvariantError("a page without entries was kept")
            self.oldest += 1
            if self.take_at(page, (self.oldest - 1 - first) * 2):
                return True
        return False

    def tags(self, last: cython.ulonglong, after: cython.ulonglong = 0) -> list[int]:
        """All tags above `after` up to `last` that await their acknowledgement, oldest first."""
        tags: list = []
        tag: cython.ulonglong
        first: cython.ulonglong
        page: Page = self.pages.head
        while page is not None:
            first = page.number << NUMBER_SHIFT
            for tag in range(max(first, after + 1), min(first + ENTRIES, last + 1)):
                if page.buffer.slot((tag & ENTRY_MASK) * 2) != 0:
                    tags.append(tag)
            page = page.next
        return tags

    def oldest_of(self, holder: int) -> int:
        """The oldest tag that awaits its acknowledgement and is this holder's; 0: none does."""
        page: Page = self.pages.head
        entry: cython.Py_ssize_t
        wanted: cython.ulonglong = holder + 1
        while page is not None:
            for entry in range(cython.cast(cython.Py_ssize_t, ENTRIES)):
                if page.buffer.slot(2 * entry) == wanted:
                    return (page.number << NUMBER_SHIFT) + entry
            page = page.next
        return 0

    def take_at(self, page: Page, slot: cython.Py_ssize_t) -> cython.bint:
        holder: cython.ulonglong = page.buffer.slot(slot)
        if holder == 0:
            return False
        self.holder = holder - 1
        self.position = page.buffer.slot(slot + 1)
        page.buffer.put_slot(slot, 0)
        page.buffer.put_slot(slot + 1, 0)
        page.live -= 1
        self.count -= 1
        if page.live == 0:
            self.pages.drop(page)
        return True
