"""Lets messages leave memory when there are too many, and the loop see when the disk is done.

The store is made when the first message has to leave: most brokers never need it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from leveret.engine.shard import Shard

if TYPE_CHECKING:
    from leveret.log.spill_store import SpillStore
    from leveret.server.turn import Turn

log = logging.getLogger(__name__)


class Spilling:
    """Of one shard; `relieve` is called in each turn."""

    def __init__(
        self, shard: Shard, turn: Turn, *, bytes_max: int, loop: asyncio.AbstractEventLoop
    ) -> None:
        self._records = shard.records
        self._shard = shard
        self._turn = turn
        self._bytes_max = bytes_max
        self._loop = loop
        self._store: SpillStore | None = None
        self._retry: asyncio.TimerHandle | None = None

    def relieve(self) -> None:
        """Have messages written, if there are too many in memory."""
        if self._records.memory_bytes <= self._bytes_max:
            return
        if self._store is None:
            self._store = self._make_store()
        self._shard.store_down_to(self._bytes_max)
        if self._retry is None and self._store.refused_until > self._loop.time():
            self._retry = self._loop.call_at(self._store.refused_until, self._try_again)

    def close(self) -> None:
        """Let go of the store; no turn may come any more."""
        if self._retry is not None:
            self._retry.cancel()
        if self._store is not None:
            for fd in self._store.filenos:
                self._loop.remove_reader(fd)
            self._store.close()
            self._store = None

    def _make_store(self) -> SpillStore:
        from leveret.log.spill_store import SpillStore, spill_folder

        store = SpillStore(
            self._shard,
            spill_folder(),
            watch=self._watch,
            fail=self._turn.fail,
            monotonic=self._loop.time,
        )
        self._shard.keep_in(store)
        log.info("more messages than memory is for: they go to files in %s", store.folder)
        return store

    def _watch(self, fd: int, completed: Callable[[], None]) -> None:
        def answered() -> None:
            try:
                completed()
            except Exception as error:
                self._turn.fail(error)
            else:
                self._turn.want()

        self._loop.add_reader(fd, answered)

    def _try_again(self) -> None:
        self._retry = None
        self._turn.want()
