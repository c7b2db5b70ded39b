"""Which records of the log are in memory: whole log chunks, and guests of those that have left.

    log chunk in memory   ---- evicted: the log has it ---->   not in memory
                                                                 |      ^
                                    guest, in a chunk of guests <+      |
                                      |                  recall.py      |
                                      +-- sent home: its queues are ----+
                                          told the old place again

The log was written from these chunks, so that they leave without being written anywhere. A record
comes back, to be delivered, as a copy that knows its home: where it stands in the log's chunk,
which goes on counting who refers to it. Therefore a guest may leave at any time.

What is about to be delivered stays, up to twice the limit; of the rest the oldest leave first.
"""

from __future__ import annotations

try:
    import cython
except ImportError:
    from leveret._cython_compat import cython

from leveret.engine.buffer import Buffer
from leveret.engine.chunk import Chunk
from leveret.engine.moves import Moves
from leveret.engine.nearness import Nearness
from leveret.engine.records import Records

if cython.compiled:
    from cython.cimports.leveret.engine.buffer import Buffer
    from cython.cimports.leveret.engine.chunk import GUESTS, Chunk
    from cython.cimports.leveret.engine.moves import Moves
    from cython.cimports.leveret.engine.nearness import Nearness
    from cython.cimports.leveret.engine.records import (
        INVITED,
        LENGTH,
        REFERENCES,
        Records,
    )
else:
    from leveret.engine.chunk import GUESTS
    from leveret.engine.records import (
        INVITED,
        LENGTH,
        REFERENCES,
    )

OFFSET_BITS = cython.declare(cython.int, 24)
OFFSET_MASK = cython.declare(cython.ulonglong, 0xFFFFFF)
# The home of a guest, behind its record.
HOME_BYTES = cython.declare(cython.Py_ssize_t, 8)
# What stays of the log, in a backlog: the page cache of the system has the rest, and gives it back
# at a gigabyte in a second.
LOG_BYTES_MAX = 24 * 1024 * 1024
# More than recall.py asks for ahead of all consumers, for what they do not need now is among it.
GUEST_BYTES_MAX = 64 * 1024 * 1024
# From so many times as much on, what is near leaves, too: with very many queues each chunk may have
# something that is near to the head of one of them. It comes back in time, which costs a read.
NEAR_TIMES = cython.declare(cython.Py_ssize_t, 2)
# Chunks looked at in one turn: up to a millisecond.
LOOK_MAX = cython.declare(cython.Py_ssize_t, 64)


class Guests:
    """Of the shard whose `records` these are; two measures of what is near, for two limits."""

    def __init__(
        self,
        records: Records,
        moves: Moves,
        nearness: Nearness,
        guests_nearness: Nearness,
    ) -> None:
        self.records = records
        self.moves = moves
        self.nearness = nearness
        self.guests_nearness = guests_nearness
        self.log_bytes_max = LOG_BYTES_MAX
        self.guest_bytes_max = GUEST_BYTES_MAX

    def invite(
        self,
        source: Buffer,
        at: cython.Py_ssize_t,
        length: cython.Py_ssize_t,
        home: cython.ulonglong,
        guest: cython.ulonglong,
    ) -> cython.ulonglong:
        """One queue more refers to a guest that was read; returns its location.

        Where there is none yet (0), the record is copied.
        """
        records: Records = self.records
        whole: cython.Py_ssize_t = length + HOME_BYTES
        used: cython.Py_ssize_t
        chunk: Chunk
        if guest > 0:
            chunk = records.chunk_of(guest)
            used = guest & OFFSET_MASK
            chunk.buffer.put_u32(used + REFERENCES, chunk.buffer.u32(used + REFERENCES) + 1)
            return guest
        chunk = records.room_beside(INVITED, whole)
        used = chunk.used
        chunk.buffer.copy(used, source, at, length)
        chunk.buffer.put_u64(used + LENGTH, cython.cast(cython.ulonglong, whole) << 32 | 1)
        chunk.buffer.put_u64(used + length, home)
        chunk.used = used + whole
        chunk.live_bytes += whole
        records.live_count += 1
        return (cython.cast(cython.ulonglong, chunk.number) << OFFSET_BITS) + used

    def has_to_evict(self) -> cython.bint:
        """There is more in memory than may be."""
        return (
            self.records.log_bytes > self.log_bytes_max
            or self.records.guest_bytes > self.guest_bytes_max
        )

    def evict(self) -> cython.int:
        """Has so much leave that no more stays than may, as far as it can. Once in a turn."""
        self.evict_log_chunks()
        return self.evict_guests()

    def evict_log_chunks(self) -> cython.int:
        records: Records = self.records
        looks: cython.Py_ssize_t = LOOK_MAX
        chunk: Chunk
        while records.log_bytes > self.log_bytes_max and looks > 0:
            chunk = records.log_by_age.oldest
            looks -= 1
            if (
                records.log_bytes <= NEAR_TIMES * self.log_bytes_max
                and self.nearness.is_near(chunk, self.log_bytes_max)
            ) or not records.evict(chunk):
                records.log_by_age.renew(chunk)
        return 0

    def evict_guests(self) -> cython.int:
        """They were invited because somebody is coming near to them: few leave before."""
        records: Records = self.records
        looks: cython.Py_ssize_t = LOOK_MAX
        chunk: Chunk
        while records.guest_bytes > self.guest_bytes_max and looks > 0:
            chunk = records.guests_by_age.oldest
            looks -= 1
            if (
                records.guest_bytes <= NEAR_TIMES * self.guest_bytes_max
                and self.guests_nearness.is_near(chunk, 2 * self.guest_bytes_max)
            ):
                records.guests_by_age.renew(chunk)
            else:
                self.send_home(chunk)
        return 0

    def send_all_home(self) -> None:
        """None is in memory any more, but in chunks that are about to be emptied: for tests."""
        chunk: Chunk | None
        self.records.beside[INVITED] = cython.cast(Chunk, None)
        for chunk in list(self.records.chunks):
            if chunk is not None and chunk.kind == GUESTS and not chunk.sparse:
                self.send_home(chunk)

    def send_home(self, chunk: Chunk) -> cython.int:
        """Empties a chunk of guests."""
        at: cython.Py_ssize_t = 0
        while at < chunk.used and chunk.live_bytes > 0:
            if chunk.buffer.u32(at + REFERENCES) > 0:
                self.send_record_home(chunk, at)
            at += chunk.buffer.u32(at + LENGTH)
        return self.records.close_chunk(chunk)

    def send_record_home(self, chunk: Chunk, at: cython.Py_ssize_t) -> cython.int:
        buffer: Buffer = chunk.buffer
        here: cython.ulonglong = (cython.cast(cython.ulonglong, chunk.number) << OFFSET_BITS) + at
        home: cython.ulonglong = self.records.home_of(chunk, at)
        self.moves.tell(buffer, at, here, home)
        chunk.live_bytes -= buffer.u32(at + LENGTH)
        self.records.live_count -= 1
        return 0
