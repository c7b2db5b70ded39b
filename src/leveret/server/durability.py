"""Brings what the journal writes to the log, and what is durable to those who wait for it.

    turn:   peers are read -> shard.turn() -> pump(): the batch that has filled goes to the log
                                 ^
    later:  the log is polled ---+ durable_up_to: the turn that follows tells who waited

One batch is on its way at a time, and the next one fills meanwhile: the slower the disk, the more
there is in it. Where nobody waits for what is in a batch (acknowledgements only) it waits for
company. The log numbers batches of its own, too, so its numbers are not the journal's.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from leveret.engine.shard import Shard
from leveret.server.poll import READ
from leveret.server.timers import NEVER

if TYPE_CHECKING:
    from leveret.log.disk_log import DiskLog
    from leveret.log.port import Token
    from leveret.server.selector import TurnSelector
    from leveret.server.trimming import Trimming
    from leveret.server.turn import Turn

log = logging.getLogger(__name__)

COMPANY_MS: Final = 20
"""What acknowledgements may wait, which only a crash would notice: some messages come again."""
HEAD_BYTES: Final = 48
"""What the journal leaves free in front of each batch, for the log to fill."""
NUMBER: Final = -1
"""Among the timed ones. Connections begin at 1."""

Done = Callable[[int, int], None]


class Refused(Exception):
    """The start is refused; the text is for the operator."""


class LogLost(Exception):
    """Nothing can be made durable any more; the text is for the operator."""


class Durability:
    """Of one shard that has a journal; `log` is claimed, and what it had is in the shard.

    It is the log's listener, and satisfies Definitions and Messages of leveret.peers.service.
    The log is opened first, and may tell it things; then own(), trim() and take_part() are called.
    """

    _log: DiskLog
    _token: Token
    _trimming: Trimming
    _close: Callable[[], None]
    _turn: Turn
    _selector: TurnSelector

    def __init__(self, shard: Shard, directory: str) -> None:
        self.number = NUMBER
        self.armed = NEVER
        self.directory = directory
        self.is_full = False
        self.is_stopped = False
        self.durable = 0  # as the log counts
        self._shard = shard
        self._journal = shard.journal
        self._is_serving = False
        self._under_way = (0, 0)  # the outstanding batch, as the log and as the journal count
        self._send_tick = NEVER
        self._waiting: deque[tuple[int, Done]] = deque()
        self._heard: asyncio.Event | None = None  # of who waits for the end
        self._failure: Exception | None = None

    # The start

    def own(self, opened: DiskLog, token: Token, close: Callable[[], None]) -> None:
        """The log is claimed; `close` lets go of its directory."""
        self._log, self._token, self._close = opened, token, close

    def trim(self, trimming: Trimming) -> None:
        """What the log had has been read; from now on it may forget."""
        self._trimming = trimming

    def take_part(self, turn: Turn, selector: TurnSelector) -> None:
        """From now on each turn pumps, and there is one as soon as the log has done something."""
        self._turn, self._is_serving = turn, True
        turn.afterwards.append(self.pump)
        self._selector = selector
        selector.watch(self._log.fileno(), self, READ)
        turn.want()

    # In each turn

    def pump(self) -> None:
        """Have the log write what there is, if it is not writing."""
        turn, journal = self._turn, self._journal
        if journal.pending and self._log.ready:
            if journal.urgent or journal.has_sealed or self._send_tick <= turn.tick:
                self._append()
            elif self._send_tick is NEVER:
                self._send_tick = turn.tick + COMPANY_MS
        if not self.is_full and self._trimming.pump():
            turn.want()
        self._arm()

    def _append(self) -> None:
        batch = self._journal.take_batch()
        self._send_tick = NEVER
        if batch is None:
            return
        number = self._log.append(
            self._token,
            batch.chunk.buffer,
            batch.start,
            batch.end - batch.start - HEAD_BYTES,
            batch.record_count,
        )
        if not self._log.ready:  # it is on its way
            batch.chunk.place(number, batch.start, self._log.position_of(number))
        self._under_way = number, batch.number
        self._trimming.appended(number, batch)

    def when_durable(self, done: Done) -> bool:
        """See leveret.peers.service.Definitions."""
        number = self._journal.newest()
        if self._journal.durable >= number:
            return True
        self._waiting.append((number, done))
        return False

    # Time

    def deadline(self) -> int | None:
        deadline = self._log.deadline()
        if self._send_tick is NEVER:
            return deadline
        return self._send_tick if deadline is None else min(deadline, self._send_tick)

    def due(self) -> None:
        """The log has something to do by itself, or acknowledgements have waited enough."""
        self._poll()

    def _arm(self) -> None:
        deadline = self.deadline()
        if deadline is not None and deadline < self.armed:
            self._turn.timers.arm(self, deadline)

    def readable(self) -> None:
        """The log has done something. A turn has begun, and goes on with what it tells."""
        turn = self._turn
        try:
            self._log.poll(turn.tick)
        except Exception as error:
            turn.fail(error)

    def writable(self) -> None:
        """Nobody has asked."""

    def _poll(self) -> None:
        turn = self._turn
        turn.begin()
        self.readable()
        turn.want()

    # What the log tells

    def durable_up_to(self, number: int) -> None:
        self.durable = number
        if number == self._under_way[0] and self._is_serving:
            self._shard.next_turn(self._tell)

    def _tell(self) -> None:
        """Within a turn, before anything is delivered: confirms leave at once."""
        turn, number = self._turn, self._under_way[1]
        self._shard.became_durable(number)
        self._trimming.durable(number)
        while self._waiting and self._waiting[0][0] <= number:
            self._waiting.popleft()[1](turn.now, turn.tick)
        self._wake()

    def copied(self, number: int) -> None:
        if self._is_serving:
            self._trimming.copied()

    def full(self, is_full: bool) -> None:
        self.is_full = is_full
        memory = self._shard.memory
        memory.hold() if is_full else memory.let_go()

    def fenced(self) -> None:
        self._lose("another broker has claimed the log")

    def failed(self, reason: str) -> None:
        self._lose(reason)

    def stopped(self) -> None:
        self.is_stopped = True
        self._wake()

    def _lose(self, reason: str) -> None:
        error = LogLost(f"{self.directory}: {reason}: nothing more can be confirmed")
        self._failure = error
        if not self._is_serving:
            raise error
        self._turn.fail(error)
        self._wake()

    def _wake(self) -> None:
        if self._heard is not None:
            self._heard.set()

    # The end

    async def stop(self) -> None:
        """All connections are closed: write down what was delivered, and close the log."""
        while self._shard.pending:
            self._turn.want()
            await asyncio.sleep(0)
        self._shard.log_delivered()
        await self._wait_for(lambda: self._journal.durable >= self._journal.newest())
        self._log.stop()
        await self._wait_for(lambda: self.is_stopped)

    async def _wait_for(self, is_done: Callable[[], bool]) -> None:
        self._heard = asyncio.Event()
        while not is_done() and self._failure is None:
            self._heard.clear()
            self._poll()
            await self._heard.wait()

    def lose(self, error: Exception) -> None:
        """Messages that were confirmed cannot be had any more."""
        self._lose(str(error))

    def leave(self) -> None:
        """No turn comes any more."""
        if self._is_serving:
            self._selector.watch(self._log.fileno(), self, 0)
        self._close()
