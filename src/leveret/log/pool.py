"""Where the streams' segments come from, and where they go when nothing in them lives.

A new file is zeroed before it is used, because writing where nothing was written yet makes each
sync change the file's metadata, too, and takes twice as long. It is done ahead, in steps with a
pause between them, so that no append waits long behind one. A file that was written once needs
this never again: it changes its name and is another segment.

    nothing --create--> spare --zero, zero, ...--> spare --rename, sync--> hot or cold
                          ^                                                    |
                          +------------------------rename----------------------+
                          |                                       without live records
                          +--remove--> nothing, if there are enough

One of these is under way at a time. A stream that cannot wait gets what there is, zeroed or not.
"""

from __future__ import annotations

import errno
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from leveret.log.disk import Disk
from leveret.log.port import LogError
from leveret.log.segment import SPARE_NAME, Segment, segment_name
from leveret.log.task import DiskError, Task, moved, start

ZERO_STEP_BYTES: Final = 256 * 1024
"""An append waits a millisecond at most behind such a step."""
ZERO_STEP_MS: Final = 13
"""20 MB/s, which other work on the disk does not notice."""
SMALL_BATCH_BYTES: Final = 64 * 1024
"""Of larger ones the zeros would cost more than they save: the disk would write everything twice,
and a third fewer messages of 1 KB would be confirmed."""
SPARES_MAX: Final = 4
"""A few segments come free at once; more would keep space from others that was used only once."""
RETRY_MS: Final = 1_000
FULL_ERRORS: Final = {errno.ENOSPC, errno.EDQUOT}


@dataclass(slots=True, eq=False)
class Want:
    """A segment that a stream will need, under this name."""

    kind: str
    sequence: int
    done: Callable[[Segment], None]
    is_urgent: bool = False


class Pool:
    """`failed` is called for an error that is final.

    `may_grow`: whether there is space for new files; `is_blocked`: whether one was refused.
    `is_starved`: a batch waits for space, for which everything that is free is given away.
    `active`: the segment that is being appended to, which may be zeroed ahead, too.
    """

    def __init__(self, disk: Disk, segment_bytes: int, failed: Callable[[LogError], None]) -> None:
        self.spares: list[Segment] = []
        self.may_grow = True
        self.is_blocked = False
        self.is_starved = False
        self.active: Segment | None = None
        self._disk = disk
        self._segment_bytes = segment_bytes
        self._failed = failed
        self._wants: deque[Want] = deque()
        self._returned: deque[Segment] = deque()
        self._sequence = 0
        self._is_busy = False
        self._owed_bytes = 0
        self._zero_tick = 0
        self._retry_tick = 0

    def add_spare(self, segment: Segment) -> None:
        """One that was there at the start."""
        self.spares.append(segment)
        self._sequence = max(self._sequence, segment.sequence + 1)

    def want(self, kind: str, sequence: int, done: Callable[[Segment], None]) -> Want:
        """Have a segment made ready; `done` gets it."""
        want = Want(kind, sequence, done)
        self._wants.append(want)
        return want

    def give(self, segment: Segment) -> None:
        """Nothing in it lives."""
        self._returned.append(segment)

    def appended(self, count: int) -> None:
        """A batch was appended: of a small one, as much may be zeroed without a pause, to keep
        ahead."""
        if count <= SMALL_BATCH_BYTES:
            self._owed_bytes = min(self._owed_bytes + count, 4 * ZERO_STEP_BYTES)

    def step(self, tick: int) -> None:
        """Begin what is to be done next, if nothing is under way."""
        if not self._is_busy and (job := self._choose(tick)) is not None:
            self._is_busy = True
            start(job, self._done, self._refused)

    def deadline(self) -> int | None:
        if self._is_busy:
            return None
        if self.is_blocked:
            return self._retry_tick
        if not self.may_grow:
            return None
        return self._zero_tick if self._to_zero() is not None else None

    # What to do.

    def _choose(self, tick: int) -> Task[None] | None:
        if self._returned:
            return self._take_back(self._returned.popleft())
        if self.is_starved and self.spares:
            return self._remove(self.spares.pop())
        want = self._first_want() if self._wants else None
        if want is not None and (spare := self._best_spare(want)) is not None:
            return self._hand_out(want, spare)
        is_short = self.is_blocked or not self.may_grow
        if is_short and len(self.spares) > (want is not None):
            # Nothing is kept ahead then, and two halves would keep each other from being whole.
            return self._remove(self._take_least())
        return self._grow(tick, is_wanted=want is not None)

    def _grow(self, tick: int, *, is_wanted: bool) -> Task[None] | None:
        must_create = is_wanted and not self.spares
        segment = self._to_zero()
        if not must_create and segment is None:
            self.is_blocked = False  # there is no need any more
            return None
        if not self.may_grow or (self.is_blocked and tick < self._retry_tick):
            return None
        self._retry_tick = tick + RETRY_MS
        if must_create:
            return self._create()
        if segment is not None and self._may_zero(tick):
            return self._zero(segment)
        return None

    def _first_want(self) -> Want:
        return next((want for want in self._wants if want.is_urgent), self._wants[0])

    def _best_spare(self, want: Want) -> Segment | None:
        """One that is written, or any if it is urgent."""
        best = max(self.spares, key=lambda spare: spare.written, default=None)
        if best is None or (best.written < self._segment_bytes and not want.is_urgent):
            return None
        return best

    def _take_least(self) -> Segment:
        least = min(self.spares, key=lambda spare: spare.written)
        self.spares.remove(least)
        return least

    def _to_zero(self) -> Segment | None:
        if self.active is not None and self.active.written < self._segment_bytes:
            return self.active
        if not self._wants:
            return None
        return next((each for each in self.spares if each.written < self._segment_bytes), None)

    def _may_zero(self, tick: int) -> bool:
        if self._owed_bytes >= ZERO_STEP_BYTES:
            self._owed_bytes -= ZERO_STEP_BYTES
        elif tick < self._zero_tick:
            return False
        self._zero_tick = tick + ZERO_STEP_MS
        return True

    # How it is done.

    def _create(self) -> Task[None]:
        sequence = self._next_sequence()
        name = segment_name(SPARE_NAME, sequence)
        file = yield from moved(partial(self._disk.create, name))
        self.spares.append(Segment(SPARE_NAME, sequence, file, 0))
        self.is_blocked = False

    def _zero(self, segment: Segment) -> Task[None]:
        offset = segment.written
        count = min(ZERO_STEP_BYTES, self._segment_bytes - offset)
        # At once: appends that are submitted from now on come after it.
        segment.written = offset + count
        try:
            yield from moved(partial(self._disk.zero, segment.file, offset, count))
            yield from moved(partial(self._disk.sync, segment.file))
        except DiskError:
            segment.written = max(offset, segment.appended)
            raise
        self.is_blocked = False

    def _hand_out(self, want: Want, spare: Segment) -> Task[None]:
        self.spares.remove(spare)
        self._wants.remove(want)
        new_name = segment_name(want.kind, want.sequence)
        try:
            yield from moved(partial(self._disk.rename, spare.name, new_name))
        except DiskError:
            self.spares.append(spare)
            self._wants.appendleft(want)
            raise
        spare.rename(want.kind, want.sequence)
        yield from moved(partial(self._disk.sync_names))
        want.done(spare)

    def _take_back(self, segment: Segment) -> Task[None]:
        if len(self.spares) >= SPARES_MAX or self.is_starved:
            yield from self._remove(segment)
            return
        sequence = self._next_sequence()
        new_name = segment_name(SPARE_NAME, sequence)
        try:
            yield from moved(partial(self._disk.rename, segment.name, new_name))
        except DiskError:
            self._returned.appendleft(segment)
            raise
        segment.rename(SPARE_NAME, sequence)
        self.spares.append(segment)

    def _remove(self, segment: Segment) -> Task[None]:
        yield from moved(partial(self._disk.remove, segment.name))
        self._disk.close_file(segment.file)
        segment.file = -1

    def _next_sequence(self) -> int:
        self._sequence += 1
        return self._sequence

    def _done(self, _: None) -> None:
        self._is_busy = False

    def _refused(self, error: LogError) -> None:
        self._is_busy = False
        if isinstance(error, DiskError) and error.error in FULL_ERRORS:
            self.is_blocked = True
        else:
            self._failed(error)
