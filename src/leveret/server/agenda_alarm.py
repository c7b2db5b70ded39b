"""Has the shard have a turn when something on its agenda is due."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leveret.engine.agenda import Agenda
from leveret.server.timers import NEVER

if TYPE_CHECKING:
    from leveret.server.turn import Turn

NUMBER = -1
"""No connection has it."""


class AgendaAlarm:
    """Among the turn's timers. The agenda goes by the date, the timers by the monotonic time."""

    def __init__(self, turn: Turn, agenda: Agenda) -> None:
        self.number = NUMBER
        self.armed = NEVER
        self._turn = turn
        self._agenda = agenda
        self._next_due = NEVER

    def arm(self) -> None:
        """For each turn's end: costs nothing if the next thing is what it was."""
        if self._agenda.next_due != self._next_due:
            self._next_due = self._agenda.next_due
            self._turn.timers.arm(self, self.deadline())

    def deadline(self) -> int:
        next_due: int = self._agenda.next_due
        return min(NEVER, self._turn.tick + max(0, next_due - self._turn.now))

    def due(self) -> None:
        """The turn that follows does the rest."""
