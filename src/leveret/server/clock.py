"""The two times of a broker, both integer milliseconds.

`tick` is monotonic, counts from anywhere and knows nothing of the calendar: heartbeats and
time-outs. `now` is milliseconds since 1970 and never goes back: timestamps, expiry, delays.

`now` starts at the wall clock and then follows the monotonic one. Once a second it is compared
with the wall clock: a difference is slewed, so that `now` runs at most 1 % too fast or too slow
until they agree, except that a wall clock more than a minute ahead is believed at once (a machine
that slept, a clock that was set after the start). A wall clock that is behind is never followed
faster than that: what has a date keeps its order.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

log = logging.getLogger(__name__)

CHECK_MS = 1_000  # a second's drift is nothing, and a look each second costs nothing
SLEW_SHARE = 100  # a hundredth: no expiry is visibly wrong, and a minute is caught up in two hours
JUMP_MS = 60_000  # a machine that slept, or was set right by hand: no drift is so large

NS_PER_MS = 1_000_000


class Clock:
    """`tick()` and `now(tick)`; both sources give nanoseconds and can be replaced.

    `at_least`: `now` starts there if the wall clock is behind it.
    """

    def __init__(
        self,
        *,
        wall_ns: Callable[[], int] = time.time_ns,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
        at_least: int = 0,
    ) -> None:
        self._wall_ns = wall_ns
        self._monotonic_ns = monotonic_ns
        tick = self.tick()
        self._newest = max(self._wall(), at_least)
        self._offset = self._newest - tick
        self._check_tick = tick + CHECK_MS

    def tick(self) -> int:
        return self._monotonic_ns() // NS_PER_MS

    def now(self, tick: int) -> int:
        """The date at `tick`, which must come from `tick()`; never less than the last answer."""
        if tick >= self._check_tick:
            self._follow_wall(tick)
        now = tick + self._offset
        if now > self._newest:
            self._newest = now
        return self._newest

    def _follow_wall(self, tick: int) -> None:
        ahead = self._wall() - (tick + self._offset)
        if ahead > JUMP_MS:
            log.warning("the wall clock is %d ms ahead: taken over at once", ahead)
            self._offset += ahead
        else:
            most = (tick - self._check_tick + CHECK_MS) // SLEW_SHARE
            self._offset += max(-most, min(most, ahead))
        self._check_tick = tick + CHECK_MS

    def _wall(self) -> int:
        return self._wall_ns() // NS_PER_MS
