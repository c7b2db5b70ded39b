"""When each message is due, at a constant rate. Times are nanoseconds."""

from __future__ import annotations

SECOND = 1_000_000_000


class Pacer:
    """Message number k, from 0, is due at start + k / rate: late ones do not delay the next."""

    def __init__(self, *, rate: int, start: int) -> None:
        self.rate = rate
        self.start = start

    def due_count(self, now: int) -> int:
        """How many messages are due by now."""
        if now < self.start:
            return 0
        return (now - self.start) * self.rate // SECOND + 1

    def due_at(self, number: int) -> int:
        """When message `number` is due."""
        return self.start - (-number * SECOND // self.rate)
