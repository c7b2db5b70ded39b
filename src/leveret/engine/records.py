"""Where messages are: records in chunks of memory that are shared by all queues of a shard.

A message is one record, whatever the number of queues that hold it; queues hold its location,
chunk number << 24 | offset. A record:

     0 u32  length of the whole, a multiple of 8
     4 u32  references: the queues that still hold it; 0 = dead.  In a log chunk: u8 kind, zeros
     8 u64  arrival, ms              16 u64  expiry, ms; 0 = never
    24 u32  body length              28 u32  properties length
    32 u16  names length             34 u8   protocol of properties and body
    35 u8   priority                 36 u32  targets
    40 targets: u64 queue's identity, u64 position, each
       names: exchange and routing key as two short strings
       properties, body: as they came, opaque

A chunk whose records are all dead is used again, the one being written at once and from its
start: traffic that is consumed as it comes stays within the processor's cache. A chunk with less
than a quarter of its bytes alive is emptied by copying what lives into a chunk kept for such
survivors, so that one message that stays pins itself and not a megabyte. A record too large to
share has a chunk of its own.

A chunk may leave memory, under its number, so that locations hold:

    resident ---spill.py---> being written ---kept---> stored
     ^   ^                        |                      |
     |   +---- refused, or hardly anything lives --------+--- recall.py: record by record,
     |                                                        to another resident chunk
     +--- a record's own chunk comes back as a whole

Of a stored chunk it is known how many index entries lead to it, not to which of its records: to
settle a message counts them down, and at 0 the store forgets the chunk. Chunks that are not
written to any more stand in a list by age, for those who look for something to store.

What the log keeps lies in log chunks, which are what the log is written from (journal.py). Nothing
in them may change, so they count references as a whole; which record lives the queues know. They
leave memory without being written again, and their records come back as guests (guests.py).
"""

from __future__ import annotations

from typing import Any

try:
    import cython
except ImportError:
    from leveret._cython_compat import cython

from leveret.engine.buffer import Buffer
from leveret.engine.chunk import ByAge, Chunk
from leveret.engine.errors import InvariantError
from leveret.engine.memory import Memory

if cython.compiled:
    from cython.cimports.leveret.engine.buffer import Buffer
    from cython.cimports.leveret.engine.chunk import (
        CHUNK_BYTES,
        GUESTS,
        OF_LOG,
        ORDINARY,
        ByAge,
        Chunk,
    )
    from cython.cimports.leveret.engine.memory import Memory
else:
    from leveret.engine.chunk import CHUNK_BYTES, GUESTS, OF_LOG, ORDINARY

    LENGTH = 0
    REFERENCES = 4
    KIND = 4
    ARRIVAL = 8
    EXPIRY = 16
    BODY_LENGTH = 24
    PROPERTIES_LENGTH = 28
    NAMES_LENGTH = 32
    PROTOCOL = 34
    PRIORITY = 35
    TARGETS = 36
    HEAD_BYTES = 40
    TARGET_BYTES = 16
    ENQUEUE = 1
    BATCH_HEAD_BYTES = 48
    # What a batch begins with in the log, where a record has its length: none is so long.
    BATCH_MAGIC = 0x4C565242
    # What a chunk is for that is not for new messages.
    SURVIVORS = 0
    RETURNED = 1
    INVITED = 2

OFFSET_BITS = cython.declare(cython.int, 24)
OFFSET_MASK = cython.declare(cython.ulonglong, 0xFFFFFF)
# A larger record would waste too much of a chunk's end.
SHARED_RECORD_BYTES_MAX = cython.declare(cython.Py_ssize_t, 1 << 18)
# 16 MiB kept against the next burst; more goes back to the system.
SPARE_CHUNKS_MAX = cython.declare(cython.Py_ssize_t, 16)


def record_bytes(
    targets: cython.Py_ssize_t,
    names_length: cython.Py_ssize_t,
    properties_length: cython.Py_ssize_t,
    body_length: cython.Py_ssize_t,
) -> cython.Py_ssize_t:
    """How long a record is."""
    used: cython.Py_ssize_t = (
        HEAD_BYTES + TARGET_BYTES * targets + names_length + properties_length + body_length
    )
    return (used + 7) & ~7


def next_message(
    buffer: Buffer, at: cython.Py_ssize_t, end: cython.Py_ssize_t
) -> cython.Py_ssize_t:
    """Where the first message is of those that begin at `at` of a log chunk or behind it.

    What begins there is a record or a batch's head. `end`: there is none before it.
    """
    length: cython.Py_ssize_t
    while at + 8 <= end:
        length = buffer.u32(at + LENGTH)
        if length == BATCH_MAGIC:
            at += BATCH_HEAD_BYTES
        elif buffer.u8(at + KIND) == ENQUEUE:
            return at
        elif length < 16:
            raise InvariantError("a log chunk has something else than records")
        else:
            at += length
    return end


class Records:
    """All records of one shard. Which chunk is where is nobody else's business.

    `live_count` are the records in memory, `stored_count` and `stored_bytes` the chunks that are
    not. `sparse` chunks wait to be emptied, `thin` ones are stored ones that might be.
    """

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        self.chunks: list[Chunk | None] = []
        self.free_numbers: list[int] = []
        self.spare: list[Buffer] = []
        self.sparse: list[Chunk] = []
        self.thin: list[Chunk] = []
        self.live_count = 0
        self.memory_bytes = 0
        self.stored_count = 0
        self.stored_bytes = 0
        self.store: Any = None  # a Store, which imports this module
        self.log: Any = None  # a LogReader, likewise
        self.by_age = ByAge()
        self.log_by_age = ByAge()
        self.log_bytes = 0
        self.guests_by_age = ByAge()
        self.guest_bytes = 0
        self.current = self.open_chunk(CHUNK_BYTES, ORDINARY)
        self.beside: list[Chunk | None] = [None, None, None]
        self.written = self.current.buffer
        self.next_target = 0

    def append(
        self,
        chunk: Chunk,
        length: cython.Py_ssize_t,
        names: Buffer,
        names_length: cython.Py_ssize_t,
        properties: Buffer,
        properties_length: cython.Py_ssize_t,
        body: Buffer,
        body_offset: cython.Py_ssize_t,
        body_length: cython.Py_ssize_t,
        targets: cython.Py_ssize_t,
        arrival: cython.ulonglong,
        priority: cython.int,
    ) -> cython.ulonglong:
        """Writes a message for `targets` queues, still to be named; returns its location.

        `chunk` has room for its `length`, which is that of record_bytes().
        """
        at: cython.Py_ssize_t = chunk.used
        offset: cython.Py_ssize_t = at
        buffer: Buffer = chunk.buffer
        if chunk.kind == OF_LOG:
            buffer.put_u64(at + length - 8, 0)  # nothing of another message may get to the disk
            buffer.put_u64(at + LENGTH, cython.cast(cython.ulonglong, length) << 32 | ENQUEUE << 24)
            chunk.references += targets
            chunk.references_at_first += targets
            chunk.message_count += 1
        else:
            buffer.put_u64(at + LENGTH, cython.cast(cython.ulonglong, length) << 32 | targets)
            chunk.live_bytes += length
            self.live_count += 1
        buffer.put_u64(at + ARRIVAL, arrival)
        buffer.put_u64(at + EXPIRY, 0)
        buffer.put_u64(
            at + BODY_LENGTH, cython.cast(cython.ulonglong, body_length) << 32 | properties_length
        )
        buffer.put_u64(
            at + NAMES_LENGTH,
            cython.cast(cython.ulonglong, names_length) << 48
            | cython.cast(cython.ulonglong, priority & 0xFF) << 32
            | targets,
        )
        offset += HEAD_BYTES + TARGET_BYTES * targets
        buffer.copy(offset, names, 0, names_length)
        offset += names_length
        buffer.copy(offset, properties, 0, properties_length)
        offset += properties_length
        buffer.copy(offset, body, body_offset, body_length)
        chunk.used = at + length
        self.written = buffer
        self.next_target = at + HEAD_BYTES
        return (cython.cast(cython.ulonglong, chunk.number) << OFFSET_BITS) + at

    def add_target(self, queue: cython.ulonglong, position: cython.ulonglong) -> cython.int:
        """Says of the record that was just written which queue holds it, and where."""
        self.written.put_u64(self.next_target, queue)
        self.written.put_u64(self.next_target + 8, position)
        self.next_target += TARGET_BYTES
        return 0

    def chunk_of(self, location: cython.ulonglong) -> Chunk:
        chunk: Chunk = self.chunks[cython.cast(cython.Py_ssize_t, location >> OFFSET_BITS)]
        if chunk is None:
            raise InvariantError("a location outlived its chunk")
        return chunk

    def release(self, location: cython.ulonglong) -> cython.int:
        """One queue less holds the record; the last one frees it."""
        return self.release_in(self.chunk_of(location), location & OFFSET_MASK)

    def release_in(self, chunk: Chunk, at: cython.Py_ssize_t) -> cython.int:
        references: cython.Py_ssize_t
        if chunk.kind != ORDINARY:
            if chunk.kind == OF_LOG:
                return self.release_logged(chunk)
            self.release_logged(self.chunk_of(self.home_of(chunk, at)))
        if chunk.buffer is None:
            return self.release_stored(chunk, 1)
        references = chunk.buffer.u32(at + REFERENCES)
        if references == 0:
            raise InvariantError("a dead record was released")
        chunk.buffer.put_u32(at + REFERENCES, references - 1)
        if references == 1:
            chunk.live_bytes -= chunk.buffer.u32(at + LENGTH)
            self.live_count -= 1
            if chunk.live_bytes == 0:
                self.emptied(chunk)
            elif not chunk.sparse and chunk.live_bytes < chunk.used >> 2:
                self.thinned(chunk)
        return 0

    def release_logged(self, chunk: Chunk) -> cython.int:
        if chunk.references == 0:
            raise InvariantError("a dead record was released")
        chunk.references -= 1
        if chunk.references == 0:
            self.forget_if_done(chunk)
        return 0

    def forget_if_done(self, chunk: Chunk) -> cython.int:
        """A log chunk that nobody refers to goes, once all of it is durable; others may leave."""
        if not chunk.complete or chunk.batches_under_way > 0:
            return 0
        if chunk.references == 0:
            self.close_chunk(chunk)
        elif chunk.buffer is not None and not chunk.aged:
            self.enter(chunk)
        return 0

    def emptied(self, chunk: Chunk) -> cython.int:
        if chunk.open:
            chunk.used = 0
        elif not chunk.sparse and not chunk.writing:
            self.close_chunk(chunk)
        return 0

    def thinned(self, chunk: Chunk) -> cython.int:
        if not chunk.open and not chunk.writing:
            self.leave(chunk)
            chunk.sparse = True
            self.sparse.append(chunk)
        return 0

    def room(self, length: cython.Py_ssize_t) -> Chunk:
        """A chunk with so much room behind its last record."""
        full: Chunk = self.current
        if full.used + length <= full.buffer.size:
            return full
        if length > SHARED_RECORD_BYTES_MAX:
            return self.own_chunk(length)
        self.current = self.open_chunk(CHUNK_BYTES, ORDINARY)
        self.retire(full)
        return self.current

    def retire(self, chunk: Chunk) -> cython.int:
        """No more is written to it: it may be empty or sparse already."""
        chunk.open = False
        if chunk.live_bytes == 0:
            self.close_chunk(chunk)
        elif chunk.live_bytes < chunk.used >> 2:
            self.thinned(chunk)
        else:
            self.enter(chunk)
        return 0

    def own_chunk(self, length: cython.Py_ssize_t) -> Chunk:
        """For one record that is too large to share."""
        chunk: Chunk = self.open_chunk(length, ORDINARY)
        chunk.open = False
        self.enter(chunk)
        return chunk

    def open_chunk(self, size: cython.Py_ssize_t, kind: cython.int) -> Chunk:
        buffer: Buffer
        chunk: Chunk
        if size == CHUNK_BYTES and self.spare:
            buffer = self.spare.pop()
        else:
            buffer = self.memory.buffer(size)
            self.memory_bytes += size
        if self.free_numbers:
            chunk = Chunk(self.free_numbers.pop(), buffer, kind)
            self.chunks[chunk.number] = chunk
        else:
            chunk = Chunk(len(self.chunks), buffer, kind)
            self.chunks.append(chunk)
        return chunk

    def complete_log_chunk(self, chunk: Chunk) -> cython.int:
        """No more is written to it."""
        chunk.open = False
        chunk.complete = True
        return self.forget_if_done(chunk)

    def close_chunk(self, chunk: Chunk) -> cython.int:
        self.leave(chunk)
        if chunk.buffer is not None:
            self.drop_buffer(chunk)
        return self.free_number(chunk)

    def free_number(self, chunk: Chunk) -> cython.int:
        self.chunks[chunk.number] = None
        self.free_numbers.append(chunk.number)
        return 0

    def drop_buffer(self, chunk: Chunk) -> cython.int:
        if chunk.buffer is self.written:  # a large record's own, which would stay for ever
            self.written = self.current.buffer
        if (
            chunk.size == CHUNK_BYTES
            and len(self.spare) < SPARE_CHUNKS_MAX
            and not self.memory.is_tight()
        ):
            self.spare.append(chunk.buffer)
        else:
            self.drop(chunk.buffer)
        chunk.buffer = cython.cast(Buffer, None)
        return 0

    def drop(self, buffer: Buffer) -> cython.int:
        self.memory_bytes -= buffer.size
        return self.memory.drop(buffer)

    def drop_spare(self) -> None:
        """Keeps nothing for later."""
        buffer: Buffer
        for buffer in self.spare:
            self.drop(buffer)
        self.spare.clear()

    def enter(self, chunk: Chunk) -> cython.int:
        """The youngest of its list by age."""
        if chunk.kind == ORDINARY:
            return self.by_age.enter(chunk)
        if chunk.kind == GUESTS:
            self.guest_bytes += chunk.size
            return self.guests_by_age.enter(chunk)
        self.log_bytes += chunk.size
        return self.log_by_age.enter(chunk)

    def leave(self, chunk: Chunk) -> cython.int:
        """Not in its list by age any more, if it was."""
        if chunk.kind == ORDINARY:
            return self.by_age.leave(chunk)
        if chunk.kind == GUESTS:
            self.guest_bytes -= chunk.size if chunk.aged else 0
            return self.guests_by_age.leave(chunk)
        self.log_bytes -= chunk.size if chunk.aged else 0
        return self.log_by_age.leave(chunk)

    def room_beside(self, purpose: cython.int, length: cython.Py_ssize_t) -> Chunk:
        """A chunk with so much room, of those that are not for new messages.

        What survives in sparse chunks, what comes back from the store, and what comes back from
        the log are each together, for they will leave together.
        """
        full: Chunk = self.beside[purpose]
        chunk: Chunk
        if full is not None and full.used + length <= full.buffer.size:
            return full
        chunk = self.open_chunk(
            max(CHUNK_BYTES, length), GUESTS if purpose == INVITED else ORDINARY
        )
        self.beside[purpose] = chunk
        if full is not None:
            self.retire(full)
        return chunk

    def move(self, chunk: Chunk, at: cython.Py_ssize_t) -> cython.ulonglong:
        """Copies a live record of a sparse chunk to the survivors; returns its new location."""
        length: cython.Py_ssize_t = chunk.buffer.u32(at + LENGTH)
        target: Chunk = self.room_beside(SURVIVORS, length)
        location: cython.ulonglong = (
            cython.cast(cython.ulonglong, target.number) << OFFSET_BITS
        ) + target.used
        target.buffer.copy(target.used, chunk.buffer, at, length)
        target.used += length
        target.live_bytes += length
        chunk.live_bytes -= length
        return location

    # -- what is stored

    def to_store(self, chunk: Chunk) -> cython.int:
        """The store has it: its memory is free."""
        buffer: Buffer = chunk.buffer
        at: cython.Py_ssize_t = 0
        count: cython.Py_ssize_t = 0
        live: cython.Py_ssize_t = 0
        references: cython.Py_ssize_t = 0
        here: cython.Py_ssize_t
        while at < chunk.used:
            here = buffer.u32(at + REFERENCES)
            references += here
            live += here > 0
            count += 1
            at += buffer.u32(at + LENGTH)
        chunk.references = references
        chunk.references_at_first = references
        chunk.record_bytes = chunk.used // count
        chunk.live_bytes = 0
        self.live_count -= live
        self.stored_count += 1
        self.stored_bytes += chunk.used
        return self.drop_buffer(chunk)

    def release_stored(self, chunk: Chunk, count: cython.Py_ssize_t) -> cython.int:
        """So many index entries lead to it no more."""
        if count > chunk.references:
            raise InvariantError("a stored record was released more often than it was held")
        chunk.references -= count
        if chunk.references == 0:
            self.out_of_store(chunk)
            self.free_number(chunk)
        elif not chunk.sparse and chunk.references < chunk.references_at_first >> 2:
            chunk.sparse = True
            if not chunk.is_alone():
                self.thin.append(chunk)
        return 0

    def out_of_store(self, chunk: Chunk) -> cython.int:
        self.stored_count -= 1
        self.stored_bytes -= chunk.used
        self.store.drop(chunk.number)
        return 0

    def from_store(self, chunk: Chunk, buffer: Buffer) -> cython.int:
        """One record's own chunk is back, in a buffer of its size."""
        self.out_of_store(chunk)
        buffer.put_u32(REFERENCES, chunk.references)
        chunk.buffer = buffer
        chunk.live_bytes = chunk.used
        chunk.references = 0
        chunk.sparse = False
        self.memory_bytes += chunk.size
        self.live_count += 1
        return self.enter(chunk)

    def bring(
        self,
        source: Buffer,
        at: cython.Py_ssize_t,
        length: cython.Py_ssize_t,
        references: cython.Py_ssize_t,
        purpose: cython.int,
    ) -> cython.ulonglong:
        """Copies a record that was read into memory; returns its location."""
        chunk: Chunk = self.room_beside(purpose, length)
        used: cython.Py_ssize_t = chunk.used
        chunk.buffer.copy(used, source, at, length)
        chunk.buffer.put_u32(used + REFERENCES, references)
        chunk.used = used + length
        chunk.live_bytes += length
        self.live_count += 1
        return (cython.cast(cython.ulonglong, chunk.number) << OFFSET_BITS) + used

    # -- what the log has

    def evict(self, chunk: Chunk) -> cython.bint:
        """Lets go of a log chunk's memory; False: where the log has it is not known."""
        if chunk.places is None:
            return False
        self.leave(chunk)
        chunk.record_bytes = chunk.used // max(1, chunk.message_count)
        self.drop_buffer(chunk)
        return True

    def back_from_log(self, chunk: Chunk, buffer: Buffer) -> cython.int:
        """A log chunk is back as a whole, in a buffer of its size."""
        chunk.buffer = buffer
        self.memory_bytes += chunk.size
        return self.enter(chunk)

    def home_of(self, chunk: Chunk, at: cython.Py_ssize_t) -> cython.ulonglong:
        """The location in the log's chunk of a guest, which has it behind its record."""
        return chunk.buffer.u64(at + chunk.buffer.u32(at + LENGTH) - 8)
