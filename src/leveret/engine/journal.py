"""What happens to what the log keeps, as records in batches: the log is written from here.

    log chunk     | head | record | record | head | record | record | record | room ...
                  `--- batch 17, durable --'`--- batch 18, being filled ------'

A batch begins with 48 bytes that are the log's to fill, when it takes the batch away. A message is
written once: its record here is what its queues refer to (records.py). The others, lengths being
multiples of 8 and of the whole record:

    ENQUEUE   a message, as records.py has it, with 1 as its kind
    SETTLE    u32 length 32, u8 kind 2, zeros, u64 queue, u64 first, u64 last position
    REDELIVER the same with 5: messages that were delivered, and are there
    COUNT     the same with 6 as kind, then u64 position, u32 failed deliveries, u32 deliveries of a
              message that went back
    DROP      u32 length 16, u8 kind 3, zeros, u64 queue
    DEFINE    u32 length, u8 kind 4, u8 1 if the key is gone, zeros, u32 key length,
              u32 value length, key, value, zeros

They say what has become of things, and never what was asked for, so that reading them again
(replay.py) needs nothing else. While one batch is on its way to the disk the next one fills.
"""

from __future__ import annotations

try:
    import cython
except ImportError:
    from leveret._cython_compat import cython

from leveret.engine.buffer import Buffer
from leveret.engine.chunk import Chunk
from leveret.engine.errors import InvariantError
from leveret.engine.log_order import LogOrder
from leveret.engine.records import Records

if cython.compiled:
    from cython.cimports.leveret.engine.buffer import Buffer
    from cython.cimports.leveret.engine.chunk import OF_LOG, Chunk
    from cython.cimports.leveret.engine.log_order import LogOrder
    from cython.cimports.leveret.engine.records import BATCH_HEAD_BYTES, LENGTH, Records
else:
    from leveret.engine.chunk import OF_LOG
    from leveret.engine.records import BATCH_HEAD_BYTES, LENGTH

    SETTLE = 2
    DROP = 3
    DEFINE = 4
    REDELIVER = 5
    COUNT = 6
    SETTLE_BYTES = 32
    DROP_BYTES = 16
    DEFINE_HEAD_BYTES = 16

# Large enough that a full batch costs the disk little more than an empty one, small enough to be
# on the disk within a few milliseconds.
LOG_CHUNK_BYTES = 1 << 20
# What a location can name; what must be in one batch, a transaction, may take as much.
CHUNK_BYTES_MAX = cython.declare(cython.Py_ssize_t, 1 << 24)
GONE_FLAG = cython.declare(cython.ulonglong, 1 << 16)


class Batch:
    """Records that become durable together: the bytes from `start` to `end` of a chunk."""

    def __init__(
        self,
        number: cython.ulonglong,
        chunk: Chunk,
        start: cython.Py_ssize_t,
        end: cython.Py_ssize_t,
        record_count: cython.Py_ssize_t,
    ) -> None:
        self.number = number
        self.chunk = chunk
        self.start = start
        self.end = end
        self.record_count = record_count


class Journal:
    """The batches of one shard. `number` is the one that is being filled, or will be next.

    `urgent`: somebody waits for what is in it; else it may wait for company. `chunk_bytes`: what a
    log chunk has, and so a batch at the most, unless more must be in one.
    """

    def __init__(self, records: Records, number: cython.ulonglong = 1) -> None:
        self.records = records
        self.chunk = cython.cast(Chunk, None)
        self.start = 0
        self.record_count = 0
        self.sealed: list[Batch] = []
        self.under_way: list[Batch] = []
        self.order = LogOrder()
        self.number = number
        self.durable = number - 1
        self.urgent = False
        self.chunk_bytes = LOG_CHUNK_BYTES

    # -- writing

    def room(self, length: cython.Py_ssize_t) -> Chunk:
        """Where a record of this length goes, at the chunk's `used`; it is part of the batch."""
        chunk: Chunk = self.chunk
        needed: cython.Py_ssize_t = length
        if self.record_count == 0:
            needed += BATCH_HEAD_BYTES
        if chunk is None or chunk.used + needed > chunk.buffer.size:
            self.open_chunk(length + BATCH_HEAD_BYTES)
            chunk = self.chunk
        if self.record_count == 0:
            self.start = chunk.used
            chunk.used += BATCH_HEAD_BYTES
        self.record_count += 1
        return chunk

    def open_chunk(self, needed: cython.Py_ssize_t) -> cython.int:
        """A batch lies in one chunk: the next begins with a new one."""
        full: Chunk = self.chunk
        self.seal()
        self.chunk = self.records.open_chunk(max(self.chunk_bytes, needed), OF_LOG)
        self.order.add(self.chunk)
        if full is not None:
            self.records.complete_log_chunk(full)
        return 0

    def settle(self, queue: cython.ulonglong, position: cython.ulonglong) -> cython.Py_ssize_t:
        """A queue has let go of a message; returns where that stands, for extend()."""
        at: cython.Py_ssize_t = self.begin(SETTLE, SETTLE_BYTES, queue)
        self.chunk.buffer.put_u64(at + 16, position)
        self.chunk.buffer.put_u64(at + 24, position)
        return at

    def extend(self, at: cython.Py_ssize_t, position: cython.ulonglong) -> cython.int:
        """And of all up to this one. `at` is in the batch that is being filled."""
        if at < self.start or self.record_count == 0:
            raise InvariantError("a batch that is on its way was written to")
        self.chunk.buffer.put_u64(at + 24, position)
        return 0

    def gone(
        self, queue: cython.ulonglong, first: cython.ulonglong, last: cython.ulonglong
    ) -> None:
        """It is said once more that nothing stands there, for what will be read of it otherwise."""
        at: cython.Py_ssize_t = self.begin(SETTLE, SETTLE_BYTES, queue)
        self.chunk.buffer.put_u64(at + 16, first)
        self.chunk.buffer.put_u64(at + 24, last)

    def redeliver(self, queue: int, first: int, last: int) -> None:
        """These messages of a queue have been delivered, and are there: said when all ends well."""
        at: cython.Py_ssize_t = self.begin(REDELIVER, SETTLE_BYTES, queue)
        self.chunk.buffer.put_u64(at + 16, first)
        self.chunk.buffer.put_u64(at + 24, last)

    def count(
        self,
        queue: cython.ulonglong,
        position: cython.ulonglong,
        failures: cython.ulonglong,
        deliveries: cython.ulonglong,
    ) -> cython.int:
        """A message went back: how often it has been delivered, and how often that failed."""
        at: cython.Py_ssize_t = self.begin(COUNT, SETTLE_BYTES, queue)
        self.chunk.buffer.put_u64(at + 16, position)
        self.chunk.buffer.put_u64(at + 24, failures << 32 | deliveries)
        return 0

    def drop(self, queue: cython.ulonglong, key: bytes | None = None) -> None:
        """A queue has gone with all that was in it, and in the same batch its definition."""
        if key is not None:
            self.reserve(DEFINE_HEAD_BYTES + len(key) + 7 + DROP_BYTES)
            self.define(key, None)
        self.begin(DROP, DROP_BYTES, queue)
        self.urgent = True

    def define(self, key: bytes, value: bytes | None) -> None:
        """The key has this value from now on; None: it is gone."""
        written = b"" if value is None else value
        key_length: cython.Py_ssize_t = len(key)
        value_length: cython.Py_ssize_t = len(written)
        length: cython.Py_ssize_t = (DEFINE_HEAD_BYTES + key_length + value_length + 7) & ~7
        lengths: cython.ulonglong = cython.cast(cython.ulonglong, key_length) << 32 | value_length
        at: cython.Py_ssize_t
        if length > CHUNK_BYTES_MAX - BATCH_HEAD_BYTES:
            raise ValueError("a definition of more than 16 MiB")
        at = self.begin(DEFINE, length, lengths)
        if value is None:
            self.chunk.buffer.put_u8(at + 5, 1)
        self.chunk.buffer.fill(at + DEFINE_HEAD_BYTES, key)
        self.chunk.buffer.fill(at + DEFINE_HEAD_BYTES + key_length, written)
        self.urgent = True

    def begin(
        self, kind: cython.int, length: cython.Py_ssize_t, second: cython.ulonglong
    ) -> cython.Py_ssize_t:
        """A record's head, and zeros at its end; returns where it stands."""
        chunk: Chunk = self.room(length)
        at: cython.Py_ssize_t = chunk.used
        chunk.buffer.put_u64(at + length - 8, 0)
        chunk.buffer.put_u64(
            at + LENGTH,
            cython.cast(cython.ulonglong, length) << 32 | cython.cast(cython.ulonglong, kind) << 24,
        )
        chunk.buffer.put_u64(at + 8, second)
        chunk.used = at + length
        return at

    def reserve(self, length: cython.Py_ssize_t) -> None:
        """So many bytes of records, and no more, will be in one batch."""
        needed: cython.Py_ssize_t = length + BATCH_HEAD_BYTES
        if needed > CHUNK_BYTES_MAX:
            raise ValueError("more than 16 MiB in one batch")
        if self.chunk is None or self.chunk.used + needed > self.chunk.buffer.size:
            self.open_chunk(needed)

    def keep_together(self, length: int) -> None:
        """So many bytes of records, at the most, will be in one batch, if any can be so large."""
        if length + BATCH_HEAD_BYTES <= CHUNK_BYTES_MAX:
            self.reserve(length)

    def adopt(
        self,
        number: cython.ulonglong,
        position: cython.ulonglong,
        source: Buffer,
        start: cython.Py_ssize_t,
        length: cython.Py_ssize_t,
    ) -> Chunk:
        """A batch comes from its position in the log, with its head; it ends the chunk returned."""
        chunk: Chunk = self.chunk
        if self.pending or number < self.number:
            raise InvariantError("the batches of a log come in order, and before any other")
        if chunk is None or chunk.used + length > chunk.buffer.size:
            self.open_chunk(length)
            chunk = self.chunk
        chunk.adopt(number, position, source, start, length)
        self.number = number + 1
        self.durable = number
        return chunk

    # -- taking away

    def newest(self) -> int:
        """The newest batch that has anything in it; it waits for no company any more."""
        if self.record_count > 0:
            self.urgent = True
            return self.number
        return self.number - 1

    @property
    def has_sealed(self) -> bool:
        """A batch is full, and not on its way."""
        return bool(self.sealed)

    @property
    def pending(self) -> bool:
        """There is a batch to be taken, or one that will be."""
        return bool(self.sealed) or self.record_count > 0

    def seal(self) -> None:
        """What comes next is in another batch."""
        if self.record_count > 0:
            self.sealed.append(
                Batch(self.number, self.chunk, self.start, self.chunk.used, self.record_count)
            )
            self.chunk.batches_under_way += 1
            self.number += 1
            self.record_count = 0
            self.urgent = False

    def take_batch(self) -> Batch | None:
        """The oldest batch that is not on its way, for the log; it must not wait for company."""
        if not self.sealed:
            self.seal()
        if not self.sealed:
            return None
        batch = self.sealed.pop(0)
        self.under_way.append(batch)
        return batch

    def became_durable(self, number: cython.ulonglong) -> None:
        """All batches up to this one are durable."""
        batch: Batch
        while self.under_way:
            batch = self.under_way[0]
            if batch.number > number:
                break
            del self.under_way[0]
            batch.chunk.batches_under_way -= 1
            self.records.forget_if_done(batch.chunk)
        self.durable = number
