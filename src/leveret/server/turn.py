"""A turn: everything that happens between two waits for the sockets.

    sockets are ready -> each is read once, into its peer; floods last, as far as the budget goes
                      -> shard.turn(): what they brought is delivered
                      -> each peer with new output gets one send

So however many messages came in, there is one receive and one send per connection. What is left
over because a budget was used up makes the next turn come at once; but sockets are looked at
first, so nobody waits for a flood to end.

Who floods - its last read was large, and not of acknowledgements - stands in line. All of them
together have a budget for each turn, and who finds it used up is first in the next. So a turn
stays short, whatever their number, and who does not flood waits for two turns at the most. Where
consumers do not keep up with what is published the budget is halved, again and again, until
they do.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from leveret.engine.shard import Shard
from leveret.server.agenda_alarm import AgendaAlarm
from leveret.server.blocking import Blocking
from leveret.server.clock import Clock
from leveret.server.timers import NEVER, Timed, Timers

if TYPE_CHECKING:
    from leveret.server.connection import Connection

DUE_MAX = 256
"""They take about a millisecond, so a burst of them delays nobody."""
FLOOD_BYTES_PER_TURN = 512 * 1024
"""Read from all who flood: with the sending of it, about half a millisecond. Whoever publishes one
message and waits for it waits for two or three turns; longer ones would hardly be cheaper."""
FLOOD_WORK_PER_TURN = 2_048
"""Messages and places in queues that they may fill: about half a millisecond, too."""
ALARM_MS = 16
"""Deadlines are met so late at the most: those of ten thousand connections come in groups then."""
HALVED_MS = 2
"""As long as consumers may take to ask for more before those who flood have all of a turn again."""


class Turn:
    """The turns of one shard, and the connections that take part in them, by their numbers.

    `wake` has `run` called without a socket being ready. `fail` is told the error after which
    the shard cannot be trusted; nothing is run any more then. `afterwards` are called in each
    turn behind the shard's, before anything is sent.
    """

    def __init__(
        self,
        shard: Shard,
        clock: Clock,
        *,
        loop: asyncio.AbstractEventLoop,
        wake: Callable[[], None],
        fail: Callable[[Exception], None],
    ) -> None:
        self.connections: dict[object, Connection] = {}
        self.timers: Timers[Timed] = Timers()
        self._agenda = AgendaAlarm(self, shard.agenda)
        self.floods: deque[Connection] = deque()
        self.wanted = False
        self.afterwards: list[Callable[[], None]] = []
        self._shard = shard
        self._clock = clock
        self._loop = loop
        self._wake = wake
        self._fail = fail
        self._failed = False
        self._touched: list[Connection] = []
        self._bytes_left = 0
        self._work_left = 0
        self._halvings = 0
        self._halved_until = 0
        self._alarm: asyncio.TimerHandle | None = None
        self._alarm_tick = NEVER
        self.begin()
        self.blocking = Blocking(self, shard)

    def begin(self) -> None:
        """Take the time, which then stands still until the next turn."""
        self.tick = self._clock.tick()
        self.now = self._clock.now(self.tick)
        self._shard.agenda.set_time(self.now)

    def run(self) -> None:
        """Deliver and send, after the sockets that were ready have been read."""
        self.wanted = False
        if self._failed:
            return
        for number in self._shard.take_resumed():
            if (connection := self.connections.get(number)) is not None:
                connection.resume()
        unread = bool(self.floods) and self._read_floods()
        self.blocking.follow()
        try:
            self._shard.turn()
            for call in self.afterwards:
                call()
            outputs = self._shard.take_outputs()
        except Exception as error:
            self.fail(error)
            return
        for number in outputs:
            connection = self.connections.get(number)
            if connection is not None:
                connection.flush()
        if self._touched:
            self._flush_touched()
        if unread or self._shard.pending or self._shard.resumed:
            self.want()
        self._agenda.arm()
        if self.timers.next_tick <= self._alarm_tick - ALARM_MS:
            self._set_alarm()

    def want(self) -> None:
        """Let there be a turn soon."""
        if not self.wanted:
            self.wanted = True
            self._wake()

    def touch(self, connection: Connection) -> None:
        """Let it be flushed in the coming turn, though its peer may have no new output."""
        self._touched.append(connection)
        self.want()

    def fail(self, error: Exception) -> None:
        """Run no turn again: the state of the shard contradicts itself."""
        self._failed = True
        self.stop()
        self._fail(error)

    def stop(self) -> None:
        """Forget the deadlines."""
        if self._alarm is not None:
            self._alarm.cancel()

    def _read_floods(self) -> bool:
        """Read from those in line while the budget lasts; what one overdraws the next turn lacks.

        Who was read goes to the end, and drops out if it is not ready again when it is its turn.
        True: somebody is left who was not read.
        """
        shard, floods = self._shard, self.floods
        halvings = self._held_halvings()
        self._bytes_left = min(0, self._bytes_left) + (FLOOD_BYTES_PER_TURN >> halvings)
        self._work_left = min(0, self._work_left) + (FLOOD_WORK_PER_TURN >> halvings)
        for _ in range(len(floods)):
            if self._bytes_left <= 0 or self._work_left <= 0:
                return floods[0].ready
            connection = floods.popleft()
            if not connection.ready:
                connection.in_line = False
                continue
            work = shard.work
            self._bytes_left -= connection.read()
            self._work_left -= shard.work - work
            floods.append(connection)
        return False

    def _held_halvings(self) -> int:
        """The shard's, or those of a moment ago: whoever has to acknowledge first is at it."""
        if self._shard.halvings >= self._halvings or self.tick > self._halved_until:
            self._halvings = self._shard.halvings
            self._halved_until = self.tick + HALVED_MS
        return self._halvings

    def _flush_touched(self) -> None:
        touched, self._touched = self._touched, []
        for connection in touched:
            connection.flush()

    def _set_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm_tick = -(-self.timers.next_tick // ALARM_MS) * ALARM_MS
        delay_ms = max(0, self._alarm_tick - self.tick)
        self._alarm = self._loop.call_later(delay_ms / 1_000, self._ring)

    def _ring(self) -> None:
        self._alarm, self._alarm_tick = None, NEVER
        self.begin()
        for timed in self.timers.take_due(self.tick, count_max=DUE_MAX):
            timed.due()
        self.want()
