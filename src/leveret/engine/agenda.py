"""What is due when: things that a queue has to do at a time, and that nobody else sets off.

    appointments   due 70 | due 95 | due 95 | cancelled | due 4000 ...    a heap

An appointment that is put off costs nothing: its entry stays where it is, and its owner finds out
when it is called that it is too early. Only one that is brought forward is entered anew, and the
entry that it leaves behind is passed over. So a queue whose head changes with every message has
one entry all the while.

The time is what it was told last, milliseconds since 1970, and never goes back.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heapify, heappop, heappush

try:
    import cython
except ImportError:
    from leveret._cython_compat import cython

# Later than every time.
NEVER = cython.declare(cython.ulonglong, 1 << 63)
# Called in one turn: about a millisecond.
CALLS_PER_TURN = cython.declare(cython.Py_ssize_t, 1024)
# Each costs as much as a few hundred messages that are delivered: so many take about 2 ms.
LETTERS_PER_TURN = cython.declare(cython.Py_ssize_t, 32)
# Entries without an appointment that may wait for their time, beside as many as there are others.
STALE_MAX = cython.declare(cython.Py_ssize_t, 1024)


class Appointment:
    """`call` is to be called at the time `due`; NEVER: there is nothing to be called for."""

    def __init__(self, call: Callable[[], None]) -> None:
        self.due = NEVER
        self.call = call


class Agenda:
    """One shard's. `next_due` is when there may be something to do.

    `letters_left` is how many dead messages may still be moved in this turn.
    """

    def __init__(self) -> None:
        self.now = 0
        self.next_due = NEVER
        self.heap: list[tuple[int, int, Appointment]] = []
        self.entered = 0
        self.letters_left = LETTERS_PER_TURN
        self.stale = 0

    def arrange(self, appointment: Appointment, due: cython.ulonglong) -> cython.int:
        """Has it called at that time, if it would not be called before anyway."""
        if due < appointment.due:
            self.stale += appointment.due != NEVER
            appointment.due = due
            self.entered += 1
            heappush(self.heap, (due, self.entered, appointment))
            if due < self.next_due:
                self.next_due = due
        return 0

    def cancel(self, appointment: Appointment) -> None:
        """It is not called any more."""
        if appointment.due != NEVER:
            appointment.due = NEVER
            self.stale += 1
            if self.stale > STALE_MAX + len(self.heap) // 2:
                self.heap = [entry for entry in self.heap if entry[2].due == entry[0]]
                heapify(self.heap)
                self.stale = 0

    def set_time(self, now: cython.ulonglong) -> None:
        """It is so late: for what is done in the coming turn."""
        self.now = now

    def begin_turn(self) -> cython.int:
        self.letters_left = LETTERS_PER_TURN
        return 0

    def is_due(self) -> cython.bint:
        return self.next_due <= self.now

    def call_due(self) -> None:
        """Calls those whose time has come, or as many as one turn has time for."""
        appointment: Appointment
        left: cython.Py_ssize_t = CALLS_PER_TURN
        while self.heap and left > 0 and self.heap[0][0] <= self.now:
            due, _, appointment = heappop(self.heap)
            if appointment.due != due:
                self.stale -= 1
                continue
            left -= 1
            appointment.due = NEVER
            appointment.call()
        self.next_due = self.heap[0][0] if self.heap else NEVER
