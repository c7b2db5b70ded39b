"""How much and for how long a scenario does what it does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from harness.figures import Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`scale` is the share that is done of what the scenario is named after; 1: all of it."""

    seconds: float
    runs: int
    scale: float
    bytes: int

    def count(self, whole: int) -> int:
        return max(1, int(whole * self.scale))


Scenario = Callable[[Settings], list[Figure]]
