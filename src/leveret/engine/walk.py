"""All pages of a queue in their order, to be looked at: those that are folded stay so."""

from __future__ import annotations

try:
    import cython
except ImportError:
    from leveret._cython_compat import cython

from leveret.engine.folds import Folds
from leveret.engine.pages import Page

if cython.compiled:
    from cython.cimports.leveret.engine.folds import Folds
    from cython.cimports.leveret.engine.pages import Page

# Above the number of every page.
NOWHERE = cython.declare(cython.ulonglong, 1 << 63)


class Walk:
    """Begins at `head`. The index must not be changed meanwhile.

    With `delivered`, those that are folded are left out if nothing in them was delivered before.
    """

    def __init__(self, head: Page | None, folds: Folds | None, delivered: cython.bint) -> None:
        self.page = cython.cast(Page, head)
        self.folds = cython.cast(Folds, folds)
        self.delivered = delivered
        self.copied = cython.cast(Page, None)
        self.folded = NOWHERE
        if self.folds is not None:
            self.copied = Page()
            self.folded = self.folds.lowest_from(0, delivered)

    def next(self) -> Page:
        """As it is until this is called again; None: that was all."""
        page: Page = self.page
        if self.folded == NOWHERE or (page is not None and page.number < self.folded):
            if page is not None:
                self.page = page.next
            return page
        self.folds.copy(self.folded, self.copied)
        self.folded = self.folds.lowest_from(self.folded + 1, self.delivered)
        return self.copied
