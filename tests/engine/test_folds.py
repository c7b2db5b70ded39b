"""Which pages of a queue are in the store, and what comes back from there."""

import pytest

from leveret.engine import probe
from leveret.engine.errors import InvariantError
from leveret.engine.folds import Folds
from leveret.engine.memory import Memory
from leveret.engine.pages import Page
from tests.engine.page_memory import PageMemory

NOWHERE = 1 << 63
READY, UNACKED, REDELIVERED = 1, 2, 8
FOLD_BYTES = 200


def page_of(number: int, *states: int) -> Page:
    """A page with entries of these states in its first slots, at location 7."""
    page = Page()
    page.number = number
    for slot, state in enumerate(states):
        probe.write_slot(page.buffer, slot, state << 56 | 7 if state else 0)
    return page


def folds_of(*numbers: int) -> tuple[Folds, PageMemory, Memory]:
    store, memory = PageMemory(), Memory()
    folds = Folds(store, memory)
    for number in numbers:
        assert folds.keep(page_of(number, READY))
    return folds, store, memory


def test_what_was_kept_comes_back_once_with_its_counts():
    folds, _, _ = folds_of()
    kept = page_of(5, READY, 0, READY | REDELIVERED, UNACKED, 0, READY)
    folds.keep(kept)
    page = Page()
    folds.bring(5, page, False)
    assert (page.number, page.live, page.ready) == (5, 4, 3)
    assert page.buffer.bytes_at(0, 4096) == kept.buffer.bytes_at(0, 4096)
    with pytest.raises(InvariantError):
        folds.bring(5, page, False)


def test_a_copy_leaves_it_there():
    folds, _, _ = folds_of(5)
    page = Page()
    for _ in range(2):
        folds.copy(5, page)
        assert (page.number, page.live, page.ready) == (5, 1, 1)
    assert folds.has(5)


def test_a_page_is_not_kept_twice():
    folds, _, _ = folds_of(5)
    with pytest.raises(InvariantError):
        folds.keep(page_of(5, READY))


@pytest.mark.parametrize("number", [4, 6, 69, 2**40])
def test_a_page_that_is_not_there_cannot_be_asked_for(number):
    folds, _, _ = folds_of(5)
    assert not folds.has(number)
    with pytest.raises(InvariantError):
        folds.copy(number, Page())


@pytest.mark.parametrize(
    ("number", "lowest"),
    [
        (0, 3),
        (3, 3),
        (4, 63),
        (63, 63),
        (64, 64),
        (65, 2**40),
        (2**40, 2**40),
        (2**40 + 1, NOWHERE),
    ],
)
def test_the_lowest_from_a_number_on(number, lowest):
    folds, _, _ = folds_of(64, 2**40, 63, 3)
    assert folds.lowest_from(number) == lowest
    assert folds_of()[0].lowest_from(number) == NOWHERE


def test_the_lowest_in_which_something_was_delivered():
    folds, _, _ = folds_of(3, 64, 200)
    folds.keep(page_of(70, READY, READY | REDELIVERED))
    assert [folds.lowest_from(number, True) for number in (0, 70, 71)] == [70, 70, NOWHERE]
    folds.bring(70, Page(), False)
    assert folds.lowest_from(0, True) == NOWHERE


def test_64_numbers_share_a_place_that_is_given_back_with_the_last():
    folds, store, memory = folds_of(*range(130))
    assert (len(store.kept), memory.in_use) == (3, 3 * FOLD_BYTES)
    for number in range(63):
        folds.bring(number, Page(), False)
    assert len(store.kept) == 3
    folds.bring(63, Page(), False)
    assert (len(store.kept), memory.in_use) == (2, 2 * FOLD_BYTES)


@pytest.mark.parametrize("first_is_kept", [False, True])
def test_where_there_is_no_room_nothing_is_kept(first_is_kept):
    folds, store, memory = folds_of(*[3] * first_is_kept)
    store.full = True
    assert not folds.keep(page_of(4, READY))
    assert (folds.has(4), len(folds.folds)) == (False, first_is_kept)
    assert memory.in_use == first_is_kept * FOLD_BYTES


def test_a_place_that_cannot_be_written_to_is_given_back():
    folds, store, memory = folds_of()
    store.write = lambda place, number, buffer: False  # it has just become full
    assert not folds.keep(page_of(4, READY))
    assert (store.kept, folds.folds, memory.in_use) == ({}, [], 0)


def test_sixteen_pages_are_expected_one_stretch_ahead():
    folds, store, _ = folds_of(*range(10, 140))
    for number in range(10, 140):
        folds.bring(number, Page(), True)
    assert store.expected == [
        *[(1, 32, 16), (1, 48, 16), (2, 0, 16), (2, 16, 16)],
        *[(2, 32, 16), (2, 48, 16), (3, 0, 16), (3, 16, 16)],
    ]
