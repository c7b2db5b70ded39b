"""What a deletion leaves to be taken out of the model, one thing after the other.

An exchange may have a million bindings. That it has gone shows at once; its bindings go in slices
of the turns that follow (engine/chores.py), and whoever deleted it is answered when they have.
"""

from __future__ import annotations

from collections.abc import Iterable

from leveret.engine.chores import Chore

# To take out a binding takes as long as so many messages.
WEIGHT = 32


class Sweep:
    """`steps` takes one thing out each time it is asked for the next."""

    __slots__ = ("steps",)

    def __init__(self, steps: Iterable[None]) -> None:
        self.steps = iter(steps)

    def work(self, count_max: int) -> int:
        """The step of a chore."""
        for count in range(0, count_max, WEIGHT):
            try:
                next(self.steps)
            except StopIteration:
                return count
        return count_max


def sweep(steps: Iterable[None]) -> Chore:
    """The chore of taking all out."""
    return Chore(Sweep(steps).work)
