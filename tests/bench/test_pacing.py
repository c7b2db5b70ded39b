"""Which message is due when."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from leveret.bench.pacing import SECOND, Pacer

START = 10 * SECOND


def test_the_first_message_is_due_at_the_start() -> None:
    pacer = Pacer(rate=1000, start=START)
    assert [pacer.due_count(START + shift) for shift in (-1, 0, 999_999, 1_000_000)] == [0, 1, 1, 2]


def test_a_second_later_the_rate_has_come_due() -> None:
    assert Pacer(rate=7, start=START).due_count(START + SECOND) == 8


def test_what_was_missed_is_due_at_once() -> None:
    assert Pacer(rate=1000, start=START).due_count(START + 10 * SECOND) == 10_001


@given(st.integers(1, 10_000_000), st.integers(0, 10**9))
def test_a_message_is_due_at_its_time_and_not_before(rate: int, number: int) -> None:
    pacer = Pacer(rate=rate, start=START)
    at = pacer.due_at(number)
    assert pacer.due_count(at - 1) <= number < pacer.due_count(at)
