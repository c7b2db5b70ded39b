"""Work that is too long for one turn, done in slices.

To purge a queue of five million messages takes a third of a second. Whoever asks for such a thing
may wait for it; all others may not. So a command that concerns very many messages does what it
can at once, and where that is not all it leaves a chore, of which each turn does a slice.

    command -> begin(chore) -> done at once: True
                 |
                 v  no
               waiting -> run(), each turn: a slice of each in turn -> done: listeners are called

What is counted are messages; what costs more than a message counts for several.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Protocol

try:
    import cython
except ImportError:
    from leveret._cython_compat import cython

from leveret.engine.errors import InvariantError

# What all commands of one turn may do at once: a millisecond, two where memory is cold.
AT_ONCE_MAX = cython.declare(cython.Py_ssize_t, 16384)
# What is done of all chores in one turn: half of it, if the commands have left so much.
PER_TURN_MAX = cython.declare(cython.Py_ssize_t, 8192)
# One chore's part, so that a small one does not wait for the end of a large one; so much is done
# in any turn.
SLICE = cython.declare(cython.Py_ssize_t, 2048)


class Held(Protocol):
    """A queue, for all that a chore needs to know of it."""

    held_count: int
    """How many chores are under way that it must not deliver before."""


class Chore:
    """`step` does so much at the most, and says how much it did; less: there is nothing left.

    `holds` are the queues that must not deliver until it is done.
    """

    def __init__(self, step: Callable[[int], int], holds: Sequence[Held] = ()) -> None:
        self.step = step
        self.holds = holds
        self.done = False
        self.count = 0
        self.listeners: list[Callable[[], None]] = []

    def work(self, count_max: cython.Py_ssize_t) -> cython.Py_ssize_t:
        """Does so much at the most; returns how much."""
        count: cython.Py_ssize_t = self.step(count_max)
        if count < 0 or count > count_max:
            raise InvariantError("a chore did more than it was to do")
        self.count += count
        self.done = count < count_max
        return count

    def when_done(self, listener: Callable[[], None]) -> None:
        """Has it called when the chore is done; at once if it is."""
        if self.done:
            listener()
        else:
            self.listeners.append(listener)


class Chores:
    """Those of one shard."""

    def __init__(self) -> None:
        self.allowance = AT_ONCE_MAX
        self.waiting: deque[Chore] = deque()

    def begin(self, chore: Chore) -> cython.bint:
        """Does what can be done of it now; True: all of it."""
        if self.allowance > 0:
            self.allowance -= chore.work(self.allowance)
        if not chore.done:
            for queue in chore.holds:
                queue.held_count += 1
            self.waiting.append(chore)
        return chore.done

    def spend(self, count: cython.Py_ssize_t) -> cython.int:
        """So much was done at once without a chore."""
        self.allowance -= count
        return 0

    def run(self) -> list[Any]:
        """A turn's slices; returns the queues that may deliver again."""
        chore: Chore
        released: list = []
        left: cython.Py_ssize_t = max(SLICE, min(PER_TURN_MAX, self.allowance))
        self.allowance = AT_ONCE_MAX
        while left > 0 and self.waiting:
            chore = self.waiting.popleft()
            left -= 1 + chore.work(min(SLICE, left))
            if not chore.done:
                self.waiting.append(chore)
                continue
            for queue in chore.holds:
                queue.held_count -= 1
                released.append(queue)
            for listener in chore.listeners:
                listener()
        return released
