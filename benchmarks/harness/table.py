"""Markdown tables of figures."""

from __future__ import annotations

from collections.abc import Sequence

from harness.measurement import Measurement
from harness.rows import LATENCY, ROWS, Row

NOTHING = "-"
YARDSTICK = "yardstick"


def markdown(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    rows = [head, ["---"] * len(head), *lines]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def throughput(medians: dict[str, dict[str, Measurement]], names: Sequence[str]) -> str:
    """Broker name -> row key -> figures; the first name is the one under test."""
    tested, *others = names
    head = ["work", "goal", f"{tested} per CPU-s", "per s"]
    for other in others:
        share = "share (goal)" if other == YARDSTICK else f"times {other}"
        head += [f"{other} per CPU-s", "per s", share]
    lines = [
        line_of(row, medians, names)
        for row in ROWS
        if row is not LATENCY and row.key in medians[tested]
    ]
    return markdown(head, lines)


def line_of(
    row: Row, medians: dict[str, dict[str, Measurement]], names: Sequence[str]
) -> list[str]:
    tested, *others = names
    own = medians[tested][row.key]
    line = [row.work, goal_of(row, medians[tested]), rate(own.per_cpu_second), rate(own.per_second)]
    for other in others:
        theirs = medians[other].get(row.key)
        if theirs is None:
            line += [NOTHING, NOTHING, NOTHING]
            continue
        line += [rate(theirs.per_cpu_second), rate(theirs.per_second)]
        times = own.per_cpu_second / theirs.per_cpu_second
        line.append(share_of(row, times) if other == YARDSTICK else f"{times:.0f}")
    return line


def share_of(row: Row, share: float) -> str:
    wanted = f" ({percent(row.share)})" if row.share else ""
    return percent(share) + wanted


def goal_of(row: Row, own: dict[str, Measurement]) -> str:
    if row.of_plain and "plain" in own:
        return (
            f"{percent(row.of_plain)} of plain: {rate(row.of_plain * own['plain'].per_cpu_second)}"
        )
    return rate(row.goal) if row.goal else NOTHING


def latency(medians: dict[str, dict[str, Measurement]], names: Sequence[str]) -> str:
    head = [LATENCY.work, "p50 µs", "p99 µs"]
    lines = [["goal", f"{LATENCY.goal:g}", "the yardstick's"]]
    for name in names:
        measured = medians[name].get(LATENCY.key)
        if measured is not None:
            lines.append([name, f"{measured.p50:.0f}", f"{measured.p99:.0f}"])
    return markdown(head, lines)


def rate(value: float) -> str:
    if value >= 1e6:
        return f"{value / 1e6:.2f} M"
    return f"{value / 1e3:.1f} k"


def percent(share: float) -> str:
    return f"{share:.0%}"
