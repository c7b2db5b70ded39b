import logging
from itertools import pairwise

import pytest

from leveret.server.clock import CHECK_MS, Clock

START = 1_700_000_000_000
SECOND = 1_000
NS = 1_000_000


class Hands:
    """Both sources of a clock, in milliseconds, moved by the test."""

    def __init__(self) -> None:
        self.wall = START
        self.monotonic = 5 * SECOND
        self.clock = Clock(
            wall_ns=lambda: self.wall * NS, monotonic_ns=lambda: self.monotonic * NS + 999_999
        )

    def pass_ms(self, count: int) -> int:
        self.wall += count
        self.monotonic += count
        return self.now()

    def now(self) -> int:
        return self.clock.now(self.clock.tick())


@pytest.fixture
def hands() -> Hands:
    return Hands()


def test_tick_is_the_monotonic_clock_in_whole_milliseconds(hands: Hands) -> None:
    assert hands.clock.tick() == 5 * SECOND
    hands.pass_ms(7)
    assert hands.clock.tick() == 5 * SECOND + 7


def test_now_starts_at_the_wall_clock_and_goes_with_it(hands: Hands) -> None:
    assert hands.now() == START
    assert hands.pass_ms(3 * SECOND) == START + 3 * SECOND


def test_now_starts_no_earlier_than_it_is_told() -> None:
    clock = Clock(wall_ns=lambda: START * NS, monotonic_ns=lambda: 0, at_least=START + 5)
    assert clock.now(0) == START + 5


def test_a_wall_clock_set_back_slows_now_down_by_a_hundredth_until_they_agree(
    hands: Hands,
) -> None:
    hands.wall -= 100
    answers = [hands.pass_ms(CHECK_MS) for _ in range(20)]
    steps = [after - before for before, after in pairwise(answers)]
    assert steps[:9] == [990] * 9
    assert steps[9:] == [1000] * 10
    assert answers[-1] == hands.wall


def test_a_wall_clock_a_little_ahead_is_caught_up_with_by_a_hundredth(hands: Hands) -> None:
    hands.wall += 30
    assert [hands.pass_ms(CHECK_MS) - hands.wall for _ in range(4)] == [-20, -10, 0, 0]


def test_now_never_goes_back_while_it_is_slowed_down(hands: Hands) -> None:
    hands.wall -= 3_600 * SECOND
    before = hands.pass_ms(CHECK_MS - 1)
    assert hands.pass_ms(1) == before
    answers = [hands.pass_ms(1) for _ in range(3_000)]
    assert answers == sorted(answers)


def test_drift_between_two_checks_does_not_show(hands: Hands) -> None:
    hands.wall += 500
    assert hands.pass_ms(CHECK_MS - 1) == START + CHECK_MS - 1


def test_a_jump_forward_of_over_a_minute_is_taken_and_logged(
    hands: Hands, caplog: pytest.LogCaptureFixture
) -> None:
    hands.wall += 61 * SECOND
    with caplog.at_level(logging.WARNING):
        assert hands.pass_ms(CHECK_MS) == hands.wall
    assert "the wall clock is 61000 ms ahead" in caplog.text


def test_a_minute_ahead_is_still_slewed(hands: Hands) -> None:
    hands.wall += 60 * SECOND
    assert hands.pass_ms(CHECK_MS) == START + CHECK_MS + 10


def test_the_real_sources_agree_with_the_system() -> None:
    clock = Clock()
    tick = clock.tick()
    assert clock.tick() >= tick
    assert clock.now(tick) > START
