"""What a connection receives during the load: read in large pieces, walked in place."""

from __future__ import annotations

import time
from typing import Protocol

from leveret.bench.errors import BenchError
from leveret.bench.session import Session
from leveret.engine.buffer import Buffer

RECEIVE_BYTES = 1 << 18  # over frame_max: a whole frame has room


class Walker(Protocol):
    """Confirms or deliveries."""

    @property
    def foreign_bytes(self) -> int: ...

    def walk(self, buffer: Buffer, offset: int, end: int, now: int) -> int: ...


class Reader:
    """Hands a walker what arrives, and the session what is not the walker's."""

    def __init__(self, session: Session, walker: Walker) -> None:
        self._session = session
        self._walker = walker
        self._buffer = Buffer(RECEIVE_BYTES)
        self._memory = self._buffer.memory()
        self._end = 0

    def receive(self) -> None:
        """One read; BenchError if it is the last."""
        try:
            count = self._session.socket.recv_into(self._memory[self._end :])
        except BlockingIOError:
            return
        except OSError as error:
            raise BenchError(f"the connection was lost: {error}") from None
        if count == 0:
            raise BenchError("the broker closed the connection")
        self._walk(self._end + count, time.monotonic_ns())

    def _walk(self, end: int, now: int) -> None:
        buffer, walker = self._buffer, self._walker
        offset = walker.walk(buffer, 0, end, now)
        while walker.foreign_bytes:
            frame = buffer.bytes_at(offset, walker.foreign_bytes)
            self._session.take(frame)
            offset = walker.walk(buffer, offset + len(frame), end, now)
        rest = end - offset
        if rest and offset:
            self._memory[:rest] = self._memory[offset:end]
        self._end = rest
