"""What a queue's settings ask of its messages, as the engine does it.

Messages expire at the head only. Expired is what has been there for as long as it may, by its own
time to live or by the queue's, and has had its chance: what comes in is first offered to the
consumers, even if it may not stay at all.

    deliver:  serve the consumers -> what is there has had its chance -> drop what has expired

A queue that is too long drops its first messages, or refuses what is published to it; in both cases
only when no consumer can take anything. Ready messages count, not those that were delivered.

The queue is touched when the head's time has come. To know that, its record has to have been in
memory once; the queue waits for it as for one that is to be delivered.

What has become of a message is decided here, and the log learns that it has gone. So a replay
neither asks the time nor knows any rules.
"""

from __future__ import annotations

from collections.abc import Callable

try:
    import cython
except ImportError:
    from leveret._cython_compat import cython

from leveret.engine.agenda import Agenda, Appointment
from leveret.engine.buffer import Buffer
from leveret.engine.consumer import Consumer
from leveret.engine.errors import InvariantError
from leveret.engine.index import Index
from leveret.engine.queue import Queue
from leveret.engine.records import Chunk
from leveret.engine.rules import Rules

if cython.compiled:
    from cython.cimports.leveret.engine.agenda import Agenda, Appointment
    from cython.cimports.leveret.engine.buffer import Buffer
    from cython.cimports.leveret.engine.consumer import Consumer
    from cython.cimports.leveret.engine.index import Index
    from cython.cimports.leveret.engine.queue import Queue
    from cython.cimports.leveret.engine.records import ARRIVAL, EXPIRY, Chunk
    from cython.cimports.leveret.engine.rules import Rules
else:
    from leveret.engine.records import ARRIVAL, EXPIRY

LOCATION_MASK = cython.declare(cython.ulonglong, 0x00FFFFFFFFFFFFFF)
OFFSET_MASK = cython.declare(cython.ulonglong, 0xFFFFFF)
# Later than every time, above every position.
NEVER = cython.declare(cython.ulonglong, 1 << 63)
COUNT_MAX = cython.declare(cython.Py_ssize_t, 0x7FFFFFFFFFFFFFFF)
# What one queue drops before the others have their turn: 0.2 ms.
DROPS_PER_TURN = cython.declare(cython.Py_ssize_t, 4096)


class QueueRules(Rules):
    """Those of one queue. `touch` has it looked after in the coming turn. Made by Shard.rules_of().

    `expiring`: there may be messages that do not stay for ever. `message_ttl` is the queue's own,
    milliseconds; NEVER: it has none. `limited`: it may hold `count_max` messages and `bytes_max`
    bytes of them, and if it is `refusing` no more get in.
    """

    def __init__(self, queue: Queue, agenda: Agenda, touch: Callable[[], None]) -> None:
        super().__init__()
        self.queue = queue
        self.agenda = agenda
        self.appointment = Appointment(touch)
        self.expiring = False
        self.message_ttl = NEVER
        self.limited = False
        self.refusing = False
        self.count_max = COUNT_MAX
        self.bytes_max = COUNT_MAX
        # Messages below have been offered to the consumers; of what came in this turn none has.
        self.offered_until = 0 if queue.dirty else queue.index.next_position
        self.serving = False
        # What is known of the message at the head.
        self.head_position = NEVER
        self.head_deadline = NEVER
        self.drops_left = DROPS_PER_TURN

    # -- what is asked for

    def limit_age(self, message_ttl: int | None) -> None:
        """Messages stay for so many milliseconds; None: as long as they themselves want."""
        self.message_ttl = NEVER if message_ttl is None else message_ttl
        self.expiring = self.expiring or message_ttl is not None
        self.head_position = NEVER

    def limit_length(
        self, *, count_max: int | None, bytes_max: int | None, refusing: bool = False
    ) -> None:
        """So many messages, and bytes of their bodies, may be ready; None: any number."""
        self.limited = count_max is not None or bytes_max is not None
        self.refusing = refusing and self.limited
        self.count_max = COUNT_MAX if count_max is None else min(count_max, COUNT_MAX)
        self.bytes_max = COUNT_MAX if bytes_max is None else min(bytes_max, COUNT_MAX)
        self.accepted = True

    def expires_some(self) -> None:
        """There is a message that does not stay for ever."""
        self.expiring = True

    # -- what the queue asks

    def accepts(self, body_length: cython.Py_ssize_t) -> cython.bint:
        if self.refusing:
            self.accepted = self.has_room(body_length)
            if not self.accepted and self.queue.consumer_count > 0:
                self.queue.serve()
                self.accepted = self.has_room(body_length)
        return self.accepted

    def has_room(self, body_length: cython.Py_ssize_t) -> cython.bint:
        queue: Queue = self.queue
        return (
            queue.ready_count < self.count_max and queue.ready_bytes + body_length <= self.bytes_max
        )

    def deliver(self) -> cython.bint:
        queue: Queue = self.queue
        more: cython.bint
        if queue.held_count > 0:
            return False
        self.drops_left = DROPS_PER_TURN
        self.serving = True
        more = queue.serve()
        self.serving = False
        if more:
            return True
        self.offered_until = queue.index.next_position
        return self.tidy()

    def deliver_next(self, consumer: Consumer) -> cython.bint:
        if self.expiring and not self.expire():
            return False
        if self.queue.ready_count == 0:
            return False
        if not self.serving:  # it was asked for: who is first now may have to go
            self.agenda.arrange(self.appointment, self.agenda.now)
        return self.queue.deliver_head(consumer)

    def is_next_here(self) -> cython.bint:
        queue: Queue = self.queue
        self.deliver()
        if self.expiring and not self.expire():
            queue.want()
            return False
        return queue.ready_count == 0 or queue.is_next_here()

    def gone(self, position: cython.ulonglong) -> cython.int:
        return 0

    def closed(self) -> cython.int:
        self.agenda.cancel(self.appointment)
        return 0

    # -- what is dropped

    def tidy(self) -> cython.bint:
        """Drops what is to go; True: there is more of it."""
        if self.expiring and self.expire() and self.queue.ready_count > 0:
            self.agenda.arrange(self.appointment, self.head_deadline)
        if self.limited and not self.refusing:
            self.drop_excess()
        return self.drops_left == 0

    def fits(self) -> cython.bint:
        """It is not too long."""
        return self.queue.ready_count <= self.count_max and self.queue.ready_bytes <= self.bytes_max

    def drop_excess(self) -> cython.int:
        """Drops what is too much, from the head."""
        queue: Queue = self.queue
        while queue.ready_count > 0 and not self.fits():
            if self.drops_left == 0:
                return 0
            if not queue.index.seek_ready():
                raise InvariantError("the count of ready messages is wrong")
            self.drops_left -= 1
            queue.drop_head()
        return 0

    def expire(self) -> cython.bint:
        """Drops what has expired at the head; False: that is not all, or nobody knows yet."""
        queue: Queue = self.queue
        index: Index = queue.index
        while queue.ready_count > 0:
            if not index.seek_ready():
                raise InvariantError("the count of ready messages is wrong")
            if not self.know_head(index):
                return False
            if self.head_deadline > self.agenda.now or self.head_position >= self.offered_until:
                return True
            if self.drops_left == 0:
                return False
            self.drops_left -= 1
            queue.drop_head()
        return True

    def know_head(self, index: Index) -> cython.bint:
        """Whether it is known how long the message at the cursor stays; else it will be."""
        position: cython.ulonglong = index.cursor_position()
        location: cython.ulonglong
        chunk: Chunk
        if position == self.head_position:
            return True
        location = index.cursor_entry() & LOCATION_MASK
        chunk = self.queue.records.chunk_of(location)
        if chunk.buffer is None:
            self.queue.want()
            return False
        self.head_position = position
        self.head_deadline = self.deadline_of(chunk.buffer, location & OFFSET_MASK)
        return True

    def deadline_of(self, buffer: Buffer, at: cython.Py_ssize_t) -> cython.ulonglong:
        """When the message there is to go, at the latest."""
        deadline: cython.ulonglong = buffer.u64(at + EXPIRY)
        if deadline == 0:
            deadline = NEVER
        if self.message_ttl != NEVER:
            deadline = min(deadline, buffer.u64(at + ARRIVAL) + self.message_ttl)
        return deadline
