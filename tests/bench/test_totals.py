"""What is printed of a run."""

from __future__ import annotations

import json
from typing import Any

from leveret.bench.frames.histogram import Histogram
from leveret.bench.totals import Counts, Totals, live_line, percentiles


def totals(**fields: Any) -> Totals:
    defaults: dict[str, Any] = {
        "seconds": 2.0,
        "cpu_seconds": 0.5,
        "body_bytes": 100,
        "counts": Counts(published=20_000, consumed=10_000),
        "latency": None,
        "confirm_latency": None,
        "failure": None,
    }
    return Totals(**defaults | fields)


def test_text_has_counts_and_rates() -> None:
    published, consumed = totals().as_text().splitlines()
    assert published.split() == (
        "published 20,000 messages in 2.00 s: 10,000 msg/s, 1.0 MB/s of bodies".split()
    )
    assert consumed.split()[:2] == ["consumed", "10,000"]


def test_text_has_what_happened_to_publishes_only_if_it_did() -> None:
    counts = Counts(published=3, acked=1, nacked=1, returned=1)
    lines = totals(counts=counts).as_text().splitlines()
    assert [line.split() for line in lines[2:]] == [
        ["confirmed", "1"],
        ["refused", "1"],
        ["returned", "1"],
    ]


def test_text_has_percentiles_in_microseconds() -> None:
    text = totals(latency={"p50": 55.0, "max": 1200.4}).as_text()
    assert text.endswith("publish to deliver, µs: p50 55  max 1,200")


def test_json_has_everything() -> None:
    values = json.loads(json.dumps(totals(latency={"p50": 55.0}).as_json()))
    assert values == {
        "seconds": 2.0,
        "published": 20_000,
        "consumed": 10_000,
        "acked": 0,
        "nacked": 0,
        "returned": 0,
        "published_per_second": 10_000.0,
        "consumed_per_second": 5_000.0,
        "generator_cpu_seconds": 0.5,
        "latency_us": {"p50": 55.0},
        "confirm_latency_us": None,
        "failure": None,
    }


def test_percentiles_come_from_nanoseconds() -> None:
    histogram = Histogram()
    for value in (100_000, 200_000):
        histogram.record(value)
    measured = percentiles(histogram)
    assert measured is not None
    assert list(measured) == ["p50", "p90", "p95", "p99", "p99.9", "max"]
    assert 100 <= measured["p50"] <= 101
    assert measured["max"] == 200


def test_of_nothing_there_are_no_percentiles() -> None:
    assert percentiles(None) is None
    assert percentiles(Histogram()) is None


def test_the_live_line_has_the_rates_of_the_last_second() -> None:
    line = live_line(3, Counts(100, 90), Counts(1_600, 1_590), blocked=False)
    assert line == "   3 s  published 1,500/s  consumed 1,500/s"


def test_the_live_line_has_what_went_wrong() -> None:
    now = Counts(published=10, acked=5, nacked=3, returned=2)
    line = live_line(1, Counts(), now, blocked=True)
    assert line.endswith("confirmed 5/s  refused 3/s  returned 2/s  (blocked by the broker)")
