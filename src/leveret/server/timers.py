"""Whose deadline comes next.

A heap of (tick, number). A deadline that moves away costs nothing: the entry stays where it is,
and its owner is asked again when its time has come. Only one that comes nearer is entered anew,
and the entry it replaces is passed over. So traffic on a connection never touches the heap, an
idle one costs one entry per heartbeat, and a closed one leaves two numbers behind for a while.
"""

from __future__ import annotations

from heapq import heappop, heappush
from typing import Generic, Protocol, TypeVar

NEVER = 1 << 62
"""Later than every tick."""


class Timed(Protocol):
    """What has a deadline: the tick at which it wants to be called, or None."""

    number: int
    """Unlike any other's, ever."""
    armed: int
    """The tick of its entry, NEVER without one; only Timers changes it."""

    def deadline(self) -> int | None: ...

    def due(self) -> None:
        """The deadline has come."""


T = TypeVar("T", bound=Timed)


class Timers(Generic[T]):
    """`next_tick` is when `take_due` may have something: NEVER if there is nothing to wait for."""

    def __init__(self) -> None:
        self.next_tick = NEVER
        self._heap: list[tuple[int, int]] = []
        self._armed: dict[int, T] = {}

    def arm(self, timed: T, tick: int) -> None:
        """Ask for `timed` at `tick`, if that is sooner than it would be anyway."""
        if tick < timed.armed:
            timed.armed = tick
            self._armed[timed.number] = timed
            heappush(self._heap, (tick, timed.number))
            self.next_tick = self._heap[0][0]

    def disarm(self, timed: T) -> None:
        timed.armed = NEVER
        self._armed.pop(timed.number, None)

    def take_due(self, tick: int, *, count_max: int) -> list[T]:
        """Those whose deadline has come, at most `count_max`; they are no longer armed."""
        due: list[T] = []
        while self._heap and self._heap[0][0] <= tick and len(due) < count_max:
            armed, number = heappop(self._heap)
            timed = self._armed.get(number)
            if timed is None or timed.armed != armed:
                continue
            self.disarm(timed)
            deadline = timed.deadline()
            if deadline is None:
                continue
            if deadline > tick:
                self.arm(timed, deadline)
            else:
                due.append(timed)
        self.next_tick = self._heap[0][0] if self._heap else NEVER
        return due
