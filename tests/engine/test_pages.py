"""Pages: a sparse table over rising numbers that keeps only what is in use."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leveret.engine import probe
from leveret.engine.errors import InvariantError
from leveret.engine.memory import Memory
from leveret.engine.pages import Page, PagePool, Pages
from tests.engine.page_memory import PageMemory

SPARE_MAX = 1024
FOLD_ABOVE = 1024
PAGE_BYTES = 4600


def a_pool() -> PagePool:
    return PagePool(Memory())


def numbers(pages: Pages) -> list[int]:
    """Along the chain from the head; the way back must be the same."""
    forth, page = [], pages.head
    while page is not None:
        forth.append(page)
        page = page.next
    back, page = [], pages.tail
    while page is not None:
        back.append(page)
        page = page.previous
    assert back == forth[::-1]
    return [page.number for page in forth]


def test_a_table_without_entries_has_no_pages():
    pages = Pages(a_pool())
    assert (pages.head, pages.tail, pages.find(0)) == (None, None, None)


def test_a_page_has_512_zero_slots_and_nothing_in_use():
    page = Page()
    assert page.buffer.bytes_at(0, page.buffer.size) == bytes(512 * 8)
    assert (page.live, page.ready) == (0, 0)


def test_pages_stand_in_the_order_they_were_opened_with_gaps():
    pages = Pages(a_pool())
    opened = [pages.open(number) for number in (0, 1, 7, 2**55 - 1)]
    assert numbers(pages) == [0, 1, 7, 2**55 - 1]
    assert [pages.find(number) for number in (0, 1, 7, 2**55 - 1)] == opened
    assert [pages.find(number) for number in (2, 6, 2**55)] == [None] * 3


@pytest.mark.parametrize("number", [0, 6, 7])
def test_a_page_is_opened_behind_the_last_one_only(number):
    pages = Pages(a_pool())
    pages.open(7)
    with pytest.raises(InvariantError):
        pages.open(number)
    assert numbers(pages) == [7]


@pytest.mark.parametrize("count", ["live", "ready"])
def test_a_page_in_use_is_not_dropped(count):
    pages = Pages(a_pool())
    page = pages.open(0)
    setattr(page, count, 1)
    with pytest.raises(InvariantError):
        pages.drop(page)
    assert pages.find(0) is page


@pytest.mark.parametrize("dropped", [0, 1, 2])
def test_a_dropped_page_is_not_found_and_its_neighbours_meet(dropped):
    pages = Pages(a_pool())
    for number in range(3):
        pages.open(number)
    pages.drop(pages.find(dropped))
    assert pages.find(dropped) is None
    assert numbers(pages) == [number for number in range(3) if number != dropped]


def test_a_dropped_number_is_opened_again_where_it_was_the_last():
    pages = Pages(a_pool())
    pages.drop(pages.open(4))
    assert pages.find(4) is None
    assert pages.open(4) is pages.find(4)


def test_dropped_pages_serve_any_table_of_the_same_pool():
    pool = a_pool()
    one, other = Pages(pool), Pages(pool)
    page = one.open(3)
    one.find(3)
    one.drop(page)
    assert pool.spare == [page]
    assert other.open(9) is page
    assert (pool.spare, one.find(3), one.find(9), other.find(9)) == ([], None, None, page)


def test_the_pool_keeps_a_thousand_pages_and_no_more():
    pool = a_pool()
    pages = Pages(pool)
    opened = [pages.open(number) for number in range(SPARE_MAX + 10)]
    for page in opened:
        pages.drop(page)
    assert len(pool.spare) == SPARE_MAX


def test_what_pages_take_is_counted_in_use_and_spare_alike():
    memory = Memory()
    pool = PagePool(memory)
    pages = Pages(pool)
    opened = [pages.open(number) for number in range(SPARE_MAX + 10)]
    assert memory.in_use == (SPARE_MAX + 10) * PAGE_BYTES
    for page in opened:
        pages.drop(page)
    assert memory.in_use == SPARE_MAX * PAGE_BYTES
    pool.drop_spare()
    assert (memory.in_use, pool.spare) == (0, [])


def test_no_page_is_kept_where_memory_is_tight():
    memory = Memory(4 * PAGE_BYTES)
    pages = Pages(PagePool(memory))
    opened = [pages.open(number) for number in range(3)]
    for page in opened:
        pages.drop(page)
    assert memory.in_use == PAGE_BYTES


def test_pages_in_use_are_counted_and_spare_ones_are_not():
    pool = a_pool()
    pages = Pages(pool)
    opened = [pages.open(number) for number in range(3)]
    pages.drop(opened[1])
    assert (pool.in_use, len(pool.spare)) == (2, 1)
    assert pages.open(5) is opened[1]
    assert pool.in_use == 3


def test_it_is_crowded_with_many_pages_if_there_is_somewhere_to_put_them():
    pool = a_pool()
    pages = Pages(pool)
    for number in range(FOLD_ABOVE):
        assert not pool.is_crowded()
        pages.open(number)
    assert not pool.is_crowded()
    pool.fold_into(PageMemory)
    assert pool.is_crowded()
    pages.drop(pages.head)
    assert not pool.is_crowded()


def test_the_store_is_made_when_it_is_needed_and_closed():
    pool, made = a_pool(), []
    assert pool.open_store() is None
    pool.fold_into(lambda: made.append(PageMemory()) or made[-1])
    assert (made, pool.store) == ([], None)
    assert pool.open_store() is pool.open_store() is made[0]
    pool.close_store()
    assert (made[0].closed, len(made)) == (True, 1)
    assert pool.open_store() is None
    pool.close_store()


def test_a_page_that_is_cleared_is_zeros_again():
    pool = a_pool()
    pages = Pages(pool)
    page = pages.open(3)
    probe.write_slot(page.buffer, 511, 5)
    page.live = page.ready = 1
    pages.clear(page)
    assert (numbers(pages), pool.spare, page.live, page.ready) == ([], [page], 0, 0)
    assert page.buffer.bytes_at(0, page.buffer.size) == bytes(512 * 8)


@pytest.mark.parametrize("near", [None, 3, 40, 90])
@pytest.mark.parametrize("found", [None, 3, 40, 90])
def test_the_last_page_up_to_a_number_wherever_it_is_looked_for_from(near, found):
    pages = Pages(a_pool())
    for number in (3, 10, 40, 41, 90):
        pages.open(number)
    hint = None if near is None else pages.find(near)
    for number in (0, 2, 3, 4, 10, 39, 40, 41, 42, 89, 90, 91, 2**50):
        if found is not None:
            pages.find(found)
        expected = max((each for each in (3, 10, 40, 41, 90) if each <= number), default=None)
        page = pages.floor(number, hint)
        assert (None if page is None else page.number) == expected
    assert Pages(a_pool()).floor(5, None) is None


@pytest.mark.parametrize(
    ("before", "number"), [(None, 1), (2, 3), (4, 5), (6, 7)], ids="first second third last".split()
)
def test_a_page_is_linked_between_others(before, number):
    pool = a_pool()
    pages = Pages(pool)
    for each in (2, 4, 6):
        pages.open(each)
    page = pages.link(pool.take(), number, None if before is None else pages.find(before))
    assert numbers(pages) == sorted([2, 4, 6, number])
    assert pages.find(number) is page
    pages.drop(page)
    assert numbers(pages) == [2, 4, 6]


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 9)), max_size=60))
def test_the_chain_and_the_numbers_agree_after_any_drops(commands):
    pages, expected, next_number = Pages(a_pool()), {}, 0
    for opens, number in commands:
        if opens:
            next_number += 1 + number
            expected[next_number] = pages.open(next_number)
        elif expected:
            chosen = list(expected)[number % len(expected)]
            pages.drop(expected.pop(chosen))
            assert pages.find(chosen) is None
        assert numbers(pages) == list(expected)
        assert [pages.find(number) for number in expected] == list(expected.values())


def test_what_stands_in_a_page_is_found_by_its_number():
    pages = Pages(a_pool())
    for number in range(3):
        probe.write_slot(pages.open(number).buffer, 511, number + 1)
    assert [probe.read_slot(pages.find(number).buffer, 511) for number in range(3)] == [1, 2, 3]
