"""One loop's share of the broker: its queues, their records, and what is left to do this turn.

A turn: peers are read, which enqueues and settles; then turn() delivers from the queues that
changed and lets channels write the confirms they owe; then what take_outputs() names is sent.
"""

from __future__ import annotations

from typing import Protocol

try:
    import cython
except ImportError:
    from leveret._cython_compat import cython

from leveret.engine.buffer import Buffer
from leveret.engine.output import Output
from leveret.engine.pages import Page
from leveret.engine.queue import Queue, Waiter
from leveret.engine.recall import Reading, Recall
from leveret.engine.records import Chunk, Records
from leveret.engine.route import Route
from leveret.engine.spill import Spill
from leveret.engine.store import Store

if cython.compiled:
    from cython.cimports.leveret.engine.buffer import Buffer
    from cython.cimports.leveret.engine.output import OUTPUT_BYTES, SPARE_OUTPUTS_MAX, Output
    from cython.cimports.leveret.engine.queue import Queue
    from cython.cimports.leveret.engine.recall import Reading, Recall
    from cython.cimports.leveret.engine.records import (
        HEAD_BYTES,
        LENGTH,
        REFERENCES,
        TARGET_BYTES,
        TARGETS,
        Chunk,
        Records,
    )
    from cython.cimports.leveret.engine.route import Route, names_of
    from cython.cimports.leveret.engine.spill import Spill
else:
    from leveret.engine.output import OUTPUT_BYTES, SPARE_OUTPUTS_MAX
    from leveret.engine.records import HEAD_BYTES, LENGTH, REFERENCES, TARGET_BYTES, TARGETS
    from leveret.engine.route import names_of

# The largest read: what a peer of large messages is read at once.
RECEIVE_BYTES_MAX = 256 * 1024
# A received rest and a small read behind it; also the first memory of a body in parts.
CARRY_BYTES = cython.declare(cython.Py_ssize_t, 128 * 1024)
# 4 MiB kept for the next rests.
SPARE_CARRIES_MAX = cython.declare(cython.Py_ssize_t, 32)
OFFSET_BITS = cython.declare(cython.int, 24)
NEVER = cython.declare(cython.ulonglong, 1 << 63)


class OwesConfirms(Protocol):
    """A channel, for all that a turn needs to know of it."""

    def write_confirms(self) -> None:
        """Writes what is owed."""


class Shard:
    """Queues, records, pools. No globals: two brokers in one process are two shards."""

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed
        self.records = Records()
        self.queues: list[Queue | None] = []
        self.free_numbers: list[int] = []
        self.spare_pages: list[Page] = []
        self.dirty: list[Queue] = []
        self.owing: list[OwesConfirms] = []
        self.outputs: list[Output] = []
        self.spare_outputs: list[Buffer] = []
        self.spare_carries: list[Buffer] = []
        self.spill = Spill(self.records, self.queues)
        self.recall = Recall(self.records, self.queues)
        self.resumable: list[Waiter] = []
        self.refused = False
        self.receive = Buffer(RECEIVE_BYTES_MAX)

    def open_queue(self) -> Queue:
        """An empty queue with a number that no other open queue has."""
        number = self.free_numbers.pop() if self.free_numbers else len(self.queues)
        queue = Queue(number, self.records, self.spare_pages, self.recall.wanting)
        if number == len(self.queues):
            self.queues.append(queue)
        else:
            self.queues[number] = queue
        return queue

    def close_queue(self, queue: Queue) -> None:
        """Drops all that the queue holds.

        Its number may be used again: no route may lead to it any more.
        """
        if queue.closed:
            return
        queue.close()
        self.queues[queue.number] = None
        self.free_numbers.append(queue.number)

    @property
    def pending(self) -> bool:
        """There is something for turn() to do."""
        return bool(
            self.dirty
            or self.owing
            or self.records.sparse
            or (self.recall.wanting and self.recall.has_room())
            or self.recall.has_to_empty()
        )

    def publish(
        self,
        route: Route,
        properties: Buffer,
        properties_length: cython.Py_ssize_t,
        body: Buffer,
        body_offset: cython.Py_ssize_t,
        body_length: cython.Py_ssize_t,
        arrival: cython.ulonglong,
        priority: cython.int,
    ) -> cython.bint:
        """Stores a message once for all queues of its route; False: one of them refused it.

        A queue that has been deleted since the route was made counts as having it.
        """
        targets: cython.Py_ssize_t = self.count_targets(route)
        target: cython.Py_ssize_t
        number: cython.Py_ssize_t
        queue: Queue | None
        location: cython.ulonglong
        if targets == 0:
            return not self.refused
        location = self.records.append(
            route.names,
            route.names_length,
            properties,
            properties_length,
            body,
            body_offset,
            body_length,
            targets,
            arrival,
            priority,
        )
        for target in range(route.queue_count):
            number = route.queue(target)
            queue = self.queues[number]
            if queue is not None and queue.accepts():
                self.records.add_target(number, queue.enqueue(location, body_length))
                if not queue.dirty:
                    self.touch(queue)
        return not self.refused

    def insert(
        self,
        route: Route,
        exchange: bytes,
        routing_key: bytes,
        *,
        properties: bytes,
        body: bytes,
        arrival: int,
        priority: int,
    ) -> bool:
        """Stores a message that no channel has brought, as publish() does."""
        names: Buffer = names_of(exchange, routing_key)
        route.name(names, names.size)
        return self.publish(
            route,
            Buffer(0, properties),
            len(properties),
            Buffer(0, body),
            0,
            len(body),
            arrival,
            priority,
        )

    def count_targets(self, route: Route) -> cython.Py_ssize_t:
        """How many queues of the route take a message now; sets `refused` if one does not."""
        targets: cython.Py_ssize_t = 0
        target: cython.Py_ssize_t
        queue: Queue | None
        self.refused = False
        for target in range(route.queue_count):
            queue = self.queues[route.queue(target)]
            if queue is not None:
                if queue.accepts():
                    targets += 1
                else:
                    self.refused = True
        return targets

    def touch(self, queue: Queue) -> cython.int:
        """The queue may have something to deliver: it has its turn."""
        if not queue.dirty:
            queue.dirty = True
            self.dirty.append(queue)
        return 0

    def turn(self) -> None:
        """Delivers what can be delivered, has the confirms written that are owed."""
        dirty: list = self.dirty
        owing: list = self.owing
        queue: Queue
        self.dirty = []
        self.owing = []
        for queue in dirty:
            queue.dirty = False
            if queue.deliver():
                self.touch(queue)
            if queue.recall_at != NEVER and queue.is_due():
                queue.wants = True
                self.recall.wanting.append(queue)
        if self.recall.wanting:
            self.wake(self.recall.ask())
        for channel in owing:
            channel.write_confirms()
        if self.records.sparse:
            self.compact()
        if self.records.thin:
            self.recall.empty_thin()

    # -- what is not in memory

    def keep_in(self, store: Store) -> None:
        """Where records may go that there is no room for; to be said before any does."""
        self.records.store = store

    def store_down_to(self, bytes_max: cython.Py_ssize_t) -> None:
        """Lets no more than that stay in chunks of memory, as far as the store takes the rest.

        To be asked for once in a turn; costs nothing while there is less.
        """
        if self.records.memory_bytes > bytes_max:
            self.spill.store_down_to(bytes_max)

    def written(self, number: cython.Py_ssize_t, kept: bool) -> None:
        """The store has done with what it was given to write."""
        self.spill.written(cython.cast(Chunk, self.records.chunks[number]), kept)

    def fetched(self, reading: Reading, complete: bool) -> None:
        """The store has done with what it was asked to read."""
        self.wake(self.recall.arrived(reading, complete))

    def wake(self, queues: list) -> cython.int:
        """There may be something to deliver, or nothing to wait for any more."""
        queue: Queue
        for queue in queues:
            if not queue.closed:
                self.touch(queue)
            self.resumable += queue.take_waiters()
        return 0

    def take_resumable(self) -> list[Waiter]:
        """Who waited for a queue's next message and may ask for it now."""
        resumable = self.resumable
        self.resumable = []
        return resumable

    def take_outputs(self) -> list[object]:
        """The owners of the outputs that were written to since this was last asked."""
        output: Output
        owners: list = []
        for output in self.outputs:
            output.listed = False
            owners.append(output.owner)
        self.outputs.clear()
        return owners

    def take_carry(self, needed: cython.Py_ssize_t) -> Buffer:
        """Memory for what a read left unfinished, with room for at least `needed` bytes."""
        if needed > OUTPUT_BYTES:
            return Buffer(needed)
        if needed > CARRY_BYTES:
            return self.spare_outputs.pop() if self.spare_outputs else Buffer(OUTPUT_BYTES)
        return self.spare_carries.pop() if self.spare_carries else Buffer(CARRY_BYTES)

    def give_back_carry(self, buffer: Buffer) -> cython.int:
        if buffer.size == CARRY_BYTES:
            if len(self.spare_carries) < SPARE_CARRIES_MAX:
                self.spare_carries.append(buffer)
        elif buffer.size == OUTPUT_BYTES and len(self.spare_outputs) < SPARE_OUTPUTS_MAX:
            self.spare_outputs.append(buffer)
        return 0

    def compact(self) -> cython.int:
        """Empties one sparse chunk, by copying what lives in it to the other survivors."""
        chunk: Chunk = self.records.sparse.pop()
        at: cython.Py_ssize_t = 0
        while at < chunk.used and chunk.live_bytes > 0:
            if chunk.buffer.u32(at + REFERENCES) > 0:
                self.move(chunk, at)
            at += chunk.buffer.u32(at + LENGTH)
        return self.records.close_chunk(chunk)

    def move(self, chunk: Chunk, at: cython.Py_ssize_t) -> cython.int:
        """Moves a record and tells the queues that hold it."""
        old: cython.ulonglong = (cython.cast(cython.ulonglong, chunk.number) << OFFSET_BITS) + at
        new: cython.ulonglong = self.records.move(chunk, at)
        _target: cython.Py_ssize_t
        named: cython.Py_ssize_t = at + HEAD_BYTES
        queue: Queue | None
        for _target in range(chunk.buffer.u32(at + TARGETS)):
            queue = self.queues[chunk.buffer.u32(named)]
            if queue is not None:
                queue.index.relocate(chunk.buffer.u64(named + 4), old, new)
            named += TARGET_BYTES
        return 0
