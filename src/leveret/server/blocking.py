"""What happens while memory is full: who publishes is blocked, until enough of it is free.

    free --- full ---> blocked --- an eighth is free ---> free
                        who has published is told, if it can take that, and not read;
                        who begins to publish is held up there, and told as well

That memory is full the engine notices by itself, at the message that is one too many. Here the
others are told; those who are not read are looked after, in turn:

    trickle   who holds deliveries is read a little, so that its acknowledgements get through and
              make room; all of them together have a budget, and there is a limit to what may
              come in on this way
    probe     a socket that is not read does not report its end: it is asked each second

Time comes from the turn, memory from the shard; connections are whatever has their methods.
"""

from __future__ import annotations

import logging
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from leveret.engine.shard import Shard
from leveret.server.resident import resident_bytes, trim
from leveret.server.timers import NEVER

if TYPE_CHECKING:
    from leveret.server.connection import Connection
    from leveret.server.turn import Turn

log = logging.getLogger(__name__)

LOW_ON_MEMORY = "low on memory"
LOW_ON_DISK = "low on disk"
"""RabbitMQ's words for it."""
MEMORY = "memory"
DISK = "disk"
"""And for where an alarm comes from."""
TOLD_PER_TURN = 64
"""Told that they are blocked, or let go: each takes some 10 µs, and may have a read left over."""
STEP_MS = 50
"""From one round of looking after the blocked to the next: what an acknowledgement may wait."""
LOOKED_AFTER_PER_STEP = 128
"""Of the blocked: a millisecond or two. Of more, the others have their turn in the next step."""
TRICKLE_BYTES_PER_STEP = 256 * 1024
"""Read from all of them together: 5 MB/s at the most."""
TRICKLE_BYTES_MIN = 4 * 1024
"""Read from one of many: 200 acknowledgements, or some messages with theirs behind."""
TRICKLE_BYTES_MAX = 64 * 1024
"""Read from one of few: as much as any read of a client with small messages."""
TRICKLE_SHARE = 16
"""A sixteenth above the limit, nothing trickles any more: the system has not promised more."""
PROBE_MS = 1_000
"""Soon enough for who waits for what a vanished client held, and 20 µs each."""
MEASURE_MS = 1_000
"""Between two looks at what the system says we have: the count in between is good."""
MEASURE_TIGHT_MS = 100
"""The same, where more than half of the memory is in use: what was not counted comes to matter."""
TRIM_MS = 10_000
"""Between two demands that the C library give back what it keeps, which may take it some 10 ms."""
TRIM_SHARE = 4
"""Nothing is demanded as long as less than a quarter of the memory is what nobody counted."""


class Blocking:
    """Of the connections of `turn`, which calls `follow` in each turn and `due` when it is due.

    `alarm` is told what there is too little of, and whether it begins or ends.
    """

    def __init__(self, turn: Turn, shard: Shard) -> None:
        self.number = 0  # connections begin at 1
        self.armed = NEVER
        self.is_on = False
        self.alarm: Callable[[str, bool], None] = no_alarm
        self._turn = turn
        self._shard = shard
        self._memory = shard.memory
        self._trickle_limit = self._memory.limit + self._memory.limit // TRICKLE_SHARE
        self._since = 0
        self._reason = LOW_ON_MEMORY
        self._measure_tick = 0
        self._trim_tick = 0
        self._step_tick = NEVER
        self._untold: deque[object] = deque()
        self._blocked: OrderedDict[Connection, None] = OrderedDict()

    # Each turn

    def follow(self) -> None:
        """Block and unblock, as much of it as a turn is long enough for."""
        tick = self._turn.tick
        if tick >= self._measure_tick:
            self._measure(tick)
        if not self._memory.full and not self._blocked:
            return
        if self.is_on != self._memory.relax():
            if self.is_on:
                self._end(tick)
            else:
                self._begin(tick)
        self._take_held()
        if self.is_on:
            self._tell()
        else:
            self._let_go()

    def _begin(self, tick: int) -> None:
        self.is_on = True
        self._reason = LOW_ON_DISK if self._memory.held else LOW_ON_MEMORY
        self._since = tick
        self._shard.drop_spare()
        self._untold = deque(self._shard.publishers)
        self._step_tick = tick + STEP_MS
        self._turn.timers.arm(self, self._step_tick)
        self.alarm(self._source, True)
        log.warning(
            "%s, memory %d of %d MB: publishers are blocked (%d of %d connections)",
            "the disk has too little room" if self._memory.held else "memory is full",
            self._memory.in_use >> 20,
            self._memory.limit >> 20,
            len(self._untold),
            len(self._turn.connections),
        )

    def _end(self, tick: int) -> None:
        self.is_on = False
        self._untold.clear()
        self._step_tick = NEVER
        self.alarm(self._source, False)
        log.warning(
            "there is room again, memory %d of %d MB: publishers go on after %.1f s",
            self._memory.in_use >> 20,
            self._memory.limit >> 20,
            (tick - self._since) / 1_000,
        )

    @property
    def _source(self) -> str:
        return DISK if self._reason == LOW_ON_DISK else MEMORY

    def _take_held(self) -> None:
        """Those whom the engine has held up, be it that they publish for the first time."""
        for number in self._shard.take_held():
            self._block(number)

    def _tell(self) -> None:
        for _ in range(min(len(self._untold), TOLD_PER_TURN)):
            self._block(self._untold.popleft())
        if self._untold:
            self._turn.want()

    def _block(self, number: object) -> None:
        connection = self._turn.connections.get(number)
        if connection is None:
            return
        if connection not in self._blocked:
            self._blocked[connection] = None
            connection.probed_tick = self._turn.tick
        if self.is_on:
            connection.block(self._reason)

    def _let_go(self) -> None:
        for _ in range(min(len(self._blocked), TOLD_PER_TURN)):
            connection, _ = self._blocked.popitem(last=False)
            connection.unblock()
            if self._memory.full:
                break  # by what the one let go had left over: the others stay
        if self._blocked:
            self._turn.want()

    def _measure(self, tick: int) -> None:
        memory = self._memory
        memory.resident(resident_bytes())
        if (
            memory.full
            and memory.uncounted > memory.limit // TRIM_SHARE
            and tick >= self._trim_tick
        ):
            self._trim_tick = tick + TRIM_MS
            trim()
            memory.resident(resident_bytes())
        wait_ms = MEASURE_TIGHT_MS if self._memory.is_tight() else MEASURE_MS
        self._measure_tick = tick + wait_ms

    # Each step

    def deadline(self) -> int | None:
        return self._step_tick if self.is_on else None

    def due(self) -> None:
        """Look after those who are blocked."""
        self._step_tick = self._turn.tick + STEP_MS
        self._look_after()
        self._turn.timers.arm(self, self._step_tick)

    def _look_after(self) -> None:
        """Of those who have waited for it longest."""
        count = min(len(self._blocked), LOOKED_AFTER_PER_STEP)
        looked_after = [self._blocked.popitem(last=False)[0] for _ in range(count)]
        present = [connection for connection in looked_after if connection.is_open]
        self._blocked.update(dict.fromkeys(present))
        self._probe(present)
        self._trickle([connection for connection in present if connection.may_make_room])

    def _probe(self, connections: list[Connection]) -> None:
        tick = self._turn.tick
        for connection in connections:
            if tick - connection.probed_tick >= PROBE_MS:
                connection.probed_tick = tick
                connection.probe()

    def _trickle(self, connections: list[Connection]) -> None:
        """For whom the budget does not last, comes first in the next step."""
        share = TRICKLE_BYTES_PER_STEP // max(1, len(connections))
        share = max(TRICKLE_BYTES_MIN, min(TRICKLE_BYTES_MAX, share))
        served = TRICKLE_BYTES_PER_STEP // share
        for connection in connections[:served]:
            if self._memory.in_use < self._trickle_limit:
                connection.trickle(share)
        for connection in reversed(connections[served:]):
            self._blocked.move_to_end(connection, last=False)


def no_alarm(source: str, begins: bool) -> None:
    """Nobody wants to know."""
