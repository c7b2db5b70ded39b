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
from leveret.engine.errors import InvariantError
from leveret.engine.journal import Journal
from leveret.engine.output import Output
from leveret.engine.pages import Page
from leveret.engine.queue import Queue
from leveret.engine.records import Chunk, Records
from leveret.engine.route import Route

if cython.compiled:
    from cython.cimports.leveret.engine.buffer import Buffer
    from cython.cimports.leveret.engine.journal import Journal
    from cython.cimports.leveret.engine.output import OUTPUT_BYTES, SPARE_OUTPUTS_MAX, Output
    from cython.cimports.leveret.engine.queue import KEEPS_ALL, KEEPS_PERSISTENT, Queue
    from cython.cimports.leveret.engine.records import (
        HEAD_BYTES,
        LENGTH,
        REFERENCES,
        TARGET_BYTES,
        TARGETS,
        Chunk,
        Records,
        record_bytes,
    )
    from cython.cimports.leveret.engine.route import Route, names_of
else:
    from leveret.engine.output import OUTPUT_BYTES, SPARE_OUTPUTS_MAX
    from leveret.engine.queue import KEEPS_ALL, KEEPS_PERSISTENT
    from leveret.engine.records import (
        HEAD_BYTES,
        LENGTH,
        REFERENCES,
        TARGET_BYTES,
        TARGETS,
        record_bytes,
    )
    from leveret.engine.route import names_of

# The largest read: what a peer of large messages is read at once.
RECEIVE_BYTES_MAX = 256 * 1024
# A received rest and a small read behind it; also the first memory of a body in parts.
CARRY_BYTES = cython.declare(cython.Py_ssize_t, 128 * 1024)
# 4 MiB kept for the next rests.
SPARE_CARRIES_MAX = cython.declare(cython.Py_ssize_t, 32)
OFFSET_BITS = cython.declare(cython.int, 24)
# More than any broker here has memory for; what is above stands in a log that is broken.
QUEUES_MAX = cython.declare(cython.Py_ssize_t, 1 << 26)
# A queue's number within its identity.
NUMBER_MASK = cython.declare(cython.ulonglong, 0xFFFFFFFF)


class OwesConfirms(Protocol):
    """A channel, for all that a turn needs to know of it."""

    def write_confirms(self) -> None:
        """Writes what is owed."""

    def became_durable(self, batch: int) -> bool:
        """So many batches of the log are durable; False: the channel waits for none any more."""


class Shard:
    """Queues, records, pools. No globals: two brokers in one process are two shards."""

    def __init__(self, seed: int = 0, journal: bool = False) -> None:
        self.seed = seed
        self.records = Records()
        self.journal = Journal(self.records) if journal else cython.cast(Journal, None)
        self.kept_count = 0
        self.logged = False
        self.batch = 0
        self.waiting: list[OwesConfirms] = []
        self.queues: list[Queue | None] = []
        self.free_numbers: list[int] = []
        self.spare_pages: list[Page] = []
        self.dirty: list[Queue] = []
        self.owing: list[OwesConfirms] = []
        self.outputs: list[Output] = []
        self.spare_outputs: list[Buffer] = []
        self.spare_carries: list[Buffer] = []
        self.refused = False
        self.receive = Buffer(RECEIVE_BYTES_MAX)

    def open_queue(self) -> Queue:
        """An empty queue with a number that no other open queue has."""
        number = self.free_numbers.pop() if self.free_numbers else len(self.queues)
        queue = Queue(number, self.records, self.journal, self.spare_pages)
        if number == len(self.queues):
            self.queues.append(queue)
        else:
            self.queues[number] = queue
        return queue

    def keep_queue(self, queue: Queue, *, everything: bool) -> None:
        """From now on the log keeps the queue's messages: all, or the persistent ones."""
        if self.journal is None:
            raise InvariantError("there is no log to keep messages in")
        self.kept_count += 1
        queue.keep(
            KEEPS_ALL if everything else KEEPS_PERSISTENT,
            cython.cast(cython.ulonglong, self.kept_count) << 32 | queue.number,
        )

    def reopen_queue(self, identity: cython.ulonglong) -> Queue:
        """The queue of which the log has something, empty at first. Nothing else was opened yet."""
        number: cython.Py_ssize_t = identity & NUMBER_MASK
        if number >= QUEUES_MAX:
            raise InvariantError("a queue's number is too large")
        while len(self.queues) <= number:
            self.queues.append(None)
        if self.queues[number] is not None:
            raise InvariantError("two queues have one number")
        queue = Queue(number, self.records, self.journal, self.spare_pages)
        queue.keep(KEEPS_PERSISTENT, identity)
        self.queues[number] = queue
        self.kept_count = max(self.kept_count, identity >> 32)
        return queue

    def free_the_rest(self) -> None:
        """All queues have been reopened: the other numbers are free."""
        self.free_numbers = [number for number, queue in enumerate(self.queues) if queue is None]

    def log_delivered(self) -> None:
        """All ends well: the log learns which of the messages that it keeps were delivered."""
        for queue in self.queues:
            if queue is not None and queue.keeps:
                for first, last in queue.index.delivered_runs():
                    self.journal.redeliver(queue.identity, first, last)

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
    def keeps(self) -> bool:
        """There is a log for what is to be kept."""
        return self.journal is not None

    @property
    def pending(self) -> bool:
        """There is something for turn() to do."""
        return bool(self.dirty or self.owing or self.records.sparse)

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
        persistent: cython.bint,
    ) -> cython.bint:
        """Stores a message once for all queues of its route; False: one of them refused it.

        A queue that has been deleted since the route was made counts as having it. `logged` says
        whether the message is kept once batch `batch` of the log is durable.
        """
        targets: cython.Py_ssize_t = self.count_targets(route, persistent)
        target: cython.Py_ssize_t
        number: cython.Py_ssize_t
        length: cython.Py_ssize_t
        queue: Queue | None
        chunk: Chunk
        location: cython.ulonglong
        if targets == 0:
            return not self.refused
        length = record_bytes(targets, route.names_length, properties_length, body_length)
        if self.logged:
            chunk = self.journal.room(length)
            self.journal.urgent = True
            self.batch = self.journal.number
        else:
            chunk = self.records.room(length)
        location = self.records.append(
            chunk,
            length,
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
                self.records.add_target(queue.identity, queue.enqueue(location, body_length))
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
        persistent: bool,
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
            persistent,
        )

    def count_targets(self, route: Route, persistent: cython.bint) -> cython.Py_ssize_t:
        """How many queues of the route take a message now.

        Sets `refused` if one does not, and `logged` if one of them has the log keep it.
        """
        targets: cython.Py_ssize_t = 0
        target: cython.Py_ssize_t
        queue: Queue | None
        self.refused = False
        self.logged = False
        for target in range(route.queue_count):
            queue = self.queues[route.queue(target)]
            if queue is not None:
                if queue.accepts():
                    targets += 1
                    if queue.keeps + persistent > 1:
                        self.logged = True
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
        for channel in owing:
            channel.write_confirms()
        if self.records.sparse:
            self.compact()

    def became_durable(self, batch: int) -> None:
        """All batches of the log up to this one are durable: who waited may be told."""
        waiting: list = self.waiting
        self.journal.became_durable(batch)
        self.waiting = [channel for channel in waiting if channel.became_durable(batch)]

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
            queue = self.queues[chunk.buffer.u64(named) & NUMBER_MASK]
            if queue is not None:
                queue.index.relocate(chunk.buffer.u64(named + 8), old, new)
            named += TARGET_BYTES
        return 0
