"""What a queue's settings ask of its messages, as the engine does it.

Messages expire at the head only. Expired is what has been there for as long as it may, by its own
time to live or by the queue's, and has had its chance: what comes in is first offered to the
consumers, even if it may not stay at all.

    deliver:  serve the consumers -> what is there has had its chance -> drop what has expired

A queue that is too long drops its first messages, or refuses what is published to it; in both cases
only when no consumer can take anything. Ready messages count, not those that were delivered.

What dies goes where dead messages go, if the queue knows of such a place; to be read it has to be
in memory. A turn has time for a few of them; where that is not enough the rest waits at the head.
A message that was rejected and must wait goes back to its place, and dies when it is at the head.

The queue is touched when the head's time has come. To know that, its record has to have been in
memory once; the queue waits for it as for one that is to be delivered.

What has become of a message is decided here, and the log learns that it has gone. So a replay
neither asks the time nor knows any rules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

try:
    import cython
except ImportError:
    from leveret._cython_compat import cython

from leveret.engine.agenda import Agenda, Appointment
from leveret.engine.buffer import Buffer
from leveret.engine.chunk import Chunk
from leveret.engine.consumer import Consumer
from leveret.engine.dead_letters import (
    DELIVERY_LIMIT,
    EXPIRED,
    REJECTED,
    TOO_MANY,
    DeadLetters,
    dead_message,
)
from leveret.engine.errors import InvariantError
from leveret.engine.index import Index
from leveret.engine.levels import Levels
from leveret.engine.queue import Queue
from leveret.engine.rules import Rules

if cython.compiled:
    from cython.cimports.leveret.engine.agenda import Agenda, Appointment
    from cython.cimports.leveret.engine.buffer import Buffer
    from cython.cimports.leveret.engine.chunk import Chunk
    from cython.cimports.leveret.engine.consumer import FOR_TURN, Consumer
    from cython.cimports.leveret.engine.dead_letters import message_at, with_properties
    from cython.cimports.leveret.engine.index import Index
    from cython.cimports.leveret.engine.levels import Levels
    from cython.cimports.leveret.engine.queue import FAILED, KEEPS_ALL, Queue
    from cython.cimports.leveret.engine.queue import REJECTED as NOT_WANTED
    from cython.cimports.leveret.engine.records import ARRIVAL, BODY_LENGTH, EXPIRY
    from cython.cimports.leveret.engine.rules import Rules
else:
    from leveret.engine.consumer import FOR_TURN
    from leveret.engine.dead_letters import message_at, with_properties
    from leveret.engine.queue import FAILED, KEEPS_ALL
    from leveret.engine.queue import REJECTED as NOT_WANTED
    from leveret.engine.records import ARRIVAL, BODY_LENGTH, EXPIRY

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

    def __init__(
        self, queue: Queue, agenda: Agenda, contents: dict, touch: Callable[[], None]
    ) -> None:
        super().__init__()
        self.queue = queue
        self.agenda = agenda
        self.contents = contents
        self.appointment = Appointment(touch)
        self.expiring = False
        self.message_ttl = NEVER
        self.limited = False
        self.refusing = False
        self.count_max = COUNT_MAX
        self.bytes_max = COUNT_MAX
        self.dead_letters: DeadLetters | None = None
        self.burying_refused = False
        # Those at these positions die when they are at the head: reasons.
        self.doomed: dict[int, str] = {}
        self.quiet = False
        # Of messages that went back: how often they failed, and were delivered.
        self.counting = False
        self.failures_max = -1
        self.counts: dict[int, tuple[int, int]] = {}
        self.single = False
        self.active = cython.cast(Consumer, None)
        self.waiting: list[Consumer] = []
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

    def bury_with(self, dead_letters: DeadLetters | None, *, refused: bool = False) -> None:
        """What dies goes there; None: nowhere. So does what is `refused`."""
        self.dead_letters = dead_letters
        self.burying_refused = refused and dead_letters is not None

    def count_deliveries(self, failures_max: int) -> None:
        """Messages know how often they went back; so many may fail, -1: any number."""
        self.counting = True
        self.failures_max = failures_max

    def recount(
        self, position: cython.ulonglong, failures: cython.ulonglong, deliveries: cython.ulonglong
    ) -> None:
        """As it stands in the log."""
        self.counts[position] = (failures, deliveries)

    def log_counts(self) -> Iterator[None]:
        """Tells the log once more of all counts, one in each step."""
        for position in list(self.counts):
            self.log_count(position)
            yield

    def log_count(self, position: cython.ulonglong) -> cython.int:
        """What is known of the message there, if the log keeps it."""
        counts = self.counts.get(position)
        if counts is not None and self.queue.keeps == KEEPS_ALL:
            self.queue.journal.count(self.queue.identity, position, counts[0], counts[1])
        return 0

    def serve_one(self, single: bool) -> None:
        """One consumer is served, until it goes; for a queue that has none yet."""
        self.single = single

    def rank(self, highest: int | None) -> None:
        """Messages of a higher priority come first, up to this one; None: in the order they came.

        Messages that are there stay where they are.
        """
        if highest is not None:
            self.queue.have_levels()
        if self.queue.levels is not None:
            self.queue.levels.limit(highest or 0)

    def expires_some(self) -> None:
        """There is a message that does not stay for ever."""
        self.expiring = True

    # -- what the queue asks

    def accepts(self, body_length: cython.Py_ssize_t) -> cython.bint:
        if self.refusing:
            self.accepted = self.has_room(body_length)
            if not self.accepted and not self.quiet and self.queue.consumer_count > 0:
                self.quiet = True
                self.queue.serve()
                self.quiet = False
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
        self.mark_offered()
        return self.tidy()

    def deliver_next(self, consumer: Consumer) -> cython.bint:
        queue: Queue = self.queue
        if not self.clear_head():
            return False
        if queue.ready_count == 0:
            return False
        if not self.serving:  # it was asked for: who is first now may have to go
            self.agenda.arrange(self.appointment, self.agenda.now)
        if queue.levels is None and not self.counts:
            return queue.deliver_head(consumer)
        if not queue.index.seek_ready():
            raise InvariantError("the count of ready messages is wrong")
        position: cython.ulonglong = queue.index.cursor_position()
        counts = self.counts.get(position) if self.counts else None
        if counts is not None:
            return self.deliver_counted(consumer, position, counts[0], counts[1])
        if not queue.deliver_head(consumer):
            return False
        queue.left(position)
        return True

    def deliver_counted(
        self,
        consumer: Consumer,
        position: cython.ulonglong,
        failures: cython.ulonglong,
        deliveries: cython.ulonglong,
    ) -> cython.bint:
        """As Queue.deliver_head(), of a message that tells how often it went back."""
        queue: Queue = self.queue
        location: cython.ulonglong = queue.index.cursor_entry() & LOCATION_MASK
        chunk: Chunk = queue.records.chunk_of(location)
        if chunk.buffer is None:
            queue.want()
            return False
        at: cython.Py_ssize_t = location & OFFSET_MASK
        record: Buffer = self.counted(chunk.buffer, at, failures, deliveries)
        queue.ready_count -= 1
        queue.ready_bytes -= chunk.buffer.u32(at + BODY_LENGTH)
        if consumer.settled:
            queue.index.take_away()
        else:
            queue.index.take_unacked()
            queue.unacked_count += 1
            consumer.unacked_count += 1
        queue.left(position)
        consumer.deliver(record, 0, position, True)
        if consumer.settled:
            self.gone(position)
            queue.let_go(chunk, at, position)
        return True

    def counted(
        self,
        buffer: Buffer,
        at: cython.Py_ssize_t,
        failures: cython.ulonglong,
        deliveries: cython.ulonglong,
    ) -> Buffer:
        """The record with its counts among the properties, as far as its protocol can say that."""
        message = message_at(buffer, at)
        content = self.contents.get(message.protocol)
        properties = message.properties
        if content is not None:
            properties = content.counted(properties, failures, deliveries)
        return with_properties(buffer, at, properties)

    def is_next_here(self) -> cython.bint:
        queue: Queue = self.queue
        self.deliver()
        if not self.clear_head():
            queue.want()
            return False
        return queue.ready_count == 0 or queue.is_next_here()

    def give_back(self, position: cython.ulonglong, outcome: cython.int) -> cython.int:
        queue: Queue = self.queue
        if queue.closed:
            return 0
        if outcome == NOT_WANTED:
            return self.die(position, REJECTED)
        if self.counting:
            failures, deliveries = self.counts.get(position, (0, 0))
            failures += outcome == FAILED
            if 0 <= self.failures_max < failures:
                return self.die(position, DELIVERY_LIMIT)
            self.counts[position] = (failures, deliveries + 1)
            self.log_count(position)
        return queue.requeue(position)

    def die(self, position: cython.ulonglong, reason: str) -> cython.int:
        """The unacknowledged message does not go back."""
        if self.dead_letters is None:
            return self.queue.settle(position)
        return self.bury(position, reason)

    def gone(self, position: cython.ulonglong) -> cython.int:
        if self.doomed:
            self.doomed.pop(position, None)
        if self.counts:
            self.counts.pop(position, None)
        return 0

    def admits(self, consumer: Consumer) -> cython.bint:
        if not self.single:
            return True
        if self.active is None:
            self.active = consumer
            return True
        consumer.parked = FOR_TURN
        self.waiting.append(consumer)
        return False

    def successor(self, consumer: Consumer) -> Consumer:
        """Of those that wait the first of the highest priority."""
        waiting: Consumer
        best: Consumer = cython.cast(Consumer, None)
        if self.active is not consumer:
            if consumer.parked == FOR_TURN:
                self.waiting.remove(consumer)
            return cython.cast(Consumer, None)
        for waiting in self.waiting:
            if best is None or waiting.priority > best.priority:
                best = waiting
        self.active = best
        if best is not None:
            self.waiting.remove(best)
            self.agenda.arrange(self.appointment, self.agenda.now)
        return best

    def closed(self) -> cython.int:
        self.agenda.cancel(self.appointment)
        return 0

    # -- what is dropped

    def tidy(self) -> cython.bint:
        """Drops what is to go; True: there is more of it, for another turn."""
        if self.clear_head() and self.expiring and self.queue.ready_count > 0:
            self.agenda.arrange(self.appointment, self.head_deadline)
        if self.limited and not self.refusing:
            self.drop_excess()
        return self.drops_left == 0

    def drop_excess(self) -> cython.int:
        """Drops what is too much, from the head."""
        queue: Queue = self.queue
        while queue.ready_count > 0 and not self.fits():
            if not queue.index.seek_ready():
                raise InvariantError("the count of ready messages is wrong")
            if not self.drop_head(TOO_MANY):
                break
        return 0

    def fits(self) -> cython.bint:
        """It is not too long."""
        return self.queue.ready_count <= self.count_max and self.queue.ready_bytes <= self.bytes_max

    def clear_head(self) -> cython.bint:
        """Drops what is at the head and has to go; False: that is not all, or nobody knows yet."""
        queue: Queue = self.queue
        while queue.ready_count > 0 and (self.expiring or self.doomed):
            index: Index = queue.index
            if not index.seek_ready():
                raise InvariantError("the count of ready messages is wrong")
            reason = self.doomed.get(index.cursor_position()) if self.doomed else None
            if reason is None:
                if not self.expiring:
                    return True
                if not self.know_head(index):
                    return False
                if not self.has_expired():
                    return True
                reason = EXPIRED
            if not self.drop_head(reason):
                return False
        return True

    def has_expired(self) -> cython.bint:
        """The message at the head, of which is known how long it stays."""
        if self.head_deadline > self.agenda.now:
            return False
        levels: Levels = self.queue.levels
        if levels is not None:
            return levels.was_offered(self.head_position)
        return self.head_position < self.offered_until

    def mark_offered(self) -> cython.int:
        """All that is there has been offered to the consumers."""
        self.offered_until = self.queue.index.next_position
        if self.queue.levels is not None:
            self.queue.levels.mark_offered()
        return 0

    def drop_head(self, reason: str) -> cython.bint:
        """The message at the cursor dies; False: not in this turn, or not before it is here."""
        queue: Queue = self.queue
        if self.drops_left == 0:
            return False
        if self.dead_letters is not None:
            if self.quiet:
                return False
            location: cython.ulonglong = queue.index.cursor_entry() & LOCATION_MASK
            chunk: Chunk = queue.records.chunk_of(location)
            if chunk.buffer is None:
                queue.want()
                return False
            if self.agenda.letters_left == 0:
                self.drops_left = 0
                return False
            self.send_away(chunk, location & OFFSET_MASK, reason)
        self.drops_left -= 1
        queue.drop_head()
        return True

    def bury(self, position: cython.ulonglong, reason: str) -> cython.int:
        """The unacknowledged message dies; if not now, then when it is at the head."""
        queue: Queue = self.queue
        location: cython.ulonglong
        chunk: Chunk
        if queue.closed:
            return 0
        location = queue.index_at(position).entry(position) & LOCATION_MASK
        chunk = queue.records.chunk_of(location)
        if chunk.buffer is None or self.agenda.letters_left == 0:
            queue.requeue(position)
            self.doomed[position] = reason
            return self.agenda.arrange(self.appointment, self.agenda.now)
        self.send_away(chunk, location & OFFSET_MASK, reason)
        return queue.settle(position)

    def send_away(self, chunk: Chunk, at: cython.Py_ssize_t, reason: str) -> cython.int:
        """The queue serves nobody meanwhile: what is at its head stays there."""
        dead_letters = self.dead_letters
        self.agenda.letters_left -= 1
        if dead_letters is not None:
            self.quiet = True
            try:
                dead_letters.take(message_at(chunk.buffer, at), reason)
            finally:
                self.quiet = False
        return 0

    def send_refused(
        self, names: bytes, properties: bytes, body: bytes, priority: cython.int
    ) -> None:
        """A message that the queue has refused, and that goes where its dead ones go."""
        if self.dead_letters is not None:
            message = dead_message(names, properties, body, priority, 0)
            self.dead_letters.take(message, TOO_MANY)

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
