"""Work that is too long for one turn, done in slices."""

from types import SimpleNamespace

import pytest

from leveret.engine.chores import Chore, Chores
from leveret.engine.errors import InvariantError

AT_ONCE = 16384
PER_TURN = 8192
SLICE = 2048


class Heap:
    """So much is to be done; `steps` remembers in which pieces it was."""

    def __init__(self, size: int) -> None:
        self.left = size
        self.steps: list[int] = []

    def take(self, count_max: int) -> int:
        count = min(self.left, count_max)
        self.left -= count
        self.steps.append(count)
        return count


def begun(chores: Chores, size: int, holds=()) -> tuple[Heap, Chore]:
    heap = Heap(size)
    chore = Chore(heap.take, holds)
    assert chores.begin(chore) == chore.done
    return heap, chore


@pytest.fixture
def chores() -> Chores:
    return Chores()


@pytest.fixture
def busy(chores) -> Chores:
    """What may be done at once in this turn has been done."""
    chores.spend(AT_ONCE)
    return chores


@pytest.mark.parametrize("size", [0, 1, AT_ONCE - 1])
def test_a_small_chore_is_done_at_once(chores, size):
    _, chore = begun(chores, size)
    assert (chore.done, chore.count, len(chores.waiting)) == (True, size, 0)


def test_of_a_large_one_a_part_is_done_at_once_and_then_slices(chores):
    heap, chore = begun(chores, 100_000)
    assert (chore.done, chore.count) == (False, AT_ONCE)
    turns = 0
    while chores.waiting:
        done_before = chore.count
        chores.run()
        turns += 1
        assert chore.count - done_before <= PER_TURN
    assert (chore.done, chore.count, heap.left) == (True, 100_000, 0)
    assert turns == pytest.approx((100_000 - AT_ONCE) / PER_TURN, abs=1)
    assert max(heap.steps[1:]) == SLICE


def test_all_that_is_done_at_once_in_a_turn_has_one_limit(chores):
    begun(chores, AT_ONCE - 10)
    heap, chore = begun(chores, 11)
    assert (chore.done, heap.left) == (False, 1)
    untouched, _ = begun(chores, 5)
    assert untouched.left == 5
    chores.run()
    assert (chore.done, untouched.left) == (True, 0)
    assert chores.allowance == AT_ONCE


def test_after_a_turn_of_much_at_once_little_more_is_done(busy):
    heap, _ = begun(busy, 100_000)
    busy.run()
    assert heap.steps == [SLICE]
    busy.run()
    assert sum(heap.steps) == SLICE + PER_TURN - 3  # a step counts one more


def test_a_small_chore_does_not_wait_for_the_end_of_a_large_one(busy):
    _, large = begun(busy, 1_000_000)
    _, small = begun(busy, 3)
    busy.run()
    busy.run()
    assert (small.done, large.done) == (True, False)


def test_who_waits_is_told_when_the_chore_is_done(busy):
    told = []
    _, chore = begun(busy, 3)
    chore.when_done(lambda: told.append("first"))
    chore.when_done(lambda: told.append("second"))
    assert told == []
    busy.run()
    assert told == ["first", "second"]
    chore.when_done(lambda: told.append("late"))
    assert told[-1] == "late"


def test_queues_are_held_until_the_chores_on_them_are_done(busy):
    queue, other = SimpleNamespace(held_count=0), SimpleNamespace(held_count=0)
    begun(busy, 2 * SLICE, [queue, other])
    begun(busy, 1, [queue])
    assert (queue.held_count, other.held_count) == (2, 1)
    released = []
    while busy.waiting:
        released += busy.run()
    assert (queue.held_count, other.held_count) == (0, 0)
    assert released == [queue, queue, other]


def test_what_is_done_at_once_holds_nothing(chores):
    queue = SimpleNamespace(held_count=0)
    begun(chores, 1, [queue])
    assert queue.held_count == 0
    assert chores.run() == []


def test_a_listener_may_begin_another_chore(busy):
    _, chore = begun(busy, 1)
    more: list[Chore] = []
    chore.when_done(lambda: more.append(begun(busy, AT_ONCE + 1)[1]))
    busy.run()
    assert len(more) == 1
    while busy.waiting:
        busy.run()
    assert more[0].done


@pytest.mark.parametrize("count", [-1, AT_ONCE + 1])
def test_a_step_that_does_more_than_it_may_is_a_bug(chores, count):
    with pytest.raises(InvariantError):
        chores.begin(Chore(lambda _: count))
