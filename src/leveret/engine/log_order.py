"""The chunks of one stream of the log, in the order of their batches: which is the first needed.

gone | gone | 3 references | gone | 900 | 1,000 | 1,000 | being written
              `-- all before it may be forgotten
"""

from __future__ import annotations

from collections import deque

try:
    import cython
except ImportError:
    from leveret._cython_compat import cython

from leveret.engine.chunk import Chunk

if cython.compiled:
    from cython.cimports.leveret.engine.chunk import Chunk


class LogOrder:
    """Those at the beginning that nothing refers to are forgotten when somebody asks."""

    def __init__(self) -> None:
        self.chunks: deque[Chunk] = deque()

    def add(self, chunk: Chunk) -> cython.int:
        """The newest."""
        self.chunks.append(chunk)
        return 0

    def first_needed(self) -> cython.ulonglong:
        """The first batch with anything that is referred to, as the log counts; 0: none has."""
        chunk: Chunk
        while self.chunks:
            chunk = self.chunks[0]
            if chunk.buffer is not None or chunk.references > 0:
                return chunk.first_batch
            self.chunks.popleft()
        return 0

    def next_behind(self, batch: cython.ulonglong) -> Chunk:
        """The first chunk that begins behind a batch and will not change; None: there is none."""
        chunk: Chunk
        for chunk in self.chunks:
            if not chunk.complete or chunk.batches_under_way > 0:
                break
            if chunk.first_batch > batch and chunk.references > 0:
                return chunk
        return cython.cast(Chunk, None)

    def live_bytes(self) -> int:
        """About so much is referred to, if a chunk's records are of one size."""
        chunk: Chunk
        live: cython.longlong = 0
        for chunk in self.chunks:
            if chunk.references > 0:
                live += chunk.used * chunk.references // chunk.references_at_first
        return live
