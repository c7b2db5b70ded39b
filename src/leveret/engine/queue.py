"""A queue: positions in order, and the consumers that take turns at them.

    enqueue -> ready --deliver--> unacknowledged --settle--> gone
                 ^                     |
                 +------ requeue ------+

Consumers with credit and room in their output stand in `active` and are served one message each,
in turn. One that can take nothing is parked, and costs nothing until it is unparked. Where their
priorities differ `active` is ranked by them, and the round is that of the first rank.

The next message's record may not be in memory. Then the queue puts itself on its shard's list of
those that want something, delivers nothing, and is touched when the record is there (recall.py).
"""

from __future__ import annotations

from collections.abc import Callable

try:
    import cython
except ImportError:
    from leveret._cython_compat import cython

from leveret.engine.consumer import Consumer
from leveret.engine.errors import InvariantError
from leveret.engine.index import Index
from leveret.engine.records import Chunk, Records

if cython.compiled:
    from cython.cimports.leveret.engine.consumer import (
        FOR_CREDIT,
        FOR_OUTPUT,
        IN_ROUND,
        Consumer,
    )
    from cython.cimports.leveret.engine.index import REDELIVERED, Index
    from cython.cimports.leveret.engine.records import BODY_LENGTH, Chunk, Records
else:
    from leveret.engine.consumer import FOR_CREDIT, FOR_OUTPUT, IN_ROUND
    from leveret.engine.index import REDELIVERED
    from leveret.engine.records import BODY_LENGTH

STATE_SHIFT = cython.declare(cython.int, 56)
STATE_MASK = cython.declare(cython.int, 7)
LOCATION_MASK = cython.declare(cython.ulonglong, 0x00FFFFFFFFFFFFFF)
OFFSET_MASK = cython.declare(cython.ulonglong, 0xFFFFFF)
# Above every position.
NEVER = cython.declare(cython.ulonglong, 1 << 63)
# 0.2 ms of one queue's deliveries before the others have theirs.
MESSAGES_PER_TURN = cython.declare(cython.Py_ssize_t, 4096)


# Is told the date and the tick when what it waits for may be there.
Waiter = Callable[[int, int], None]


class Queue:
    """One queue's messages and consumers. Made by Shard.open_queue().

    `ready_bytes` lacks what was requeued while its record was not in memory, until it is again.
    """

    def __init__(self, number: int, records: Records, spare_pages: list, wanting: list) -> None:
        self.number = number
        self.records = records
        self.index = Index(spare_pages)
        self.consumers: list[Consumer] = []
        self.active: list[Consumer] = []
        self.next_consumer = 0
        self.ranked = False
        self.ready_count = 0
        self.ready_bytes = 0
        self.unacked_count = 0
        self.ready_count_max = 0
        self.dirty = False
        self.closed = False
        # What is known of the way back of its records; recall.py has the say.
        self.wanting = wanting
        self.wants = False
        self.readings = 0
        self.asked_until = 0
        self.welcome_until = 0
        self.recall_at = NEVER
        self.last_recall = 0
        self.waiters: list[Waiter] = []

    def accepts(self) -> cython.bint:
        """False: the queue is full and refuses what is published to it."""
        return self.ready_count_max == 0 or self.ready_count < self.ready_count_max

    def refuse_above(self, ready_count: cython.Py_ssize_t) -> None:
        """Refuse messages while so many are ready; 0: never refuse."""
        self.ready_count_max = ready_count

    def enqueue(
        self, location: cython.ulonglong, body_length: cython.Py_ssize_t
    ) -> cython.ulonglong:
        """Takes a record in behind all others; returns its position."""
        self.ready_count += 1
        self.ready_bytes += body_length
        return self.index.append(location)

    def deliver(self) -> cython.bint:
        """Hands ready messages to consumers; True: there is more for another turn."""
        consumer: Consumer
        budget: cython.Py_ssize_t = MESSAGES_PER_TURN
        count: cython.Py_ssize_t = self.round_size()
        while count > 0 and self.ready_count > 0:
            if budget == 0:
                return True
            if self.next_consumer >= count:
                self.next_consumer = 0
            consumer = self.active[self.next_consumer]
            if not consumer.has_credit() or consumer.output.is_full():
                self.park(consumer)
                count -= 1
                if count == 0:
                    count = self.round_size()
                continue
            if not self.deliver_next(consumer):
                return False
            self.next_consumer += 1
            budget -= 1
        return False

    def deliver_next(self, consumer: Consumer) -> cython.bint:
        """The first ready message goes to a consumer that can take it; False: it is not here."""
        index: Index = self.index
        location: cython.ulonglong
        position: cython.ulonglong
        entry: cython.ulonglong
        chunk: Chunk
        at: cython.Py_ssize_t
        if not index.seek_ready():
            raise InvariantError("the count of ready messages is wrong")
        entry = index.cursor_entry()
        position = index.cursor_position()
        location = entry & LOCATION_MASK
        chunk = self.records.chunk_of(location)
        if chunk.buffer is None:
            self.want()
            return False
        at = location & OFFSET_MASK
        self.ready_count -= 1
        self.ready_bytes -= chunk.buffer.u32(at + BODY_LENGTH)
        if consumer.settled:
            index.take_away()
        else:
            index.take_unacked()
            self.unacked_count += 1
            consumer.unacked_count += 1
        consumer.deliver(chunk.buffer, at, position, (entry >> STATE_SHIFT & REDELIVERED) != 0)
        if consumer.settled:
            self.records.release_in(chunk, at)
        return True

    def settle(self, position: cython.ulonglong) -> cython.int:
        """An unacknowledged message is acknowledged, or rejected for good."""
        entry: cython.ulonglong
        if self.closed:
            return 0
        entry = self.index.remove(position)
        if entry == 0:
            raise InvariantError("a settled message was not there")
        self.unacked_count -= 1
        return self.records.release(entry & LOCATION_MASK)

    def requeue(self, position: cython.ulonglong) -> cython.int:
        """An unacknowledged message goes back to its own place."""
        location: cython.ulonglong
        chunk: Chunk
        if self.closed:
            return 0
        if not self.index.requeue(position):
            raise InvariantError("a requeued message was not there")
        location = self.index.entry(position) & LOCATION_MASK
        chunk = self.records.chunk_of(location)
        self.unacked_count -= 1
        self.ready_count += 1
        if chunk.buffer is None:
            self.index.unweigh(position)
        else:
            self.ready_bytes += chunk.buffer.u32((location & OFFSET_MASK) + BODY_LENGTH)
        return 0

    def weigh(self, position: cython.ulonglong, body_length: cython.Py_ssize_t) -> cython.int:
        """The record of the entry at a position is in memory again."""
        if self.index.weigh(position):
            self.ready_bytes += body_length
        return 0

    # -- what is not in memory

    def want(self) -> cython.int:
        """Its next records are to be brought back, unless some are on their way."""
        if not self.wants and self.readings == 0:
            self.wants = True
            self.wanting.append(self)
        return 0

    def is_due(self) -> cython.bint:
        """It has come so far that the next records should be on their way."""
        if self.wants or not self.active or not self.index.seek_ready():
            return False
        return self.index.cursor_position() >= self.recall_at

    def is_next_here(self) -> cython.bint:
        """Whether the next message's record is in memory; there is a next message."""
        if not self.index.seek_ready():
            raise InvariantError("the count of ready messages is wrong")
        location: cython.ulonglong = self.index.cursor_entry() & LOCATION_MASK
        return self.records.chunk_of(location).buffer is not None

    def await_next(self, waiter: Waiter) -> bool:
        """Has the next message's record brought back if it is not in memory.

        True: `waiter` is called when it is there, or the queue is not what it was.
        """
        if self.closed or self.ready_count == 0 or self.is_next_here():
            return False
        self.waiters.append(waiter)
        self.want()
        return True

    def take_waiters(self) -> list:
        waiters: list = self.waiters
        self.waiters = []
        return waiters

    def purge(self) -> int:
        """Drops all ready messages; returns how many."""
        count: cython.Py_ssize_t = self.ready_count
        location: cython.ulonglong
        while self.ready_count > 0:
            if not self.index.seek_ready():
                raise InvariantError("the count of ready messages is wrong")
            location = self.index.cursor_entry() & LOCATION_MASK
            self.index.take_away()
            self.ready_count -= 1
            self.records.release(location)
        self.ready_bytes = 0
        return count

    def close(self) -> None:
        """Drops everything; who still holds a message of this queue may settle it in vain."""
        self.purge()
        self.closed = True
        for position, _, location in self.index.entries():
            self.index.remove(position)
            self.records.release(location)
        self.unacked_count = 0
        self.consumers.clear()
        self.active.clear()
        if self.waiters and not self.wants:
            self.wants = True
            self.wanting.append(self)

    def add_consumer(self, consumer: Consumer) -> None:
        if self.consumers and consumer.priority != self.consumers[0].priority:
            self.ranked = True
        self.consumers.append(consumer)
        self.activate(consumer)

    def remove_consumer(self, consumer: Consumer) -> None:
        """It is sent nothing more; what it holds stays unacknowledged."""
        consumer.closed = True
        if consumer in self.consumers:
            self.consumers.remove(consumer)
        if consumer in self.active:
            place = self.active.index(consumer)
            del self.active[place]
            if place < self.next_consumer:
                self.next_consumer -= 1

    def park(self, consumer: Consumer) -> cython.int:
        """Takes the consumer whose turn it is out of the round until it is unparked."""
        del self.active[self.next_consumer]
        if consumer.has_credit():
            consumer.parked = FOR_OUTPUT
            consumer.output.waiting.append(consumer)
        else:
            consumer.parked = FOR_CREDIT
        return 0

    def unpark(self, consumer: Consumer) -> cython.bint:
        """Puts it back at the end of the round; True: there is something for it."""
        consumer.parked = IN_ROUND
        if consumer.closed:
            return False
        self.activate(consumer)
        return self.ready_count > 0

    def activate(self, consumer: Consumer) -> cython.int:
        """Puts it behind those of its priority."""
        other: Consumer
        place: cython.Py_ssize_t = len(self.active)
        if self.ranked:
            while place > 0:
                other = self.active[place - 1]
                if other.priority >= consumer.priority:
                    break
                place -= 1
        self.active.insert(place, consumer)
        return 0

    def round_size(self) -> cython.Py_ssize_t:
        """How many stand in the round: those of the highest priority that can take something."""
        first: Consumer
        other: Consumer
        size: cython.Py_ssize_t = len(self.active)
        if self.ranked and size > 0:
            first = self.active[0]
            other = self.active[size - 1]
            while other.priority != first.priority:
                size -= 1
                other = self.active[size - 1]
        return size
