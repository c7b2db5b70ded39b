"""A broker without sockets, on a simulated disk: its life goes on step by step.

All that a server has between its clients and the disk is the real one; a step is a turn, at a time
that the test says. Everything is small, so that all that happens to a long log happens to a short.
"""

from __future__ import annotations

import asyncio
import errno
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count

from leveret.broker.broker import Broker
from leveret.engine.memory import Memory
from leveret.engine.shard import Shard
from leveret.log.disk_log import DiskLog
from leveret.log.opening import open_disk_log
from leveret.log.scan import Format
from leveret.peers.pace import Pace
from leveret.peers.service import Service
from leveret.peers.settings import Settings
from leveret.server.clock import NS_PER_MS, Clock
from leveret.server.durability import Durability, LogLost
from leveret.server.recovery import Recovery, fill
from leveret.server.timers import Timed, Timers
from leveret.testing.disk import SimulatedDisk
from leveret.wire.amqp091.methods import ChannelOpen
from tests.engine.page_memory import PageMemory
from tests.peers.client_peer import OPEN, START_OK, TUNE_OK, ClientPeer

OWNER = 0xC0FFEE
KIB = 1024
SEGMENT_BYTES = 48 * KIB
START_MS = 1_700_000_000_000
PATIENCE = 5_000
EVERYTHING = 1 << 40


class PowerLost(Exception):
    """The machine is off."""


class SimulatedTurn:
    """See leveret.server.turn.Turn: what of it a log needs."""

    def __init__(self, tick: int) -> None:
        self.tick = tick
        self.now = START_MS + tick
        self.afterwards: list[Callable[[], None]] = []
        self.timers: Timers[Timed] = Timers()
        self.failure: Exception | None = None

    def begin(self) -> None:
        pass

    def want(self) -> None:
        pass

    def fail(self, error: Exception) -> None:
        self.failure = self.failure or error


class SimulatedSelector:
    """Everything is looked at in each step."""

    def watch(self, fd: int, watched: object, events: int) -> None:
        pass


class SimulatedRecovery(Recovery):
    """Into a shard that may keep so much of the log in memory."""

    log_bytes_max = EVERYTHING

    def let_leave(self, shard: Shard) -> None:
        super().let_leave(shard)
        shard.guests.log_bytes_max = self.log_bytes_max


@dataclass(frozen=True)
class Sizes:
    """Of what is otherwise megabytes."""

    log_chunk: int = 8 * KIB
    copies_chunk: int = 16 * KIB
    copies_batch: int = 6 * KIB
    arena: int = 24 * KIB
    in_memory: int = 24 * KIB
    pages: int = 3


class SimulatedPeer(ClientPeer):
    """It has no turn to itself."""

    def take_bytes(self) -> bytes:
        taken = b""
        while data := bytes(self.peer.send_buffer()):
            self.peer.sent(len(data), self.server.tick)
            taken += data
        return taken

    def go_on(self) -> None:
        self.peer.go_on(self.server.now, self.server.tick)


class SimulatedBroker:
    """From its start on. `lost_after`: so many times it waits for the disk while it starts, and
    then the power is off.

    A ClientPeer takes it for its server.
    """

    def __init__(
        self,
        disk: SimulatedDisk,
        dice: random.Random,
        *,
        in_memory: int | None = None,
        lost_after: int = PATIENCE,
        sizes: Sizes = Sizes(),
    ) -> None:
        self.disk = disk
        self.dice = dice
        self.peers: list[SimulatedPeer] = []
        self.reports: list[Exception] = []
        self.shard = Shard(dice.getrandbits(32), Memory(), journal=True)
        self._shrink(sizes)
        self.broker = Broker(self.shard, dice.randbytes, empty=True)
        self.turn = SimulatedTurn(1_000)
        self.durability = Durability(self.shard, "disk")
        self.log: DiskLog = open_disk_log(
            disk, Format(OWNER, SEGMENT_BYTES), self.durability, disk_free_limit=0
        )
        self.was_clean = self.log.is_clean
        self._recover(sizes.in_memory if in_memory is None else in_memory, lost_after)
        self.durability.take_part(self.turn, SimulatedSelector())
        self.service = Service(
            self.shard,
            self.broker,
            Pace(self.shard),
            report=self.reports.append,
            version="1.2.3",
            cluster_name="leveret@test",
            definitions=self.durability,
            messages=self.durability,
            settings=Settings(),
        )

    def _shrink(self, sizes: Sizes) -> None:
        shard = self.shard
        shard.journal.chunk_bytes = sizes.log_chunk
        shard.forward.chunk_bytes = sizes.copies_chunk
        shard.forward.copy_bytes = sizes.copies_batch
        shard.forward.arena_bytes = sizes.arena
        shard.pages.fold_above = sizes.pages
        shard.pages.fold_into(PageMemory)

    def _recover(self, in_memory: int, lost_after: int) -> None:
        rest = iter(range(lost_after))

        def wait(_log: DiskLog) -> None:
            if next(rest, None) is None:
                raise PowerLost

        milliseconds = count(0, NS_PER_MS)
        clock = Clock(wall_ns=lambda: START_MS, monotonic_ns=lambda: next(milliseconds))
        recovery = SimulatedRecovery(self.durability, self.disk, self.log, clock=clock, wait=wait)
        recovery.log_bytes_max = in_memory
        fill(recovery, self.shard, self.broker, self.log)
        self.turn.tick += clock.tick()

    # As clients see it

    @property
    def now(self) -> int:
        return self.turn.now

    @property
    def tick(self) -> int:
        return self.turn.tick

    def connect(self) -> SimulatedPeer:
        """A client with its connection open, and channel 1."""
        peer = SimulatedPeer(self, is_loopback=True, refusal=None)
        peer.start()
        peer.peer = peer.peer.successor
        peer.call(START_OK, channel=0)
        peer.send(TUNE_OK, channel=0)
        peer.call(OPEN, channel=0)
        peer.call(ChannelOpen())
        self.peers.append(peer)
        return peer

    # Its life

    @property
    def has_failed(self) -> bool:
        return self.turn.failure is not None

    def step(self, milliseconds: int) -> None:
        """A turn, so much later."""
        turn = self.turn
        turn.tick += milliseconds
        turn.now += milliseconds
        if not self.has_failed:
            self.durability.readable()
        for timed in turn.timers.take_due(turn.tick, count_max=100):
            timed.due()
        self._go_on()
        if not self.has_failed:
            self.shard.turn()
            for call in turn.afterwards:
                call()
            self.shard.take_outputs()
        assert not self.reports, self.reports
        if self.turn.failure is not None and not isinstance(self.turn.failure, LogLost):
            raise self.turn.failure

    def _go_on(self) -> None:
        """Who was paused, or held up because the disk was full, is read again."""
        if self.has_failed:
            return
        for peer in self.shard.take_resumed():
            peer.go_on()
        if not self.shard.memory.relax():
            for peer in self.shard.take_held():
                peer.peer.unblock(self.now, self.tick)
        for peer in self.peers:
            if peer.unread:
                peer.put(b"")

    @property
    def is_quiet(self) -> bool:
        """All that was said is done, on the disk, and heard of."""
        return (
            self.disk.is_idle
            and self.log.ready
            and not self.shard.journal.pending
            and not self.shard.pending
            and not self.shard.forward.has_some
            and not any(peer.unread or len(peer.peer.send_buffer()) for peer in self.peers)
        )

    def stop(self) -> None:
        """In order; clients are cut off."""
        for peer in self.peers:
            peer.peer.lost()
        self.peers.clear()

        async def stop() -> None:
            stopping = asyncio.ensure_future(self.durability.stop())
            while not stopping.done():
                self.step(1)
                await asyncio.sleep(0)
            await stopping

        asyncio.run(stop())


def fails_after(requests: int) -> Callable[[str], int]:
    """For a disk to refuse one write, sync or change of names."""
    rest: Iterator[int] = iter([0] * requests + [errno.EIO])
    return lambda kind: 0 if kind == "read" else next(rest, 0)
