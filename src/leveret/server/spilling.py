"""Lets messages leave memory when there are too many, and the loop see when the disk is done.

    in use:  0 ............ half of the limit ............ limit
                            messages leave                 publishers are blocked

So publishers are blocked only while the disk is slower than they are, or has no room. The store is
made when the first message has to leave: most brokers never need it. So is the one for pages of
long queues, which the engine asks for by itself, also while a log is read at the start.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from leveret.engine.shard import Shard

if TYPE_CHECKING:
    from leveret.log.page_files import PageFiles
    from leveret.log.spill_store import SpillStore
    from leveret.server.turn import Turn

log = logging.getLogger(__name__)

SPILL_SHARE = 2
"""Half of the memory that may be in use: the other half is for bursts, for what queues know of
their messages, and for clients."""
CHUNKS_SHARE = 8
"""An eighth is for messages in any case, whatever else there is in memory."""


class Spilling:
    """Of one shard; `relieve` is called in each turn."""

    def __init__(
        self, shard: Shard, turn: Turn, *, folder: str, loop: asyncio.AbstractEventLoop
    ) -> None:
        self._memory = shard.memory
        self._records = shard.records
        self._shard = shard
        self._turn = turn
        self._folder = folder
        self._bytes_max = shard.memory.limit // SPILL_SHARE
        self._chunk_bytes_min = shard.memory.limit // CHUNKS_SHARE
        self._loop = loop
        self._store: SpillStore | None = None
        self._retry: asyncio.TimerHandle | None = None

    def relieve(self) -> None:
        """Have messages written, if there are too many in memory."""
        excess = self._memory.in_use - self._bytes_max
        if excess <= 0 or self._records.memory_bytes <= self._chunk_bytes_min:
            return
        if self._store is None:
            self._store = self._make_store()
        chunk_bytes_max = max(self._chunk_bytes_min, self._records.memory_bytes - excess)
        self._shard.store_down_to(chunk_bytes_max)
        if self._retry is None and self._store.refused_until > self._loop.time():
            self._retry = self._loop.call_at(self._store.refused_until, self._try_again)

    def close(self) -> None:
        """Let go of the stores; no turn may come any more."""
        if self._retry is not None:
            self._retry.cancel()
        if self._store is not None:
            for fd in self._store.filenos:
                self._loop.remove_reader(fd)
            self._store.close()
            self._store = None
        self._shard.pages.close_store()

    def _make_store(self) -> SpillStore:
        from leveret.log.spill_store import SpillStore

        store = SpillStore(
            self._shard,
            self._folder,
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


def fold_into(shard: Shard, folder: str) -> None:
    """Let pages of long queues go to files in that folder."""

    def make_store() -> PageFiles:
        from leveret.log.page_files import PageFiles

        log.info("queues are longer than memory is for: parts go to files in %s", folder)
        return PageFiles(folder)

    shard.pages.fold_into(make_store)


def spill_folder() -> str:
    """Where large temporary files belong: /tmp is memory on many systems."""
    if folder := os.environ.get("TMPDIR"):
        return folder
    return "/var/tmp" if is_writable_folder("/var/tmp") else "/tmp"


def is_writable_folder(path: str) -> bool:
    return os.path.isdir(path) and os.access(path, os.W_OK | os.X_OK)
