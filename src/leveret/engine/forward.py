"""Copies what lives among much that is dead to another stream of the log, so that the old can go.

    log chunks   | . . a . | . b . . | . . . a |      gather: live records, into the arena
    arena        a b a            sorted by queue: a a b
    copies       | head | a a b |                     a batch for the log, and when that has it:
    queues       told the new place; the old chunks have fewer references, at last none

A record is copied as it is, for all of its queues, also for those that have let go of it: what is
said of them is in the log behind it, or is said again (gone_runs of an index). Guests of a record
that has moved have another home.

A few megabytes are gathered at a time, so that what one queue will deliver lies together.
"""

from __future__ import annotations

try:
    import cython
except ImportError:
    from leveret._cython_compat import cython

from leveret.engine.buffer import Buffer
from leveret.engine.chunk import Chunk
from leveret.engine.errors import InvariantError
from leveret.engine.journal import Batch
from leveret.engine.log_order import LogOrder
from leveret.engine.queue import Queue
from leveret.engine.recall import Reading
from leveret.engine.records import Records

if cython.compiled:
    from cython.cimports.leveret.engine.buffer import Buffer
    from cython.cimports.leveret.engine.chunk import CHUNK_BYTES, GUESTS, OF_LOG, Chunk
    from cython.cimports.leveret.engine.journal import Batch
    from cython.cimports.leveret.engine.log_order import LogOrder
    from cython.cimports.leveret.engine.queue import Queue, named_queue
    from cython.cimports.leveret.engine.recall import Reading
    from cython.cimports.leveret.engine.records import (
        BATCH_HEAD_BYTES,
        BODY_LENGTH,
        HEAD_BYTES,
        LENGTH,
        TARGET_BYTES,
        TARGETS,
        Records,
        next_message,
    )
else:
    from leveret.engine.chunk import CHUNK_BYTES, GUESTS, OF_LOG
    from leveret.engine.queue import named_queue
    from leveret.engine.records import (
        BATCH_HEAD_BYTES,
        BODY_LENGTH,
        HEAD_BYTES,
        LENGTH,
        TARGET_BYTES,
        TARGETS,
        next_message,
    )

OFFSET_BITS = cython.declare(cython.int, 24)
OFFSET_MASK = cython.declare(cython.ulonglong, 0xFFFFFF)
LOCATION_MASK = cython.declare(cython.ulonglong, 0x00FFFFFFFFFFFFFF)
NUMBER_SHIFT = cython.declare(cython.int, 32)
NUMBER_MASK = cython.declare(cython.ulonglong, 0xFFFFFFFF)
# Gathered at a time: with a thousand queues, 8 KB of each lie together then.
ARENA_BYTES = 8 * 1024 * 1024
# And so many messages: they are sorted in 2 ms.
GATHERED_MAX = cython.declare(cython.Py_ssize_t, 16384)
# Of records in one batch: appends wait for it.
COPY_BYTES = 256 * 1024 - 4096


class Forward:
    """Of the shard whose `records` and `queues` these are.

    `order` are the chunks of copies. `is_used`: there have been copies. `is_reading`: what lives
    of a chunk is not known before the log has been read. `arena_bytes` are gathered at a time, and
    copied in batches of `copy_bytes`, into chunks of `chunk_bytes`.
    """

    def __init__(self, records: Records, queues: list) -> None:
        self.records = records
        self.queues = queues
        self.order = LogOrder()
        self.is_used = False
        self.is_reading = False
        self.arena_bytes = ARENA_BYTES
        self.copy_bytes = COPY_BYTES
        self.chunk_bytes = CHUNK_BYTES
        self.chunk = cython.cast(Chunk, None)
        self.arena = cython.cast(Buffer, None)
        self.arena_used = 0
        self.keys: list[int] = []  # queue's number << 32 | index in found
        self.found: list[tuple[int, int, int]] = []  # location, offset in the arena, length
        self.next_key = 0
        self.under_way = cython.cast(Batch, None)
        self.moves: list[tuple[int, int]] = []  # old location, new offset

    # -- gathering

    @property
    def has_enough(self) -> bool:
        """No more is to be gathered before this is copied."""
        return self.arena_used >= self.arena_bytes or len(self.keys) >= GATHERED_MAX

    @property
    def has_some(self) -> bool:
        """Something was gathered, and is not copied yet."""
        return self.next_key < len(self.keys) or self.under_way is not None

    def gather_from(self, chunk: Chunk) -> None:
        """Gathers what lives in a log chunk, at once or when the log has been read."""
        if self.is_reading or self.next_key > 0 or self.under_way is not None:
            raise InvariantError("what was gathered is being copied")
        if chunk.buffer is not None:
            self.gather(chunk, chunk.buffer)
            return
        self.is_reading = True
        reading = Reading(chunk, 0, chunk.used, self.records.memory.buffer(chunk.used), 0, [])
        reading.for_copy = True
        self.records.log.read(reading)

    def arrived(self, reading: Reading, complete: bool) -> None:
        """The log has been read; if it could not be, the chunk's turn comes again."""
        self.is_reading = False
        if complete and reading.chunk.references > 0:
            self.gather(reading.chunk, reading.buffer)
        self.records.memory.drop(reading.buffer)

    def gather(self, source: Chunk, buffer: Buffer) -> cython.int:
        begin: cython.ulonglong = cython.cast(cython.ulonglong, source.number) << OFFSET_BITS
        at: cython.Py_ssize_t = next_message(buffer, 0, source.used)
        length: cython.Py_ssize_t
        number: cython.Py_ssize_t
        while at < source.used:
            length = buffer.u32(at + LENGTH)
            number = self.holder(buffer, at, begin + at)
            if number >= 0:
                self.keep(buffer, at, length, number, begin + at)
            at = next_message(buffer, at + length, source.used)
        return 0

    def holder(
        self, buffer: Buffer, at: cython.Py_ssize_t, location: cython.ulonglong
    ) -> cython.Py_ssize_t:
        """The number of the first queue that refers to a record; -1: none does."""
        named: cython.Py_ssize_t = at + HEAD_BYTES
        after: cython.Py_ssize_t = named + TARGET_BYTES * buffer.u32(at + TARGETS)
        queue: Queue | None
        while named < after:
            queue = named_queue(self.queues, buffer.u32(named + 4))
            if queue is not None and queue.identity == buffer.u64(named):
                if self.refers(queue.index.entry(buffer.u64(named + 8)), location):
                    return queue.number
            named += TARGET_BYTES
        return -1

    def refers(self, entry: cython.ulonglong, location: cython.ulonglong) -> cython.bint:
        """Whether an index entry leads to that record, or to a guest that is at home there."""
        here: cython.ulonglong = entry & LOCATION_MASK
        chunk: Chunk
        if entry == 0:
            return False
        if here == location:
            return True
        chunk = self.records.chunk_of(here)
        return chunk.kind == GUESTS and self.records.home_of(chunk, here & OFFSET_MASK) == location

    def keep(
        self,
        buffer: Buffer,
        at: cython.Py_ssize_t,
        length: cython.Py_ssize_t,
        number: cython.Py_ssize_t,
        location: cython.ulonglong,
    ) -> cython.int:
        """Puts a record into the arena."""
        larger: Buffer
        needed: cython.Py_ssize_t = self.arena_used + length
        if self.arena is None:
            usual: cython.Py_ssize_t = self.arena_bytes + self.chunk_bytes
            self.arena = self.records.memory.buffer(max(usual, needed))
        if needed > self.arena.size:
            larger = self.records.memory.buffer(needed)
            larger.copy(0, self.arena, 0, self.arena_used)
            self.records.memory.drop(self.arena)
            self.arena = larger
        self.arena.copy(self.arena_used, buffer, at, length)
        self.keys.append(
            cython.cast(cython.ulonglong, number) << NUMBER_SHIFT
            | cython.cast(cython.ulonglong, len(self.found))
        )
        self.found.append((location, self.arena_used, length))
        self.arena_used = needed
        return 0

    # -- copying

    def take_batch(self) -> Batch | None:
        """The next copies, for the log; None: there are none, or some are on their way."""
        count: cython.Py_ssize_t = 0
        total: cython.Py_ssize_t = 0
        start: cython.Py_ssize_t
        location: cython.ulonglong
        offset: cython.Py_ssize_t
        length: cython.Py_ssize_t
        if self.under_way is not None or self.next_key == len(self.keys):
            return None
        if self.next_key == 0:
            self.keys.sort()
        while self.next_key + count < len(self.keys):
            _, _, length = self.found[self.keys[self.next_key + count] & NUMBER_MASK]
            if count > 0 and total + length > self.copy_bytes:
                break
            total += length
            count += 1
        self.room(total)
        start = self.chunk.used
        self.chunk.used += BATCH_HEAD_BYTES
        for key in self.keys[self.next_key : self.next_key + count]:
            location, offset, length = self.found[key & NUMBER_MASK]
            self.moves.append((location, self.chunk.used))
            self.chunk.buffer.copy(self.chunk.used, self.arena, offset, length)
            self.chunk.used += length
        self.next_key += count
        self.chunk.batches_under_way += 1
        self.is_used = True
        self.under_way = Batch(0, self.chunk, start, self.chunk.used, count)
        return self.under_way

    def room(self, length: cython.Py_ssize_t) -> cython.int:
        """For a batch of so many bytes of records, in the chunk that is being filled."""
        needed: cython.Py_ssize_t = length + BATCH_HEAD_BYTES
        full: Chunk = self.chunk
        if full is not None and full.used + needed <= full.size:
            return 0
        self.chunk = self.records.open_chunk(max(self.chunk_bytes, needed), OF_LOG)
        self.order.add(self.chunk)
        if full is not None:
            self.records.complete_log_chunk(full)
        return 0

    def copied(self) -> None:
        """The log has the batch that was taken last."""
        batch: Batch = self.under_way
        self.under_way = cython.cast(Batch, None)
        for old, at in self.moves:
            self.relocate(batch.chunk, old, at)
        self.moves.clear()
        batch.chunk.batches_under_way -= 1
        self.records.forget_if_done(batch.chunk)
        if self.next_key == len(self.keys):
            self.keys.clear()
            self.found.clear()
            self.next_key = 0
            self.arena_used = 0

    def rest(self) -> None:
        """There is nothing to copy for now."""
        if self.arena is not None and not self.has_some:
            self.records.memory.drop(self.arena)
            self.arena = cython.cast(Buffer, None)

    def relocate(self, chunk: Chunk, old: cython.ulonglong, at: cython.Py_ssize_t) -> cython.int:
        """All who refer to a record that was copied refer to the copy."""
        buffer: Buffer = chunk.buffer
        new: cython.ulonglong = (cython.cast(cython.ulonglong, chunk.number) << OFFSET_BITS) + at
        named: cython.Py_ssize_t = at + HEAD_BYTES
        after: cython.Py_ssize_t = named + TARGET_BYTES * buffer.u32(at + TARGETS)
        held: cython.Py_ssize_t = 0
        body_length: cython.Py_ssize_t = buffer.u32(at + BODY_LENGTH)
        source: Chunk
        queue: Queue | None
        while named < after:
            queue = named_queue(self.queues, buffer.u32(named + 4))
            if queue is not None and queue.identity == buffer.u64(named):
                held += self.move(queue, buffer.u64(named + 8), old, new, body_length)
            named += TARGET_BYTES
        chunk.message_count += 1
        chunk.references += held
        chunk.references_at_first += held
        if held > 0:
            source = self.records.chunk_of(old)
            source.references -= held - 1
            self.records.release_logged(source)
        return 0

    def move(
        self,
        queue: Queue,
        position: cython.ulonglong,
        old: cython.ulonglong,
        new: cython.ulonglong,
        body_length: cython.Py_ssize_t,
    ) -> cython.bint:
        """Whether the queue did refer to the old place; it refers to the new one now."""
        entry: cython.ulonglong = queue.index.entry(position)
        here: cython.ulonglong = entry & LOCATION_MASK
        at: cython.Py_ssize_t = here & OFFSET_MASK
        chunk: Chunk
        if not self.refers(entry, old) and not self.refers(entry, new):
            return False
        if here == old:
            queue.index.relocate(position, old, new)
            queue.weigh(position, body_length)
            return True
        chunk = self.records.chunk_of(here)  # of a guest, which may be another queue's, too
        chunk.buffer.put_u64(at + chunk.buffer.u32(at + LENGTH) - 8, new)
        return True

    # -- at a start

    def adopt(
        self,
        number: cython.ulonglong,
        position: cython.ulonglong,
        source: Buffer,
        start: cython.Py_ssize_t,
        length: cython.Py_ssize_t,
    ) -> Chunk:
        """A batch of copies comes from its position in the log; it ends the chunk returned."""
        self.is_used = True
        self.room(length - BATCH_HEAD_BYTES)
        self.chunk.adopt(number, position, source, start, length)
        return self.chunk
