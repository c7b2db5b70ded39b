"""The log on a disk of this machine.

It has two streams of batches, each in segments of its own: the hot one, to which all is appended,
and the cold one, to which live records are copied when little else lives around them. Their
segments come from one pool, and go back to it when nothing in them lives.

    append ---> hot stream ---> segment | segment | segment          durable_up_to
    copy   ---> cold stream --> segment | segment                    copied
                                   ^
                pool: spare segments, written once

Records move in memory only as whole batches, in the buffers of whoever appends. A batch that had
nothing behind it for a while gets a SEAL, which vouches for it: see recovery.py.

`opening.py` is how one starts.
"""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, Protocol

from leveret.engine.buffer import Buffer
from leveret.engine.errors import InvariantError
from leveret.log.batch import CLAIM, CLEAN, COLD, SEAL, UNSYNCED, BatchBuffer, display
from leveret.log.disk import Disk
from leveret.log.marks import Marks
from leveret.log.pool import Pool
from leveret.log.port import (
    Finished,
    Listener,
    LogError,
    MissingError,
    Take,
    TakeFetched,
    TakeRange,
    Token,
)
from leveret.log.ranges import Range, RangeFetcher
from leveret.log.reading import Fetcher, read_from, segment_with
from leveret.log.scan import Format
from leveret.log.segment import COLD_NAME, HOT_NAME
from leveret.log.space import SegmentInfo, Space, key_of
from leveret.log.stream import Stream
from leveret.log.task import Task, moved, start

SEAL_AFTER_MS: Final = 100
"""Long for a busy broker, short for who pulls a plug."""
COPY_BYTES_MAX: Final = 256 * 1024
COPY_STEP_MS: Final = 13
"""20 MB/s, which appends hardly notice; in one go they would wait for tens of milliseconds."""


class DiskListener(Listener, Protocol):
    def copied(self, number: int) -> None:
        """This cold batch and all before it survive. Another may be copied, after a pause."""


class State(enum.Enum):
    OPEN = "open"
    OWNED = "owned"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FENCED = "fenced"
    FAILED = "failed"


MAY_BECOME: Final = {
    State.OPEN: {State.OWNED, State.FENCED, State.STOPPING, State.FAILED},
    State.OWNED: {State.FENCED, State.STOPPING, State.FAILED},
    State.STOPPING: {State.STOPPED, State.FAILED},
    State.STOPPED: {State.FAILED},
    State.FENCED: {State.FAILED},
    State.FAILED: set(),
}


class DiskLog:
    """See Log, and the head of this file.

    `is_clean`: whether the last owner had stopped in order.
    """

    def __init__(
        self,
        disk: Disk,
        form: Format,
        listener: DiskListener,
        marks: Marks,
        *,
        is_synced: bool,
        disk_free_limit: int,
    ) -> None:
        self.state = State.OPEN
        self.is_clean = True
        self.last_epoch = 0
        self._disk = disk
        self._form = form
        self._listener = listener
        self._marks = marks
        self._flags = 0 if is_synced else UNSYNCED
        self.pool = Pool(disk, form.segment_bytes, self._fail)
        make = partial(Stream, disk=disk, pool=self.pool, form=form, failed=self._fail)
        self.hot = make(HOT_NAME, appended=self._appended)
        self.cold = make(COLD_NAME, appended=self._copied)
        self._space = Space(disk, self.pool, self.hot, self.cold, marks, disk_free_limit)
        self._fetcher = Fetcher(disk, form)
        self._ranges = RangeFetcher(disk, form, self.hot, self.cold)
        self._control = BatchBuffer(0)
        self._token: Token | None = None
        self._tick = 0
        self._idle_since = 0
        self._copy_tick = 0
        self._frees: Sequence[int] = ()
        self._is_full = False
        self._is_reserved = False
        self._is_sealed = True
        self._is_sealing = False
        self._is_refused = False
        self._is_closed = False
        self._started: deque[Callable[[], None]] = deque()  # reads: they may answer at once

    # Owning and appending.

    @property
    def owner(self) -> int:
        """Who may claim it."""
        return self._form.owner

    @property
    def first_number(self) -> int:
        return self._marks.hot

    @property
    def first_copied(self) -> int:
        """Where to read copies from, as `first_number` is for what was appended."""
        return self._marks.cold

    @property
    def next_copied(self) -> int:
        """The number that the next batch of copies will have."""
        return self.cold.next_number

    @property
    def ready(self) -> bool:
        return self.state is State.OWNED and self.hot.outstanding is None

    def claim(self, owner: int, epoch: int) -> Token:
        token = Token(owner, epoch)
        if epoch <= self.last_epoch or owner != self._form.owner:
            self._is_refused = True
            return token
        self._become(State.OWNED)
        self._token = token
        self.last_epoch = epoch
        self.hot.prepare()
        self._append_control(CLAIM)
        return token

    def reserve(self) -> int:
        self._is_reserved = True
        return self.hot.next_number

    def append(
        self, token: Token, buffer: Buffer, start: int, length: int, record_count: int
    ) -> int:
        if not self.ready:
            raise InvariantError("an append is outstanding, or the log is not owned")
        if token != self._token:
            self._is_refused = True
            return self.hot.next_number
        self._is_reserved = False
        self._is_sealed = False
        return self.hot.append(
            buffer, start, length, record_count, flags=self._flags, epoch=token.epoch
        )

    def position_of(self, number: int) -> int:
        stream = self._stream_of(number)
        if stream.outstanding is None or stream.outstanding.number != number:
            raise InvariantError(f"batch {display(number)} is not outstanding")
        return stream.outstanding_position()

    # Copying forward, and space.

    @property
    def copy_ready(self) -> bool:
        """Whether a batch may be copied now."""
        is_free = self.cold.outstanding is None and self._tick >= self._copy_tick
        return self.state is State.OWNED and is_free

    def copy(
        self,
        buffer: Buffer,
        start: int,
        length: int,
        record_count: int,
        frees: Sequence[int] = (),
        *,
        pause_ms: int = COPY_STEP_MS,
    ) -> int:
        """Append a batch of live records to the cold stream; returns its number.

        It is synced, whatever the durability of appends. Of the segments in `frees`, nothing
        lives as soon as it is on the disk. The next one has to wait for `pause_ms`.
        """
        if not self.copy_ready or (length > COPY_BYTES_MAX and record_count > 1):
            raise InvariantError("not now, or not so much")
        self._copy_tick = self._tick + pause_ms
        self._frees = frees
        return self.cold.append(buffer, start, length, record_count, flags=0, epoch=self.last_epoch)

    def segments(self) -> list[SegmentInfo]:
        """Those that are complete."""
        return self._space.segments()

    def segment_of(self, number: int) -> int | None:
        """The key of the segment in which a batch is."""
        segment = segment_with(self._stream_of(number).segments, number)
        return None if segment is None else key_of(segment)

    def set_live_bytes(self, key: int, live_bytes: int) -> None:
        """How much of a segment its live records have. With 0 it is free, once it is trimmed."""
        self._space.set_live_bytes(key, live_bytes)

    def trim(self, upto: int) -> None:
        self._space.trim(upto)

    # Reading.

    def read(self, start_number: int, take: Take, finished: Finished) -> None:
        stream = self._stream_of(start_number)
        mark = self._marks.cold if start_number >= COLD else self._marks.hot
        if start_number < mark:
            error = MissingError(f"batch {display(start_number)} was trimmed")
            self._started.append(partial(finished, error))
            return
        end = stream.next_number if stream.outstanding is None else stream.outstanding.number
        task = read_from(
            self._disk, list(stream.segments), self._form, first=start_number, end=end, take=take
        )
        self._started.append(partial(start, task, finished, finished))

    def fetch(self, numbers: Sequence[int], take: TakeFetched) -> None:
        found = [
            (number, segment_with(self._stream_of(number).segments, number)) for number in numbers
        ]
        self._started.append(partial(self._fetcher.fetch, found, take))

    def fetch_range(
        self, position: int, buffer: Buffer, start: int, length: int, take: TakeRange
    ) -> None:
        self._ranges.fetch(Range(position, buffer, start, length, take))

    # Time, and what the disk has done.

    def fileno(self) -> int:
        return self._disk.fileno()

    def poll(self, tick: int) -> None:
        self._tick = tick
        while self._started:
            self._started.popleft()()
        self._disk.poll()
        self._ranges.step()
        if self._is_refused and self.state in (State.OPEN, State.OWNED):
            self._become(State.FENCED)
            self._listener.fenced()
        if self.state in (State.OWNED, State.STOPPING):
            self._step(tick)

    def deadline(self) -> int | None:
        if self.state is not State.OWNED:
            return None
        tick = self._space.deadline()
        pool_tick = self.pool.deadline()
        if pool_tick is not None and pool_tick < tick:
            tick = pool_tick
        if self._tick < self._copy_tick < tick:
            tick = self._copy_tick
        if self._idle_since + SEAL_AFTER_MS < tick and self._may_seal():
            tick = self._idle_since + SEAL_AFTER_MS
        return tick

    def stop(self) -> None:
        if self.state in (State.OPEN, State.OWNED):
            self._become(State.STOPPING)

    def _step(self, tick: int) -> None:
        self.pool.active = self.hot.segments[-1] if self.hot.segments else None
        error = self._space.step(tick)
        if error is not None:
            self._fail(error)
            return
        self.pool.step(tick)
        if self._space.is_full != self._is_full:
            self._is_full = self._space.is_full
            self._listener.full(self._is_full)
        if self.state is State.STOPPING:
            self._finish()
        elif tick >= self._idle_since + SEAL_AFTER_MS and self._may_seal():
            self._begin_seal(SEAL)

    # Sealing and stopping.

    def _may_seal(self) -> bool:
        return self.ready and not (self._is_sealed or self._is_sealing or self._is_reserved)

    def _begin_seal(self, flags: int) -> None:
        """A seal says that all before it is on the disk: what was not waited for must get there."""
        self._is_sealing = True
        start(self._sync_all(), partial(self._seal, flags), self._fail)

    def _sync_all(self) -> Task[None]:
        while self.hot.unsynced:
            segment = self.hot.unsynced.pop()
            yield from moved(partial(self._disk.sync, segment.file))

    def _seal(self, flags: int, _: None) -> None:
        self._is_sealing = False
        was_used = self.hot.outstanding is not None or self.hot.unsynced
        if not was_used and (flags & CLEAN or not self._is_reserved):
            self._is_sealed = True
            self._append_control(flags)

    def _append_control(self, flags: int) -> None:
        self.hot.append(self._control.buffer, 0, 0, 0, flags=flags, epoch=self.last_epoch)

    def _finish(self) -> None:
        if self.hot.outstanding is not None or self.cold.outstanding is not None:
            return
        if self._is_sealing:
            return
        if self._token is None or self._is_closed:
            self._become(State.STOPPED)
            self._listener.stopped()
        else:
            self._is_closed = True
            self._begin_seal(SEAL | CLEAN)

    # What is called when the disk has answered.

    def _appended(self, number: int) -> None:
        if self.state is not State.FAILED:
            self._idle_since = self._tick
            self._listener.durable_up_to(number)

    def _copied(self, number: int) -> None:
        if self.state is State.FAILED:
            return
        for key in self._frees:
            self.set_live_bytes(key, 0)
        self._frees = ()
        self._listener.copied(number)

    def _fail(self, error: LogError) -> None:
        if self.state is not State.FAILED:
            self._become(State.FAILED)
            self._listener.failed(str(error))

    def _become(self, state: State) -> None:
        if state not in MAY_BECOME[self.state]:
            raise InvariantError(f"a log that is {self.state.value} becomes {state.value}")
        self.state = state

    def _stream_of(self, number: int) -> Stream:
        return self.cold if number >= COLD else self.hot
