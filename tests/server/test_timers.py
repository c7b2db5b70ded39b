from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from leveret.server.timers import NEVER, Timers


@dataclass
class Timed:
    number: int
    wish: int | None
    armed: int = NEVER
    asked: list[int | None] = field(default_factory=list)

    def deadline(self) -> int | None:
        self.asked.append(self.wish)
        return self.wish


def armed(*ticks: int) -> tuple[Timers[Timed], list[Timed]]:
    timers: Timers[Timed] = Timers()
    each = [Timed(number, tick) for number, tick in enumerate(ticks)]
    for timed, tick in zip(each, ticks, strict=True):
        timers.arm(timed, tick)
    return timers, each


def test_without_any_there_is_nothing_to_wait_for() -> None:
    timers, _ = armed()
    assert timers.next_tick == NEVER
    assert timers.take_due(NEVER, count_max=10) == []


def test_those_whose_tick_has_come_are_due_in_order_and_once() -> None:
    timers, (a, b, c) = armed(30, 10, 20)
    assert timers.next_tick == 10
    assert timers.take_due(20, count_max=10) == [b, c]
    assert timers.take_due(20, count_max=10) == []
    assert timers.next_tick == a.armed == 30


def test_at_most_so_many_are_taken_at_once() -> None:
    timers, each = armed(1, 2, 3)
    assert timers.take_due(5, count_max=2) == each[:2]
    assert timers.take_due(5, count_max=2) == each[2:]


def test_a_deadline_that_has_moved_away_is_found_out_when_its_tick_comes() -> None:
    timers, (timed,) = armed(10)
    timed.wish = 50
    assert timed.asked == []
    assert timers.take_due(10, count_max=10) == []
    assert timers.next_tick == timed.armed == 50
    assert timers.take_due(50, count_max=10) == [timed]


def test_a_deadline_that_has_come_nearer_is_kept_and_the_old_entry_passed_over() -> None:
    timers, (timed,) = armed(50)
    timed.wish = 10
    timers.arm(timed, 10)
    assert timers.take_due(10, count_max=10) == [timed]
    assert timers.take_due(50, count_max=10) == []


def test_arming_later_than_it_is_armed_changes_nothing() -> None:
    timers, (timed,) = armed(10)
    timers.arm(timed, 20)
    assert timed.armed == timers.next_tick == 10


def test_what_no_longer_has_a_deadline_is_not_due() -> None:
    timers, (timed,) = armed(10)
    timed.wish = None
    assert timers.take_due(10, count_max=10) == []
    assert timed.armed == NEVER


def test_what_is_disarmed_is_neither_asked_nor_due_and_can_be_armed_again() -> None:
    timers, (timed,) = armed(10)
    timers.disarm(timed)
    assert timers.take_due(10, count_max=10) == [] == timed.asked
    timers.arm(timed, 10)
    assert timers.take_due(10, count_max=10) == [timed]


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 12)), max_size=12))
def test_each_is_due_exactly_at_its_deadline_however_it_moves(moves: list[tuple[int, int]]) -> None:
    timers, each = armed(*[10] * 4)
    for number, wish in moves:
        each[number].wish = wish
        timers.arm(each[number], wish)
    due_at = {}
    for tick in range(13):
        due_at.update({timed.number: tick for timed in timers.take_due(tick, count_max=2)})
        for timed in timers.take_due(tick, count_max=100):
            due_at[timed.number] = tick
    assert due_at == {timed.number: timed.wish for timed in each}
