"""A log in memory: for tests, and for what need not survive.

Two logs of one store are two owners, of which one fences the other.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from functools import partial

from leveret.engine.buffer import Buffer
from leveret.engine.errors import InvariantError
from leveret.log.port import (
    HEADER_BYTES,
    Batch,
    Finished,
    Kind,
    Listener,
    MissingError,
    Take,
    TakeFetched,
    TakeRange,
    Token,
)


class MemoryStore:
    """The batches; what a machine elsewhere would keep."""

    def __init__(self) -> None:
        self.batches: dict[int, Batch] = {}
        self.content = bytearray()
        self.first_number = 1
        self.next_number = 1
        self.last_epoch = 0

    def add(self, epoch: int, kind: Kind, record_count: int, records: bytes) -> int:
        number = self.next_number
        self.next_number += 1
        owned = Buffer(0, bytes(HEADER_BYTES) + records)
        position = len(self.content)
        self.content += owned.memory()
        self.batches[number] = Batch(
            number, position, epoch, kind, record_count, owned, HEADER_BYTES, len(records)
        )
        return number


class MemoryLog:
    """See Log."""

    def __init__(self, store: MemoryStore, listener: Listener) -> None:
        self._store = store
        self._listener = listener
        self._events: deque[Callable[[], None]] = deque()
        self._token: Token | None = None
        self._is_outstanding = False
        self._is_over = False

    @property
    def last_epoch(self) -> int:
        return self._store.last_epoch

    @property
    def first_number(self) -> int:
        return self._store.first_number

    @property
    def ready(self) -> bool:
        return self._token is not None and not self._is_outstanding and not self._is_over

    def claim(self, owner: int, epoch: int) -> Token:
        token = Token(owner, epoch)
        if epoch <= self._store.last_epoch:
            self._events.append(self._fence)
        else:
            self._store.last_epoch = epoch
            self._token = token
            self._add(epoch, Kind.CLAIM, 0, b"")
        return token

    def reserve(self) -> int:
        return self._store.next_number

    def append(
        self, token: Token, buffer: Buffer, start: int, length: int, record_count: int
    ) -> int:
        if not self.ready:
            raise InvariantError("an append is outstanding, or the log is not claimed")
        if token.epoch != self._store.last_epoch:
            self._is_outstanding = True
            self._events.append(self._fence)
            return self._store.next_number
        records = buffer.bytes_at(start + HEADER_BYTES, length)
        return self._add(token.epoch, Kind.RECORDS, record_count, records)

    def position_of(self, number: int) -> int:
        if not self._is_outstanding or number != self._store.next_number - 1:
            raise InvariantError(f"batch {number} is not outstanding")
        return self._store.batches[number].position

    def read(self, start: int, take: Take, finished: Finished) -> None:
        end = self._store.next_number
        if start < self._store.first_number:
            error = MissingError(f"batch {start} was trimmed")
            self._events.append(partial(finished, error))
            return
        for number in range(start, end):
            self._events.append(partial(take, self._store.batches[number]))
        self._events.append(partial(finished, None))

    def fetch(self, numbers: Sequence[int], take: TakeFetched) -> None:
        for number in numbers:
            batch = self._store.batches.get(number)
            error = None if batch else MissingError(f"batch {number} is not in the log")
            self._events.append(partial(take, number, batch, error))

    def fetch_range(
        self, position: int, buffer: Buffer, start: int, length: int, take: TakeRange
    ) -> None:
        data = bytes(self._store.content[position : position + length])
        if len(data) == length:
            buffer.memory()[start : start + length] = data
            self._events.append(partial(take, None))
        else:
            error = MissingError(f"{length} bytes at position {position} are not in the log")
            self._events.append(partial(take, error))

    def trim(self, upto: int) -> None:
        self._store.first_number = max(self._store.first_number, upto)

    def fileno(self) -> int:
        return -1

    def poll(self, tick: int) -> None:
        while self._events:
            self._events.popleft()()

    def deadline(self) -> int | None:
        return None

    def stop(self) -> None:
        if not self._is_over:
            self._is_over = True
            if self._token is not None and self._token.epoch == self._store.last_epoch:
                self._store.add(self._token.epoch, Kind.SEAL, 0, b"")
            self._events.append(self._listener.stopped)

    def _add(self, epoch: int, kind: Kind, record_count: int, records: bytes) -> int:
        self._is_outstanding = True
        number = self._store.add(epoch, kind, record_count, records)
        self._events.append(partial(self._durable, number))
        return number

    def _durable(self, number: int) -> None:
        self._is_outstanding = False
        self._listener.durable_up_to(number)

    def _fence(self) -> None:
        self._is_over = True
        self._listener.fenced()
