"""From the batches of a log (journal.py) back to the queues that wrote them.

Reading decides nothing: no message is routed, no clock is asked, so that the same batches make the
same queues whatever has changed since. What is said of a queue that is not known yet makes one; of
these, the ones that no definition claims in the end are dropped. Of a queue that was dropped
nothing more is listened to: a message may name it that other queues have, too. That a number has
been given to a newer queue says that the one before was dropped.

Copies of old messages (forward.py) are read first, then the batches from some point on. So a
message may come twice, and the first place is as good as the other; and it may come although it had
gone before that point: then it is said again, behind it, that it has. Without copies neither is so.
"""

from __future__ import annotations

try:
    import cython
except ImportError:
    from leveret._cython_compat import cython

from leveret.engine.buffer import Buffer
from leveret.engine.chunk import Chunk
from leveret.engine.errors import ReplayError
from leveret.engine.queue import Queue
from leveret.engine.queue_rules import QueueRules
from leveret.engine.shard import Shard

if cython.compiled:
    from cython.cimports.leveret.engine.buffer import Buffer
    from cython.cimports.leveret.engine.chunk import Chunk
    from cython.cimports.leveret.engine.journal import (
        COUNT,
        DEFINE,
        DEFINE_HEAD_BYTES,
        DROP,
        DROP_BYTES,
        REDELIVER,
        SETTLE,
        SETTLE_BYTES,
    )
    from cython.cimports.leveret.engine.levels import LEVEL_SHIFT
    from cython.cimports.leveret.engine.queue import Queue
    from cython.cimports.leveret.engine.queue_rules import QueueRules
    from cython.cimports.leveret.engine.records import (
        BATCH_HEAD_BYTES,
        BODY_LENGTH,
        ENQUEUE,
        EXPIRY,
        HEAD_BYTES,
        KIND,
        NAMES_LENGTH,
        TARGET_BYTES,
        record_bytes,
    )
    from cython.cimports.leveret.engine.shard import Shard
else:
    from leveret.engine.journal import (
        COUNT,
        DEFINE,
        DEFINE_HEAD_BYTES,
        DROP,
        DROP_BYTES,
        REDELIVER,
        SETTLE,
        SETTLE_BYTES,
    )
    from leveret.engine.levels import LEVEL_SHIFT
    from leveret.engine.records import (
        BATCH_HEAD_BYTES,
        BODY_LENGTH,
        ENQUEUE,
        EXPIRY,
        HEAD_BYTES,
        KIND,
        NAMES_LENGTH,
        TARGET_BYTES,
        record_bytes,
    )

RECORD_BYTES_MIN = cython.declare(cython.Py_ssize_t, 16)
LEVELS = cython.declare(cython.ulonglong, 256)
OFFSET_BITS = cython.declare(cython.int, 24)
NUMBER_BITS = cython.declare(cython.int, 32)
NUMBER_MASK = cython.declare(cython.ulonglong, 0xFFFFFFFF)
MASK_32 = cython.declare(cython.ulonglong, 0xFFFFFFFF)


class Replay:
    """Fills a new shard. `redelivered`: nobody knows which messages were delivered, so all may
    have been.

    `definitions` are the newest values by key.
    """

    def __init__(self, shard: Shard, redelivered: bool) -> None:
        self.shard = shard
        self.redelivered = redelivered
        self.may_come_again = False
        self.definitions: dict[bytes, bytes] = {}
        self.claimed: dict[int, Queue] = {}
        self.dropped: dict[int, int] = {}  # the newest identity, by number

    def apply(self, number: int, position: int, batch: Buffer, start: int, length: int) -> None:
        """A batch with its head, and where the log has it.

        Raises ReplayError for what no journal writes.
        """
        self.records(self.shard.journal.adopt(number, position, batch, start, length), length)

    def apply_copies(
        self, number: int, position: int, batch: Buffer, start: int, length: int
    ) -> None:
        """A batch of messages that were copied forward: these come before all others."""
        self.may_come_again = True
        self.records(self.shard.forward.adopt(number, position, batch, start, length), length)

    def records(self, chunk: Chunk, length: cython.Py_ssize_t) -> cython.int:
        """Those of the batch that ends a chunk."""
        end: cython.Py_ssize_t = chunk.used
        at: cython.Py_ssize_t = end - length + BATCH_HEAD_BYTES
        size: cython.Py_ssize_t
        while at < end:
            if end - at < RECORD_BYTES_MIN:
                raise ReplayError("a record is cut off")
            size = chunk.buffer.u32(at)
            if size < RECORD_BYTES_MIN or size & 7 or size > end - at:
                raise ReplayError(f"a record of {size} bytes")
            self.record(chunk, at, size)
            at += size
        self.shard.evict()
        return 0

    def doubt(self) -> None:
        """Something is missing: nobody knows which messages were delivered, nor of those before."""
        queue: Queue | None
        self.redelivered = True
        for queue in self.shard.queues:
            if queue is not None:
                for index in queue.indexes():
                    index.mark_redelivered_within(0, index.next_position)

    def claim(self, identity: int) -> Queue:
        """The queue of this identity, with what the log has of it. Raises ReplayError."""
        queue = self.queue(identity)
        if queue is None:
            raise ReplayError(f"queue {identity:x} was dropped, and is there")
        self.claimed[identity] = queue
        return queue

    def finish(self) -> int:
        """Drops the queues that nobody has claimed; returns how many there were."""
        count = 0
        for queue in list(self.shard.queues):
            if queue is not None and queue.identity not in self.claimed:
                self.shard.drop_reopened(queue)
                count += 1
            elif queue is not None:
                self.shard.rulebook.refresh(queue)
        self.shard.free_the_rest()
        return count

    def record(self, chunk: Chunk, at: cython.Py_ssize_t, length: cython.Py_ssize_t) -> cython.int:
        kind: cython.int = chunk.buffer.u8(at + KIND)
        if kind == ENQUEUE:
            return self.enqueue(chunk, at, length)
        if kind == SETTLE or kind == REDELIVER:
            return self.run(chunk, kind, at, length)
        if kind == COUNT and length == SETTLE_BYTES:
            return self.count(chunk.buffer, at)
        if kind == DROP and length == DROP_BYTES:
            return self.drop(chunk.buffer.u64(at + 8))
        if kind == DEFINE:
            return self.define(chunk, at, length)
        raise ReplayError(f"a record of unknown kind {kind} and {length} bytes")

    def enqueue(self, chunk: Chunk, at: cython.Py_ssize_t, length: cython.Py_ssize_t) -> cython.int:
        buffer: Buffer = chunk.buffer
        lengths: cython.ulonglong
        names_and_targets: cython.ulonglong
        targets: cython.Py_ssize_t
        body_length: cython.Py_ssize_t
        target: cython.Py_ssize_t
        identity: cython.ulonglong
        position: cython.ulonglong
        queue: Queue
        location: cython.ulonglong = (
            cython.cast(cython.ulonglong, chunk.number) << OFFSET_BITS
        ) + at
        if length < HEAD_BYTES:
            raise ReplayError("a message without a head")
        lengths = buffer.u64(at + BODY_LENGTH)
        names_and_targets = buffer.u64(at + NAMES_LENGTH)
        targets = names_and_targets & MASK_32
        body_length = lengths >> 32
        if length != record_bytes(targets, names_and_targets >> 48, lengths & MASK_32, body_length):
            raise ReplayError("a message whose parts are not as long as the whole")
        chunk.message_count += 1
        for target in range(
            at + HEAD_BYTES, at + HEAD_BYTES + targets * TARGET_BYTES, TARGET_BYTES
        ):
            identity = buffer.u64(target)
            if identity >> NUMBER_BITS == 0:
                continue  # a queue of which nothing is kept
            position = buffer.u64(target + 8)
            queue = self.queue(identity)
            if queue is None:
                continue
            if position >> LEVEL_SHIFT >= LEVELS:
                raise ReplayError(f"position {position} of queue {identity:x}")
            if position < queue.index_for(position).next_position and not self.may_come_again:
                raise ReplayError(f"position {position} of queue {identity:x} comes again")
            if queue.restore(position, location, body_length, self.redelivered):
                chunk.references += 1
                chunk.references_at_first += 1
                if buffer.u64(at + EXPIRY) > 0:
                    self.shard.rulebook.rules_of(queue).expires_some()
        return 0

    def run(
        self, chunk: Chunk, kind: cython.int, at: cython.Py_ssize_t, length: cython.Py_ssize_t
    ) -> cython.int:
        """Something became of a queue's messages from one position to another."""
        first: cython.ulonglong
        last: cython.ulonglong
        queue: Queue
        if length != SETTLE_BYTES:
            raise ReplayError("a run of positions has another length")
        queue = self.queue(chunk.buffer.u64(at + 8))
        first = chunk.buffer.u64(at + 16)
        last = chunk.buffer.u64(at + 24)
        if last < first or last >> LEVEL_SHIFT >= LEVELS or (first ^ last) >> LEVEL_SHIFT:
            raise ReplayError(f"a run of positions from {first} to {last}")
        if queue is None:
            return 0
        if kind == SETTLE:
            return queue.forget(first, last)
        return queue.index_for(first).mark_redelivered_within(first, last)

    def count(self, buffer: Buffer, at: cython.Py_ssize_t) -> cython.int:
        """A message went back; unless it has gone since, by a record that stands before."""
        queue: Queue = self.queue(buffer.u64(at + 8))
        position: cython.ulonglong = buffer.u64(at + 16)
        if position >> LEVEL_SHIFT >= LEVELS:
            raise ReplayError(f"a count at position {position}")
        if queue is not None and queue.index_for(position).entry(position) != 0:
            rules: QueueRules = self.shard.rulebook.rules_of(queue)
            rules.recount(position, buffer.u32(at + 24), buffer.u32(at + 28))
        return 0

    def drop(self, identity: cython.ulonglong) -> cython.int:
        queue: Queue = self.queue(identity)
        return 0 if queue is None else self.forget(queue)

    def forget(self, queue: Queue) -> cython.int:
        """The queue was dropped."""
        queue.keep(0, queue.identity)  # or its end would be written down once more
        self.dropped[queue.number] = queue.identity
        self.shard.drop_reopened(queue)
        return 0

    def define(self, chunk: Chunk, at: cython.Py_ssize_t, length: cython.Py_ssize_t) -> cython.int:
        key_at: cython.Py_ssize_t = at + DEFINE_HEAD_BYTES
        key_length: cython.Py_ssize_t = chunk.buffer.u32(at + 8)
        value_length: cython.Py_ssize_t = chunk.buffer.u32(at + 12)
        if (DEFINE_HEAD_BYTES + key_length + value_length + 7) & ~7 != length:
            raise ReplayError("a definition whose parts are not as long as the whole")
        key = chunk.buffer.bytes_at(key_at, key_length)
        if chunk.buffer.u8(at + KIND + 1):
            self.definitions.pop(key, None)
        else:
            self.definitions[key] = chunk.buffer.bytes_at(key_at + key_length, value_length)
        return 0

    def queue(self, identity: cython.ulonglong) -> Queue:
        """The queue of this identity, which is new if nothing was heard of it; None: dropped."""
        number: cython.Py_ssize_t = identity & NUMBER_MASK
        queue: Queue | None = None
        if number < len(self.shard.queues):
            queue = self.shard.queues[number]
        if queue is not None:
            if queue.identity == identity:
                return queue
            if queue.identity > identity:
                return cython.cast(Queue, None)
            self.forget(queue)
        elif self.is_dropped(identity):
            return cython.cast(Queue, None)
        return self.shard.reopen_queue(identity)

    def is_dropped(self, identity: cython.ulonglong) -> cython.bint:
        newest: cython.ulonglong = self.dropped.get(identity & NUMBER_MASK, 0)
        return newest >= identity
