"""Which positions of a queue nothing stands at any more: all that there have been but the live.

And how often those went back that are there.

A log that is to forget what it was told about messages, and not the messages, has to be told again.
"""

from __future__ import annotations

from collections.abc import Iterator

try:
    import cython
except ImportError:
    from leveret._cython_compat import cython

from leveret.engine.chores import Chore
from leveret.engine.folds import Folds
from leveret.engine.index import Index
from leveret.engine.journal import Journal
from leveret.engine.pages import Page
from leveret.engine.queue import Queue

if cython.compiled:
    from cython.cimports.leveret.engine.folds import Folds
    from cython.cimports.leveret.engine.index import Index
    from cython.cimports.leveret.engine.levels import LEVEL_SHIFT
    from cython.cimports.leveret.engine.pages import PAGE_SLOTS, Page
else:
    from leveret.engine.levels import LEVEL_SHIFT
    from leveret.engine.pages import PAGE_SLOTS

NUMBER_SHIFT = cython.declare(cython.int, 9)
# Above the number of every page.
NOWHERE = cython.declare(cython.ulonglong, 1 << 63)
# What a run takes, in messages of a chore.
COST = cython.declare(cython.Py_ssize_t, 4)


def say_what_is_gone(queues: list[Queue | None], journal: Journal) -> Chore:
    """Has the log told, of all queues of which it keeps messages, which ones are gone."""
    runs = all_gone(queues, journal)

    def step(count_max: int) -> int:
        for _ in range(max(1, count_max // COST)):
            if next(runs, done) is done:
                return 0
        return count_max

    return Chore(step)


done = object()


def all_gone(queues: list[Queue | None], journal: Journal) -> Iterator[None]:
    """Each step tells of one run. What is gone stays so, whatever comes between two steps."""
    for queue in list(queues):
        if queue is None or not queue.keeps:
            continue
        for first, last in [run for index in queue.indexes() for run in gone_runs(index)]:
            if queue.keeps:  # it was not dropped meanwhile
                journal.gone(queue.identity, first, last)
            yield
        if queue.rules is not None:
            yield from queue.rules.log_counts()


def gone_runs(index: Index) -> list[tuple[int, int]]:
    """First and last position of each run below the next position at which nothing stands."""
    runs: list = []
    folds: Folds = index.folds
    page: Page = index.pages.head
    copied: Page = Page()
    expected: cython.ulonglong = index.next_position >> LEVEL_SHIFT << LEVEL_SHIFT
    number: cython.ulonglong = expected >> NUMBER_SHIFT
    folded: cython.ulonglong
    count: cython.ulonglong
    while True:
        folded = NOWHERE if folds is None else folds.lowest_from(number)
        if page is not None and page.number < folded:
            expected = gaps_in(page, expected, runs)
            number = page.number + 1
            page = page.next
        elif folded == NOWHERE:
            break
        else:
            count = folds.full_from(folded)
            if count > 0:
                if expected < folded << NUMBER_SHIFT:
                    runs.append((expected, (folded << NUMBER_SHIFT) - 1))
                expected = (folded + count) << NUMBER_SHIFT
                number = folded + count
            else:
                folds.copy(folded, copied)
                expected = gaps_in(copied, expected, runs)
                number = folded + 1
    if expected < index.next_position:
        runs.append((expected, index.next_position - 1))
    return runs


def gaps_in(page: Page, expected: cython.ulonglong, runs: list) -> cython.ulonglong:
    """Adds the runs that end in a page; returns where the next may begin."""
    slot: cython.Py_ssize_t
    position: cython.ulonglong = page.number << NUMBER_SHIFT
    if page.live == PAGE_SLOTS:
        if expected < position:
            runs.append((expected, position - 1))
        return position + PAGE_SLOTS
    for slot in range(PAGE_SLOTS):
        if page.buffer.slot(slot) != 0:
            if expected < position:
                runs.append((expected, position - 1))
            expected = position + 1
        position += 1
    return expected
