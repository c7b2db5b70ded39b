"""What a scenario has found: a figure, its goal, and whether it was reached."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.bystander import Rounds
from harness.table import markdown

BYSTANDER_P99_MS = 5


@dataclass(frozen=True, slots=True)
class Figure:
    """`met` None: there is no goal, or nobody can say here."""

    what: str
    value: str
    goal: str = "-"
    met: bool | None = None


def bystander_figure(what: str, rounds: Rounds) -> Figure:
    p50, p99 = rounds.percentile_ms(50), rounds.percentile_ms(99)
    value = f"p50 {p50:.2f}, p99 {p99:.2f}, worst {rounds.worst_ms:.1f} ms ({len(rounds.rounds):,})"
    goal = f"p99 < {BYSTANDER_P99_MS} ms"
    return Figure(f"bystander, {what}", value, goal, p99 < BYSTANDER_P99_MS)


def line(name: str, figure: Figure) -> list[str]:
    verdict = {None: "-", True: "yes", False: "no"}[figure.met]
    return [name, figure.what, figure.goal, figure.value, verdict]


def table(lines: Sequence[Sequence[str]]) -> str:
    return markdown(["scenario", "what", "goal", "figure", "reached"], lines)
