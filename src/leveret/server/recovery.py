"""The start of a broker that has a log: claims it, reads it, and fills the shard with what it has.

Nobody is served meanwhile, so this waits for the disk. What a log cannot do, and what makes no
sense in it, refuses the start.
"""

from __future__ import annotations

import logging
import select
from collections.abc import Callable
from pathlib import Path
from typing import Final

from leveret.broker.broker import Broker
from leveret.broker.checkpoint import define_all
from leveret.broker.definition_log import DefinitionLog
from leveret.broker.restore import RestoreError
from leveret.broker.restore_broker import restore_broker
from leveret.engine.chores import Chore
from leveret.engine.errors import InvariantError, ReplayError
from leveret.engine.guests import GUEST_BYTES_MAX, LOG_BYTES_MAX
from leveret.engine.replay import Replay
from leveret.engine.shard import Shard
from leveret.log.batch import COLD
from leveret.log.chunk_reader import ChunkReader
from leveret.log.directory import open_directory
from leveret.log.disk import Disk, LockedError
from leveret.log.disk_log import DiskLog
from leveret.log.port import HEADER_BYTES, Batch, Kind, LogError, Take
from leveret.server.clock import Clock
from leveret.server.durability import Durability, LogLost, Refused
from leveret.server.trimming import Trimming
from leveret.wire.amqp091.tables import CLASSES

log = logging.getLogger(__name__)

PROGRESS_MS: Final = 2_000
"""Between two lines of a long recovery."""
WAIT_S: Final = 1.0
"""For the disk, at a time: it is asked again then."""
LOG_SHARE: Final = 8
"""Of the memory that may be in use: so much of it, at the most, is for what the log has, too."""


def wait_for(opened: DiskLog) -> None:
    """Sleep until the log has something to do, or for a while."""
    select.select([opened.fileno()], [], [], WAIT_S)


class Recovery:
    """Of one log, into a new shard and its broker. `wait` is called while the disk has to work."""

    def __init__(
        self,
        durability: Durability,
        disk: Disk,
        opened: DiskLog,
        *,
        clock: Clock | None = None,
        wait: Callable[[DiskLog], None] = wait_for,
    ) -> None:
        self._disk = disk
        self._durability = durability
        self._log = opened
        self._clock = clock or Clock()
        self._wait = wait
        self._error: LogError | None = None
        self._finished = False
        self._was_damaged = False

    def claim(self) -> None:
        """Own the log."""
        opened = self._log
        token = opened.claim(opened.owner, opened.last_epoch + 1)
        self._durability.own(opened, token, self._disk.close)
        self._wait_until(lambda: opened.ready)

    def let_leave(self, shard: Shard) -> None:
        """What the log has need not stay in memory."""
        shard.read_log_with(ChunkReader(self._log, shard, self._durability.lose))
        most = shard.memory.limit // LOG_SHARE
        shard.guests.log_bytes_max = min(LOG_BYTES_MAX, most)
        shard.guests.guest_bytes_max = min(GUEST_BYTES_MAX, most)

    def read(self, shard: Shard, *, end: int) -> Replay:
        """All copies, then all batches up to `end`, which is none of them, in their order."""
        opened = self._log
        replay = Replay(shard, redelivered=not opened.is_clean)
        first = opened.first_number
        since = self._clock.tick()
        told = since

        def take(batch: Batch) -> None:
            nonlocal told
            if batch.kind is Kind.RECORDS:
                apply = replay.apply_copies if batch.number >= COLD else replay.apply
                apply(
                    batch.number,
                    batch.position,
                    batch.buffer,
                    batch.offset - HEADER_BYTES,
                    batch.length + HEADER_BYTES,
                )
            elif batch.kind is Kind.LOST:
                self._was_damaged = True
                replay.doubt()
            tick = self._clock.tick()
            if tick - told >= PROGRESS_MS:
                told = tick
                at = max(0, batch.number - first) if batch.number < COLD else 0
                percent = 100 * at // max(1, end - first)
                log.info("reading the log: %d %% after %d s", percent, (tick - since) // 1_000)

        for start in (opened.first_copied, first):
            self._read_from(start, take)
        return replay

    def _read_from(self, start: int, take: Take) -> None:
        self._finished = False
        self._log.read(start, take, self._finish)
        self._wait_until(lambda: self._finished)
        if self._error is not None:
            raise self._error

    def _finish(self, error: LogError | None) -> None:
        self._finished, self._error = True, error

    def _wait_until(self, is_done: Callable[[], bool]) -> None:
        """Sleep meanwhile: the thread that reads may need this processor."""
        while not is_done():
            self._log.poll(self._clock.tick())
            if not is_done():
                self._wait(self._log)

    def begin_trimming(self, shard: Shard, define_all: Callable[[], Chore]) -> None:
        self._durability.trim(Trimming(shard, self._log, define_all))

    @property
    def was_damaged(self) -> bool:
        """A repair has left gaps."""
        return self._was_damaged


def recover(
    directory: str,
    shard: Shard,
    broker: Broker,
    *,
    is_synced: bool,
    disk_free_limit: int,
) -> Durability:
    """What the log in the directory has is in the shard and its broker, which go on with it.

    Raises Refused.
    """
    durability = Durability(shard, directory)
    try:
        disk, opened = open_directory(
            Path(directory), durability, is_synced=is_synced, disk_free_limit=disk_free_limit
        )
    except LockedError as error:
        others = "stop it, or give this one another --data-dir, or --in-memory"
        raise Refused(f"data directory {error}: {others}") from error
    except LogError as error:
        raise Refused(str(error)) from error
    except OSError as error:
        raise Refused(f"data directory {error.filename or directory}: {error.strerror}") from error
    try:
        fill(Recovery(durability, disk, opened), shard, broker, opened)
    except (LogError, LogLost) as error:
        disk.close()
        raise Refused(str(error)) from error
    except (RestoreError, ReplayError, InvariantError, ValueError) as error:
        disk.close()
        raise Refused(f"{directory}: what the log has makes no sense: {error}") from error
    return durability


def fill(recovery: Recovery, shard: Shard, broker: Broker, opened: DiskLog) -> None:
    """Claim, read, restore."""
    was_clean = opened.is_clean
    end = opened.reserve()
    recovery.claim()
    recovery.let_leave(shard)
    replay = recovery.read(shard, end=end)
    definitions = DefinitionLog(shard)
    restore_broker(
        broker,
        list(definitions.read(replay.definitions)),
        classes=CLASSES,
        open_store=replay.claim,
        definitions=definitions,
    )
    dropped = replay.finish()
    recovery.begin_trimming(
        shard, lambda: define_all(broker.hosts.all(), definitions, broker.keep_all())
    )
    count = sum(queue.ready_count for queue in shard.queues if queue is not None)
    if count or dropped or not was_clean:
        log.info(
            "the log has %d messages for %d queues%s",
            count,
            sum(queue is not None for queue in shard.queues),
            "" if was_clean else "; the last stop was not clean: all are flagged redelivered",
        )
