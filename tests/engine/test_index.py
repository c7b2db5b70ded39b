"""A queue's order: positions in pages, against a list that keeps the same order."""

import pytest
from hypothesis import settings

from leveret.engine.errors import PagesLost
from leveret.engine.index import Index
from leveret.engine.memory import Memory
from leveret.engine.pages import PagePool
from tests.engine.index_commands import Commands, FoldingCommands
from tests.engine.page_memory import PageMemory, folding_pool

READY, UNACKED, REDELIVERED, UNWEIGHED = 1, 2, 8, 16
PAGE = 512
LOCATION_MAX = 2**56 - 1


def index_of(count: int, pool: PagePool | None = None) -> Index:
    """Ready entries, whose location is 1000 + their position."""
    index = Index(pool or PagePool(Memory()))
    for position in range(count):
        assert index.append(1000 + position) == position
    return index


def take(index: Index, count: int) -> list[int]:
    """Delivers the next `count` entries: their positions."""
    taken = []
    for _ in range(count):
        assert index.seek_ready()
        taken.append(index.cursor_position())
        index.take_unacked()
    return taken


def test_positions_rise_from_zero_and_are_never_used_again():
    index = index_of(3)
    for position in range(3):
        index.remove(position)
    assert (index.append(9), index.next_position) == (3, 4)


def test_an_empty_index_has_nothing_ready():
    index = Index(PagePool(Memory()))
    assert (index.seek_ready(), index.entries(), index.entry(0), index.remove(0)) == (
        False,
        [],
        0,
        0,
    )


@pytest.mark.parametrize("count", [1, PAGE - 1, PAGE, PAGE + 1, 3 * PAGE])
def test_entries_are_delivered_in_order(count):
    index = index_of(count)
    assert take(index, count) == list(range(count))
    assert not index.seek_ready()


@pytest.mark.parametrize("location", [0, 1, LOCATION_MAX])
def test_an_entry_keeps_its_location_beside_its_state(location):
    index = Index(PagePool(Memory()))
    index.append(location)
    assert index.entries() == [(0, READY, location)]
    take(index, 1)
    assert index.entries() == [(0, UNACKED, location)]
    index.requeue(0)
    assert index.entries() == [(0, READY | REDELIVERED, location)]
    take(index, 1)
    assert index.entries() == [(0, UNACKED | REDELIVERED, location)]
    index.requeue(0)
    assert index.entries() == [(0, READY | REDELIVERED, location)]


def test_the_cursor_says_entry_and_position():
    index = index_of(2)
    take(index, 1)
    assert index.seek_ready()
    assert (index.cursor_position(), index.cursor_entry()) == (1, READY << 56 | 1001)


@pytest.mark.parametrize("position", [0, 5, PAGE - 1, PAGE, 2 * PAGE + 3])
def test_a_requeued_entry_is_next_at_its_own_position(position):
    index = index_of(3 * PAGE)
    take(index, 2 * PAGE + 10)
    assert index.requeue(position)
    assert take(index, 2) == [position, 2 * PAGE + 10]


def test_requeued_entries_come_in_the_order_of_their_positions():
    index = index_of(2 * PAGE)
    take(index, 2 * PAGE)
    for position in (700, 3, 511, 512, 1023):
        index.requeue(position)
    assert take(index, 5) == [3, 511, 512, 700, 1023]
    assert not index.seek_ready()


def test_only_an_unacknowledged_entry_is_requeued():
    index = index_of(2)
    assert not index.requeue(0)
    take(index, 1)
    assert index.requeue(0)
    assert not index.requeue(0)
    index.remove(0)
    assert [index.requeue(position) for position in (0, 2, 2**50)] == [False] * 3


def test_an_entry_is_removed_once_whatever_its_state():
    index = index_of(3)
    take(index, 1)
    assert [index.remove(position) for position in (0, 1, 0, 1)] == [
        UNACKED << 56 | 1000,
        READY << 56 | 1001,
        0,
        0,
    ]
    assert take(index, 1) == [2]


def test_one_entry_that_stays_pins_one_page():
    pool = PagePool(Memory())
    index = index_of(20 * PAGE, pool)
    take(index, 20 * PAGE)
    for position in range(20 * PAGE):
        if position != 7 * PAGE + 9:
            index.remove(position)
    assert len(pool.spare) == 19
    assert index.pages.head is index.pages.tail
    assert index.requeue(7 * PAGE + 9)
    assert take(index, 1) == [7 * PAGE + 9]


def test_an_index_that_was_emptied_takes_new_entries_in_the_same_page():
    pool = PagePool(Memory())
    index = index_of(3, pool)
    for _ in range(3):
        index.seek_ready()
        index.take_away()
    assert (len(pool.spare), index.seek_ready()) == (1, False)
    assert index.append(5) == 3
    assert take(index, 1) == [3]


def test_a_moved_record_is_followed_by_its_own_entry_only():
    index = index_of(2)
    take(index, 1)
    assert index.relocate(0, 1000, 77)
    assert index.entries() == [(0, UNACKED, 77), (1, READY, 1001)]
    assert [index.relocate(p, old, 5) for p, old in ((0, 1000), (1, 77), (2, 0), (9, 9))] == [
        False
    ] * 4
    index.remove(0)
    assert not index.relocate(0, 77, 5)


def test_an_entry_is_weighed_once_and_keeps_its_state():
    index = index_of(2)
    take(index, 1)
    index.requeue(0)
    index.unweigh(0)
    assert index.entries()[0] == (0, READY | REDELIVERED | UNWEIGHED, 1000)
    assert (index.weigh(0), index.weigh(0), index.weigh(1)) == (True, False, False)
    assert index.entries() == [(0, READY | REDELIVERED, 1000), (1, READY, 1001)]


def test_an_entry_that_is_not_weighed_is_next_like_any_other():
    index = index_of(2)
    take(index, 1)
    index.requeue(0)
    index.unweigh(0)
    assert index.relocate(0, 1000, 7)
    assert take(index, 2) == [0, 1]


# Entries at any position


def test_an_entry_is_put_below_others_and_comes_first():
    index = Index(PagePool(Memory()))
    for position in (3 * PAGE, 5, 7 * PAGE + 2, PAGE - 1):
        assert index.put(position, 1000 + position)
    assert index.next_position == 7 * PAGE + 3
    assert take(index, 4) == [5, PAGE - 1, 3 * PAGE, 7 * PAGE + 2]
    assert index.append(9) == 7 * PAGE + 3


def test_nothing_is_put_where_something_stands():
    index = index_of(3)
    take(index, 1)
    assert [index.put(position, 5) for position in (0, 1, 2)] == [False] * 3
    index.remove(1)
    assert index.put(1, 5)
    assert index.entries() == [(0, UNACKED, 1000), (1, READY, 5), (2, READY, 1002)]
    assert index.next_position == 3


def test_what_is_put_behind_the_cursor_waits_for_its_turn():
    index = index_of(2 * PAGE)
    take(index, 10)
    index.remove(PAGE)
    assert index.put(PAGE, 5)
    assert take(index, 1) == [10]
    index.remove(3)
    assert index.put(3, 5)
    assert take(index, 2) == [3, 11]


@pytest.mark.parametrize(
    ("first", "last", "marked"),
    [(0, 2**61, [0, 1, 7 * PAGE + 3, 2**50]), (1, 7 * PAGE + 2, [1]), (2, 7 * PAGE + 2, [])],
)
def test_a_range_that_is_marked_may_be_wide_and_nearly_empty(first, last, marked):
    index = Index(PagePool(Memory()))
    for position in (0, 1, 7 * PAGE + 3, 2**50):
        index.put(position, 5)
    index.mark_redelivered_within(first, last)
    assert [p for p, state, _ in index.entries() if state == READY | REDELIVERED] == marked


# Pages that are not in memory


def long_index(pages: int, above: int = 4) -> tuple[Index, PagePool, PageMemory]:
    """One of so many full pages, and a last one with one entry."""
    pool, store = folding_pool(above)
    return index_of(pages * PAGE + 1, pool), pool, store


def in_memory(index: Index) -> list[int]:
    numbers, page = [], index.pages.head
    while page is not None:
        numbers.append(page.number)
        page = page.next
    return numbers


def test_a_page_that_is_full_is_folded_where_there_are_many():
    index, pool, store = long_index(100)
    assert in_memory(index) == [0, 1, 2, 100]
    assert pool.in_use == 4
    assert sum(len(pages) for pages in store.kept.values()) == 97
    assert len(store.kept) == 2, "64 pages in one place"


def test_below_that_nothing_is_folded_and_no_store_is_made():
    pool, store = folding_pool(100)
    index_of(99 * PAGE, pool)
    assert (pool.store, store.writes) == (None, 0)


def test_without_a_store_all_stays_in_memory():
    pool = PagePool(Memory())
    pool.fold_above = 2
    index = index_of(10 * PAGE, pool)
    assert in_memory(index) == list(range(10))


def test_what_was_folded_is_delivered_in_order_and_leaves_nothing_in_the_store():
    index, pool, store = long_index(150)
    for position in range(150 * PAGE + 1):
        assert index.seek_ready()
        assert (index.cursor_position(), index.cursor_entry()) == (
            position,
            READY << 56 | 1000 + position,
        )
        index.take_away()
        assert pool.in_use <= 5
    assert not index.seek_ready()
    assert (store.kept, store.writes, store.reads) == ({}, 147, 147)
    assert index.folds.folds == []


def test_the_store_is_told_what_the_cursor_will_need():
    index, _, store = long_index(200)
    take(index, 4 * PAGE)
    assert store.expected == []
    take(index, 80 * PAGE)
    assert store.expected == [(1, 32, 16), (1, 48, 16), (2, 0, 16), (2, 16, 16), (2, 32, 16)]


def test_what_a_page_takes_in_memory_is_given_back_and_a_place_counted():
    memory = Memory()
    pool, _ = folding_pool(4, memory)
    index = index_of(100 * PAGE + 1, pool)
    pool.drop_spare()
    assert memory.in_use == 4 * 4600 + 2 * 200
    take(index, 100 * PAGE + 1)
    for position in range(100 * PAGE + 1):
        index.remove(position)
    pool.drop_spare()
    assert memory.in_use == 0


def test_a_page_near_the_cursor_stays():
    pool, store = folding_pool(1)
    index = index_of(2 * PAGE + 1, pool)
    assert (in_memory(index), store.writes) == ([0, 1, 2], 0)
    for _ in range(PAGE):
        index.append(5)
    assert in_memory(index) == [0, 1, 3]


def test_a_page_that_was_delivered_from_stays():
    pool, _ = folding_pool(1)
    index = index_of(4 * PAGE, pool)
    take(index, 3 * PAGE + 1)
    index.requeue(5)
    for _ in range(4 * PAGE):
        index.append(5)
    assert in_memory(index) == [0, 1, 2, 3, 7]


def test_the_last_page_stays_for_what_will_be_appended():
    pool, _ = folding_pool(3)
    index = index_of(5 * PAGE + 10, pool)
    for position in range(2 * PAGE, 3 * PAGE):
        index.remove(position)
    assert index.put(2 * PAGE, 5)
    assert in_memory(index) == [0, 1, 2, 5]
    assert index.append(7) == 5 * PAGE + 10
    assert [p for p, _, _ in index.entries()][-13:] == [
        *range(5 * PAGE - 2, 5 * PAGE + 11),
    ]


def test_pages_that_have_stayed_follow_one_by_one():
    pool, _ = folding_pool(100)
    index = index_of(100 * PAGE + 1, pool)
    for _ in range(20 * PAGE):
        index.append(5)
    assert in_memory(index) == [*range(98), 120]
    pool.fold_above = 10
    for _ in range(90 * PAGE):
        index.append(5)
    assert in_memory(index) == [*range(33), 210]


def test_where_the_store_has_no_room_pages_stay_and_go_later():
    pool, store = folding_pool(4)
    store.full = True
    index = index_of(100 * PAGE, pool)
    assert in_memory(index) == list(range(100))
    assert (index.folds.folds, store.kept) == ([], {})
    store.full = False
    for _ in range(70 * PAGE):
        index.append(5)
    assert in_memory(index) == [*range(33), 169]
    assert [p for p, _, _ in index.entries()] == list(range(170 * PAGE))


def test_a_store_that_runs_full_keeps_what_it_has():
    index, _, store = long_index(64 + 6)
    store.full = True
    for _ in range(10 * PAGE):
        index.append(5)
    assert in_memory(index) == [0, 1, 2, *range(70, 81)]
    assert take(index, 80 * PAGE + 1) == list(range(80 * PAGE + 1))


def test_what_cannot_be_read_back_is_an_error():
    index, _, store = long_index(20)
    take(index, 4 * PAGE)
    store.broken = True
    with pytest.raises(PagesLost, match="the disk is gone"):
        index.seek_ready()


def test_an_entry_in_a_folded_page_is_found_moved_marked_and_removed():
    index, _, _ = long_index(50)
    position = 20 * PAGE + 7
    assert index.entry(position) == READY << 56 | 1000 + position
    assert index.relocate(position, 1000 + position, 77)
    assert index.mark_redelivered(position + 1)
    assert index.remove(position + 2) == READY << 56 | 1002 + position
    for number in range(21, 40):
        index.entry(number * PAGE)
    assert in_memory(index) == [0, 1, 2, 39, 50], "it is folded again, for others"
    assert index.entries()[position : position + 3] == [
        (position, READY, 77),
        (position + 1, READY | REDELIVERED, 1001 + position),
        (position + 3, READY, 1003 + position),
    ]
    assert not index.put(position, 5)
    assert index.put(position + 2, 5)
    assert index.delivered_runs() == [(position + 1, position + 1)]


def test_a_folded_page_of_which_all_is_removed_is_gone():
    index, pool, _ = long_index(50)
    for position in range(20 * PAGE, 21 * PAGE):
        index.remove(position)
    assert (index.entry(20 * PAGE), pool.in_use) == (0, 4)
    assert [index.folds.has(number) for number in (19, 20, 21)] == [True, False, True]
    assert len(index.entries()) == 49 * PAGE + 1


def test_a_range_that_is_marked_brings_back_one_page_at_a_time():
    index, pool, _ = long_index(100)
    index.mark_redelivered_within(10 * PAGE + 1, 80 * PAGE - 2)
    assert pool.in_use <= 6
    assert index.delivered_runs() == [(10 * PAGE + 1, 80 * PAGE - 2)]


def test_to_look_for_what_was_delivered_reads_only_pages_with_such_entries():
    index, pool, store = long_index(100)
    index.mark_redelivered(30 * PAGE)
    index.entry(90 * PAGE)
    reads = store.reads
    assert index.delivered_runs() == [(30 * PAGE, 30 * PAGE)]
    assert (store.reads - reads, pool.in_use) == (1, 5)


def test_all_is_taken_out_page_by_page():
    index, pool, store = long_index(100)
    take(index, PAGE + 5)
    index.remove(0)
    index.rewind()
    taken = 0
    while index.take_any():
        taken += 1
        assert pool.in_use <= 5
    assert taken == 100 * PAGE
    assert (pool.in_use, store.kept) == (0, {})


def test_what_is_put_below_others_is_folded_too():
    pool, _ = folding_pool(4)
    index = Index(pool)
    for position in [*range(100 * PAGE, 150 * PAGE), *range(100 * PAGE)]:
        assert index.put(position, 1000 + position)
    assert pool.in_use <= 8
    assert take(index, 150 * PAGE) == list(range(150 * PAGE))


def test_pages_with_gaps_are_folded_too():
    pool, store = folding_pool(4)
    index = Index(pool)
    for position in range(0, 20 * PAGE, 100):
        index.put(position, 1000 + position)
    assert (in_memory(index), store.writes) == ([0, 1, 2, 19], 16)
    assert take(index, len(range(0, 20 * PAGE, 100))) == list(range(0, 20 * PAGE, 100))


TestCommands = Commands.TestCase
TestCommands.settings = settings(max_examples=settings().max_examples // 3, stateful_step_count=25)
TestFoldingCommands = FoldingCommands.TestCase
TestFoldingCommands.settings = TestCommands.settings
