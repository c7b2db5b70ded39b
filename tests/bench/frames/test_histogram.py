"""Percentiles from counted values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leveret.bench.frames.histogram import Histogram

LARGEST = (256 << 48) - 1
values = st.one_of(st.integers(0, 1000), st.integers(0, LARGEST))


def histogram_of(*recorded: int) -> Histogram:
    histogram = Histogram()
    for value in recorded:
        histogram.record(value)
    return histogram


def test_of_nothing_every_percentile_is_zero() -> None:
    assert Histogram().percentile(50) == 0


def test_small_values_are_counted_exactly() -> None:
    histogram = histogram_of(*range(1, 101))
    assert [histogram.percentile(percent) for percent in (1, 50, 99, 99.9, 100)] == [
        *(1, 50, 99, 100, 100)
    ]


@given(values)
def test_a_value_is_kept_to_under_one_percent(value: int) -> None:
    histogram = histogram_of(value, LARGEST)
    assert value <= histogram.percentile(50) <= value * 1.01


@given(st.lists(values, min_size=1), st.integers(0, 100))
def test_a_percentile_is_not_under_its_share_of_the_values(
    recorded: list[int], percent: int
) -> None:
    reached = histogram_of(*recorded).percentile(percent)
    assert sum(value <= reached for value in recorded) * 100 >= percent * len(recorded)


def test_no_percentile_is_over_the_maximum() -> None:
    assert histogram_of(1001).percentile(100) == histogram_of(1001).maximum == 1001


def test_a_value_past_the_last_octave_counts_as_the_largest() -> None:
    histogram = histogram_of(5, LARGEST * 2)
    assert histogram.percentile(100) == LARGEST
    assert histogram.maximum == LARGEST * 2


@pytest.mark.parametrize("runs", [1, 3])
def test_equal_values_in_a_row_are_all_counted(runs: int) -> None:
    histogram = histogram_of(*[7, 7, 300, 300] * runs)
    assert histogram.count == 4 * runs
    assert histogram.percentile(50) == 7
