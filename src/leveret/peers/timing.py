"""When a connection must have got on, and how long its two sides may be silent."""

from __future__ import annotations

from typing import Final

HANDSHAKE_TIMEOUT: Final = "handshake timeout"  # as an event for the journal
CLOSE_MS: Final = 10_000  # no client takes longer that will answer our close
LINGER_MS: Final = 1_000  # a client that broke in must wait before it can try again


class Timing:
    """Ticks in, ticks out. `tick` is the newest that was seen."""

    def __init__(self, limit: int) -> None:
        self.tick = 0
        self.limit: int | None = limit  # for what is going on; None: it may last
        self.heartbeat_ms = 0  # 0: none are exchanged
        self.paused = False  # nothing is read: the other side's silence is our doing
        self._heard = 0
        self._spoke = 0

    def heard(self, tick: int) -> None:
        self.tick = self._heard = tick

    def spoke(self, tick: int) -> None:
        self.tick = self._spoke = tick

    def limit_to(self, milliseconds: int) -> None:
        """From now on only this limit counts."""
        self.limit = self.tick + milliseconds
        self.heartbeat_ms = 0

    @property
    def heard_tick(self) -> int:
        """When the other side said something last."""
        return self._heard

    def deadline(self) -> int | None:
        """The first tick at which one of the questions below is answered otherwise."""
        if not self.heartbeat_ms:
            return self.limit
        deadline = self._spoke + self.heartbeat_ms // 2
        if not self.paused:
            deadline = min(deadline, self._heard + 2 * self.heartbeat_ms)
        return deadline if self.limit is None else min(deadline, self.limit)

    def is_over(self) -> bool:
        """The limit has come, or the other side has been silent for two heartbeats."""
        if self.limit is not None and self.tick >= self.limit:
            return True
        return bool(
            self.heartbeat_ms
            and not self.paused
            and self.tick >= self._heard + 2 * self.heartbeat_ms
        )

    def owes_heartbeat(self) -> bool:
        """Nothing was sent for half a heartbeat."""
        return bool(self.heartbeat_ms and self.tick >= self._spoke + self.heartbeat_ms // 2)
