"""A queue's order: positions in pages, against a list that keeps the same order."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from leveret.engine.index import Index
from leveret.engine.memory import Memory
from leveret.engine.pages import PagePool

READY, UNACKED, REDELIVERED = 1, 2, 8
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


class Commands(RuleBasedStateMachine):
    """Any commands, against a dictionary in the order of positions."""

    def __init__(self) -> None:
        super().__init__()
        self.pool = PagePool(Memory())
        self.index = Index(self.pool)
        self.entries: dict[int, tuple[int, int]] = {}
        self.next_position = 0
        self.next_location = 0

    def ready(self) -> list[int]:
        return [p for p, (state, _) in self.entries.items() if state & 7 == READY]

    @rule(count=st.one_of(st.integers(1, 5), st.integers(200, 600)))
    def append(self, count: int) -> None:
        for _ in range(count):
            self.next_location += 8
            assert self.index.append(self.next_location) == self.next_position
            self.entries[self.next_position] = (READY, self.next_location)
            self.next_position += 1

    @rule(count=st.one_of(st.integers(1, 5), st.integers(200, 700)))
    def take(self, count: int) -> None:
        for position in self.ready()[:count]:
            assert self.index.seek_ready()
            state, location = self.entries[position]
            assert self.index.cursor_position() == position
            assert self.index.cursor_entry() == state << 56 | location
            self.index.take_unacked()
            self.entries[position] = (state + 1, location)

    @rule(count=st.one_of(st.integers(1, 5), st.integers(200, 700)))
    def take_away(self, count: int) -> None:
        for position in self.ready()[:count]:
            assert self.index.seek_ready()
            assert self.index.cursor_position() == position
            self.index.take_away()
            del self.entries[position]

    @precondition(lambda self: self.next_position)
    @rule(data=st.data(), count=st.integers(1, 400), step=st.integers(1, 3))
    def remove(self, data: st.DataObject, count: int, step: int) -> None:
        first = data.draw(st.integers(0, self.next_position - 1))
        for position in range(first, first + count * step, step):
            state, location = self.entries.pop(position, (0, 0))
            assert self.index.remove(position) == state << 56 | location

    @precondition(lambda self: self.next_position)
    @rule(data=st.data(), count=st.integers(1, 400), step=st.integers(-3, 3))
    def requeue(self, data: st.DataObject, count: int, step: int) -> None:
        position = data.draw(st.integers(0, self.next_position - 1))
        for _ in range(count):
            state, location = self.entries.get(position, (0, 0))
            assert self.index.requeue(position) == (state & 7 == UNACKED)
            if state & 7 == UNACKED:
                self.entries[position] = (READY | REDELIVERED, location)
            position = max(0, position + step)

    @precondition(lambda self: self.entries)
    @rule(data=st.data())
    def relocate(self, data: st.DataObject) -> None:
        position = data.draw(st.sampled_from(list(self.entries)))
        state, location = self.entries[position]
        self.next_location += 8
        assert not self.index.relocate(position, location + 4, 1)
        assert self.index.relocate(position, location, self.next_location)
        self.entries[position] = (state, self.next_location)

    @invariant()
    def the_first_ready_entry_is_next(self) -> None:
        ready = self.ready()
        assert self.index.seek_ready() == bool(ready)
        if ready:
            assert self.index.cursor_position() == ready[0]

    @invariant()
    def what_is_live_is_in_order(self) -> None:
        assert self.index.next_position == self.next_position
        assert self.index.entries() == [(p, *entry) for p, entry in self.entries.items()]

    @invariant()
    def pages_are_those_with_something_in_them(self) -> None:
        pages, page = {}, self.index.pages.head
        while page is not None:
            pages[page.number] = (page.live, page.ready)
            page = page.next
        expected: dict[int, tuple[int, int]] = {}
        for position, (state, _) in self.entries.items():
            live, ready = expected.get(position // PAGE, (0, 0))
            expected[position // PAGE] = (live + 1, ready + (state & 7 == READY))
        assert pages == expected

    def teardown(self) -> None:
        for position in list(self.entries):
            self.index.remove(position)
        assert self.index.pages.head is None
        for page in self.pool.spare:
            assert page.buffer.bytes_at(0, PAGE * 8) == bytes(PAGE * 8)


TestCommands = Commands.TestCase
TestCommands.settings = settings(max_examples=settings().max_examples // 3, stateful_step_count=25)
