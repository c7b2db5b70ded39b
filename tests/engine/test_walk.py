"""Pages in memory and in the store, looked at in one order."""

import pytest

from leveret.engine.folds import Folds
from leveret.engine.memory import Memory
from leveret.engine.pages import PagePool, Pages
from leveret.engine.walk import Walk
from tests.engine.page_memory import PageMemory
from tests.engine.test_folds import READY, REDELIVERED, page_of


def numbers(walk: Walk) -> list[int]:
    found = []
    while (page := walk.next()) is not None:
        found.append(page.number)
    return found


@pytest.mark.parametrize(
    ("here", "folded"),
    [([], []), ([1, 5], []), ([], [1, 5]), ([1, 5], [0, 2, 3, 70]), ([0, 70], [1, 5])],
)
def test_pages_come_by_their_numbers_wherever_they_are(here, folded):
    pages, store = Pages(PagePool(Memory())), PageMemory()
    for number in here:
        pages.open(number)
    folds = Folds(store, Memory())
    for number in folded:
        folds.keep(page_of(number, READY))
    assert numbers(Walk(pages.head, folds, False)) == sorted(here + folded)
    assert numbers(Walk(pages.head, None, False)) == here
    assert [number for number in folded if folds.has(number)] == folded


def test_what_was_never_delivered_is_left_out_where_it_is_folded():
    pages, store = Pages(PagePool(Memory())), PageMemory()
    pages.open(1)
    folds = Folds(store, Memory())
    for number in (0, 2, 3):
        folds.keep(page_of(number, READY | (REDELIVERED if number == 2 else 0)))
    assert numbers(Walk(pages.head, folds, True)) == [1, 2]
    assert store.reads == 1


def test_a_page_that_is_folded_is_shown_as_it_is():
    folds = Folds(PageMemory(), Memory())
    folds.keep(page_of(9, READY, 0, READY))
    page = Walk(None, folds, False).next()
    assert (page.number, page.live, page.ready) == (9, 2, 2)
