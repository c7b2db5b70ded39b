"""A queue: positions in order, and the consumers that take turns at them.

    enqueue -> ready --deliver--> unacknowledged --settle--> gone
                 ^                     |
                 +------ requeue ------+

Consumers with credit and room in their output stand in their rounds and are served one message
each, in turn (rounds.py). One that can take nothing is parked, and costs nothing until it is
unparked.

The next message's record may not be in memory. Then the queue puts itself on its shard's list of
those that want something, delivers nothing, and is touched when the record is there (recall.py).

What only some queues do, and under which conditions a message goes out or is dropped, is said by
`rules`; most have none (queue_rules.py).
"""

from __future__ import annotations

try:
    import cython
except ImportError:
    from leveret._cython_compat import cython

from leveret.engine.chores import Chore
from leveret.engine.chunk import Chunk
from leveret.engine.consumer import Consumer
from leveret.engine.errors import InvariantError
from leveret.engine.index import Index
from leveret.engine.journal import Journal
from leveret.engine.levels import Levels
from leveret.engine.pages import Page, PagePool
from leveret.engine.records import Records
from leveret.engine.rounds import Rounds
from leveret.engine.rules import Rules

if cython.compiled:
    from cython.cimports.leveret.engine.chores import Chore
    from cython.cimports.leveret.engine.chunk import ORDINARY, Chunk
    from cython.cimports.leveret.engine.consumer import (
        FOR_CREDIT,
        FOR_OUTPUT,
        FOR_TURN,
        IN_ROUND,
        Consumer,
    )
    from cython.cimports.leveret.engine.index import REDELIVERED, UNWEIGHED, Index
    from cython.cimports.leveret.engine.journal import Journal
    from cython.cimports.leveret.engine.levels import LEVEL_SHIFT, Levels
    from cython.cimports.leveret.engine.pages import PAGE_SLOTS, Page, PagePool
    from cython.cimports.leveret.engine.records import BODY_LENGTH, PRIORITY, Records
    from cython.cimports.leveret.engine.rounds import Rounds
    from cython.cimports.leveret.engine.rules import Rules
else:
    from leveret.engine.chunk import ORDINARY
    from leveret.engine.consumer import FOR_CREDIT, FOR_OUTPUT, FOR_TURN, IN_ROUND
    from leveret.engine.index import REDELIVERED, UNWEIGHED
    from leveret.engine.levels import LEVEL_SHIFT
    from leveret.engine.pages import PAGE_SLOTS
    from leveret.engine.records import BODY_LENGTH, PRIORITY

    KEEPS_NOTHING = 0
    KEEPS_PERSISTENT = 1
    KEEPS_ALL = 2
    # What becomes of an unacknowledged message: it has been dealt with; it goes back, and nobody
    # is to blame; it goes back because dealing with it failed; it is not wanted.
    ACCEPTED = 0
    RELEASED = 1
    FAILED = 2
    REJECTED = 3

STATE_SHIFT = cython.declare(cython.int, 56)
STATE_MASK = cython.declare(cython.int, 7)
LOCATION_MASK = cython.declare(cython.ulonglong, 0x00FFFFFFFFFFFFFF)
OFFSET_MASK = cython.declare(cython.ulonglong, 0xFFFFFF)
NUMBER_SHIFT = cython.declare(cython.int, 9)
# Above every position.
NEVER = cython.declare(cython.ulonglong, 1 << 63)
# No bounds: all of it.
LAST_POSITION = cython.declare(cython.ulonglong, 0xFFFFFFFFFFFFFFFF)
# No position, but for each level where it ended when it was asked.
WHERE_MARKED = cython.declare(cython.ulonglong, 0xFFFFFFFFFFFFFFFE)
COUNT_MAX = cython.declare(cython.Py_ssize_t, 0x7FFFFFFFFFFFFFFF)
# 0.2 ms of one queue's deliveries before the others have theirs.
MESSAGES_PER_TURN = cython.declare(cython.Py_ssize_t, 4096)


class Queue:
    """One queue's messages and consumers. Made by Shard.open_queue().

    `ready_bytes` lacks what was requeued while its record was not in memory, until it is again;
    where such records are purged it is an estimate, until the queue is empty. `keeps` says what
    the log keeps of its messages. `identity` is what it is known by there: its number, and above
    it how many queues were kept before, so that no other ever has the same. The identity of a
    queue of which nothing is kept is its number.
    """

    def __init__(
        self,
        number: int,
        records: Records,
        journal: Journal | None,
        pages: PagePool,
        wanting: list,
    ) -> None:
        self.number = number
        self.identity = number
        self.records = records
        self.journal = cython.cast(Journal, journal)
        self.keeps = KEEPS_NOTHING
        self.settled_batch = 0
        self.settled_at = 0
        self.settled_last = 0
        self.index = Index(pages)
        self.page_pool = pages
        self.rounds = Rounds()
        self.rules = cython.cast(Rules, None)
        self.levels = cython.cast(Levels, None)  # with rules only
        self.consumer_count = 0
        self.ready_count = 0
        self.ready_bytes = 0
        self.unacked_count = 0
        self.dirty = False
        self.held_count = 0
        self.closed = False
        # What is known of the way back of its records; recall.py has the say.
        self.wanting = wanting
        self.wants = False
        self.readings = 0
        self.asked_until = 0
        self.welcome_until = 0
        self.recall_at = NEVER
        self.last_recall = 0
        self.waiters: list[Chore] = []

    def accepts(self, body_length: cython.Py_ssize_t) -> cython.bint:
        """False: the queue is full and refuses a message of this length."""
        return self.rules is None or self.rules.accepts(body_length)

    def accepted(self) -> cython.bint:
        """What accepts() has said last: asked again it might serve consumers once more."""
        return self.rules is None or self.rules.accepted

    def keep(self, keeps: cython.int, identity: cython.ulonglong) -> None:
        """From now on the log keeps messages of this queue; for Shard.keep_queue()."""
        self.keeps = keeps
        self.identity = identity

    def restore(
        self,
        position: cython.ulonglong,
        location: cython.ulonglong,
        body_length: cython.Py_ssize_t,
        redelivered: cython.bint,
    ) -> cython.bint:
        """The log has this message at a position; False: it has it elsewhere, too."""
        index: Index = self.index_for(position)
        if position >= index.next_position:
            index.next_position = position
            index.append(location)
        elif not index.put(position, location):
            return False
        self.ready_count += 1
        self.ready_bytes += body_length
        if redelivered:
            index.mark_redelivered(position)
        if self.levels is not None:
            self.levels.came(position)
            self.index = self.levels.head
        return True

    def index_at(self, position: cython.ulonglong) -> Index:
        """The index that a position is in."""
        return self.index if self.levels is None else self.levels.index_at(position)

    def relocate(
        self, position: cython.ulonglong, old: cython.ulonglong, new: cython.ulonglong
    ) -> cython.bint:
        """As Index.relocate()."""
        return self.index_at(position).relocate(position, old, new)

    def index_for(self, position: cython.ulonglong) -> Index:
        """The same, for a position of a level that the queue may have none of yet."""
        if self.levels is None and position >> LEVEL_SHIFT > 0:
            self.have_levels()
        return self.index_at(position)

    def have_levels(self) -> None:
        """From now on messages may stand in levels."""
        if self.levels is None:
            self.levels = Levels(self.index, self.ready_count, self.page_pool)

    def forget(self, first: cython.ulonglong, last: cython.ulonglong) -> cython.int:
        """The log has it that these are gone; those that are not there went before."""
        index: Index = self.index_for(first)
        last_page: cython.ulonglong = last >> NUMBER_SHIFT
        page: Page = index.page_within(first >> NUMBER_SHIFT, last_page)
        begin: cython.ulonglong
        position: cython.ulonglong
        entry: cython.ulonglong
        while page is not None:
            begin = page.number << NUMBER_SHIFT
            for position in range(max(first, begin), min(last + 1, begin + PAGE_SLOTS)):
                entry = index.remove(position)
                if entry != 0:
                    self.lighten(entry)
                    self.ready_count -= 1
                    self.records.release(entry & LOCATION_MASK)
                    self.left(position)
                    if self.rules is not None:
                        self.rules.gone(position)
            page = index.page_within((begin >> NUMBER_SHIFT) + 1, last_page)
        index.next_position = max(index.next_position, last + 1)
        return 0

    def enqueue(
        self, location: cython.ulonglong, body_length: cython.Py_ssize_t
    ) -> cython.ulonglong:
        """Takes a record in behind all others; returns its position."""
        self.ready_count += 1
        self.ready_bytes += body_length
        if self.levels is not None:
            return self.append_to_level(location)
        return self.index.append(location)

    def append_to_level(self, location: cython.ulonglong) -> cython.ulonglong:
        """Behind all others of its priority."""
        chunk: Chunk = self.records.chunk_of(location)
        priority: cython.int = chunk.buffer.u8((location & OFFSET_MASK) + PRIORITY)
        position: cython.ulonglong = self.levels.append(priority, location)
        self.index = self.levels.head
        return position

    def left(self, position: cython.ulonglong) -> cython.int:
        """What stood there was ready, and is not any more: another level may be next."""
        if self.levels is not None:
            self.levels.went(position)
            self.index = self.levels.head
        return 0

    def deliver(self) -> cython.bint:
        """Hands ready messages to consumers; True: there is more for another turn."""
        if self.rules is not None:
            return self.rules.deliver()
        return self.serve()

    def serve(self) -> cython.bint:
        """Hands ready messages to those who can take some; True: one turn has no time for more."""
        rounds: Rounds = self.rounds
        consumer: Consumer
        budget: cython.Py_ssize_t = MESSAGES_PER_TURN
        if self.held_count > 0:
            return False
        while self.ready_count > 0:
            consumer = rounds.top.turn
            if consumer is None:  # most often there is one consumer, which has just had its turn
                consumer = rounds.top.head
            if consumer is None:
                consumer = rounds.whose_turn()
            if consumer is None:
                return False
            if budget == 0:
                return True
            if not consumer.has_credit() or consumer.output.is_full():
                self.park(consumer)
                continue
            rounds.top.turn = consumer.next
            if not self.deliver_next(consumer):
                rounds.top.turn = consumer
                return False
            budget -= 1
        return False

    def deliver_next(self, consumer: Consumer) -> cython.bint:
        """The first ready message goes to a consumer that can take it; False: it is not here."""
        if self.rules is not None:
            return self.rules.deliver_next(consumer)
        return self.deliver_head(consumer)

    def deliver_head(self, consumer: Consumer) -> cython.bint:
        """The same, whatever the rules say of the message."""
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
            self.let_go(chunk, at, position)
        return True

    def give_back(self, position: cython.ulonglong, outcome: cython.int) -> cython.int:
        """An unacknowledged message is not accepted."""
        if self.rules is not None:
            return self.rules.give_back(position, outcome)
        return self.settle(position) if outcome == REJECTED else self.requeue(position)

    def settle(self, position: cython.ulonglong) -> cython.int:
        """An unacknowledged message is gone."""
        entry: cython.ulonglong
        if self.closed:
            return 0
        if self.rules is None:
            entry = self.index.remove(position)
        else:
            self.rules.gone(position)
            entry = self.index_at(position).remove(position)
        if entry == 0:
            raise InvariantError("a settled message was not there")
        self.unacked_count -= 1
        return self.let_go(
            self.records.chunk_of(entry & LOCATION_MASK), entry & OFFSET_MASK, position
        )

    def let_go(self, chunk: Chunk, at: cython.Py_ssize_t, position: cython.ulonglong) -> cython.int:
        """The record is not the queue's any more, and if the log keeps it, it is told so."""
        if chunk.kind != ORDINARY and self.keeps != KEEPS_NOTHING:
            self.log_settled(chunk, at, position)
        return self.records.release_in(chunk, at)

    def log_settled(
        self, chunk: Chunk, at: cython.Py_ssize_t, position: cython.ulonglong
    ) -> cython.int:
        """One record of the log says it of a run of positions that are settled in order.

        It must not stand before the message that it speaks of.
        """
        journal: Journal = self.journal
        if (
            self.settled_batch == journal.number
            and position == self.settled_last + 1
            and (chunk is not journal.chunk or at < self.settled_at)
        ):
            journal.extend(self.settled_at, position)
        else:
            self.settled_at = journal.settle(self.identity, position)
            self.settled_batch = journal.number
        self.settled_last = position
        return 0

    def requeue(self, position: cython.ulonglong) -> cython.int:
        """An unacknowledged message goes back to its own place."""
        location: cython.ulonglong
        chunk: Chunk
        if self.closed:
            return 0
        index: Index = self.index_at(position)
        if not index.requeue(position):
            raise InvariantError("a requeued message was not there")
        location = index.entry(position) & LOCATION_MASK
        chunk = self.records.chunk_of(location)
        self.unacked_count -= 1
        self.ready_count += 1
        if chunk.buffer is None:
            index.unweigh(position)
        else:
            self.ready_bytes += chunk.buffer.u32((location & OFFSET_MASK) + BODY_LENGTH)
        if self.levels is not None:
            self.levels.came(position)
            self.index = self.levels.head
        return 0

    def weigh(self, position: cython.ulonglong, body_length: cython.Py_ssize_t) -> cython.int:
        """The record of the entry at a position is in memory again."""
        if self.index_at(position).weigh(position):
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
        if self.wants or self.rounds.top.head is None or not self.index.seek_ready():
            return False
        return self.index.cursor_position() >= self.recall_at

    def is_next_here(self) -> cython.bint:
        """Whether the next message's record is in memory; there is a next message."""
        if not self.index.seek_ready():
            raise InvariantError("the count of ready messages is wrong")
        location: cython.ulonglong = self.index.cursor_entry() & LOCATION_MASK
        return self.records.chunk_of(location).buffer is not None

    def await_next(self) -> Chore | None:
        """Has the next message's record brought back if it is not in memory.

        None: it is, or there is none. What is returned is done when it may be there, in a turn's
        beginning, or when the queue is not what it was.
        """
        if self.rules is not None and not self.closed:
            if self.rules.is_next_here():
                return None
        elif self.closed or self.ready_count == 0 or self.is_next_here():
            return None
        chore: Chore = Chore(others_do_it)
        self.waiters.append(chore)
        self.want()
        return chore

    def take_waiters(self) -> list:
        waiters: list = self.waiters
        self.waiters = []
        return waiters

    def purge(
        self, end: cython.ulonglong = LAST_POSITION, count_max: cython.Py_ssize_t = COUNT_MAX
    ) -> int:
        """Drops ready messages before position `end`, so many at the most; returns how many."""
        count: cython.Py_ssize_t = 0
        if self.levels is not None:
            return self.purge_levels(end, count_max)
        while self.ready_count > 0 and count < count_max:
            if not self.index.seek_ready():
                raise InvariantError("the count of ready messages is wrong")
            if self.index.cursor_position() >= end:
                break
            self.drop_head()
            count += 1
        return count

    def end(self) -> int:
        """Where those messages end that are there now, for purge(); it is asked once at a time."""
        if self.levels is None:
            return self.index.next_position
        self.levels.mark_ends()
        return WHERE_MARKED

    def purge_levels(self, end: cython.ulonglong, count_max: cython.Py_ssize_t) -> int:
        """The same, level by level; WHERE_MARKED: each as far as it went then."""
        count: cython.Py_ssize_t = 0
        index: Index
        for index in self.levels.every():
            while count < count_max and index.seek_ready():
                if end != LAST_POSITION and not self.levels.is_marked(index.cursor_position()):
                    break
                self.index = index
                self.drop_head()
                count += 1
        return count

    def drop_head(self) -> cython.int:
        """The ready message at the cursor is gone, wherever its record is."""
        entry: cython.ulonglong = self.index.cursor_entry()
        position: cython.ulonglong = self.index.cursor_position()
        self.lighten(entry)
        self.index.take_away()
        self.ready_count -= 1
        if self.ready_count == 0:
            self.ready_bytes = 0
        if self.rules is not None:
            self.rules.gone(position)
            self.left(position)
        return self.let_go(
            self.records.chunk_of(entry & LOCATION_MASK), entry & OFFSET_MASK, position
        )

    def lighten(self, entry: cython.ulonglong) -> cython.int:
        """Counts a ready message's bytes no more, or the mean where its record is not in memory."""
        chunk: Chunk = self.records.chunk_of(entry & LOCATION_MASK)
        if chunk.buffer is not None:
            self.ready_bytes -= chunk.buffer.u32((entry & OFFSET_MASK) + BODY_LENGTH)
        elif entry >> STATE_SHIFT & UNWEIGHED == 0:
            self.ready_bytes -= self.ready_bytes // self.ready_count
        return 0

    def log_dropped(self, key: bytes | None = None) -> None:
        """The log learns that the queue goes, and its definition, before the messages do.

        It is told nothing of the queue any more.
        """
        if self.keeps != KEEPS_NOTHING:
            self.journal.drop(self.identity, key)
            self.keeps = KEEPS_NOTHING

    def close(self) -> None:
        """Who still holds a message of this queue may settle it in vain.

        What is in it stays until empty() has taken it out.
        """
        self.log_dropped()
        self.closed = True
        if self.rules is not None:
            self.rules.closed()
            self.rules = cython.cast(Rules, None)
        self.ready_count = 0
        self.ready_bytes = 0
        self.unacked_count = 0
        self.rounds.clear()
        self.consumer_count = 0
        for index in self.indexes():
            index.rewind()
        if self.waiters and not self.wants:
            self.wants = True
            self.wanting.append(self)

    def empty(self, count_max: cython.Py_ssize_t) -> int:
        """Drops so much of a closed queue at the most; returns how much."""
        count: cython.Py_ssize_t = 0
        entry: cython.ulonglong
        index: Index
        for index in self.indexes():
            while count < count_max:
                entry = index.take_any()
                if entry == 0:
                    break
                self.records.release(entry & LOCATION_MASK)
                count += 1
        return count

    def indexes(self) -> list:
        """All there are."""
        return [self.index] if self.levels is None else self.levels.every()

    def delivered_runs(self) -> list[tuple[int, int]]:
        """As Index.delivered_runs(), of all positions."""
        return [run for index in self.indexes() for run in index.delivered_runs()]

    def add_consumer(self, consumer: Consumer) -> None:
        self.consumer_count += 1
        if self.rules is None or self.rules.admits(consumer):
            self.rounds.join(consumer)

    def remove_consumer(self, consumer: Consumer) -> None:
        """It is sent nothing more; what it holds stays unacknowledged."""
        if consumer.closed:
            return
        consumer.closed = True
        if not self.closed:
            self.consumer_count -= 1
            if consumer.parked == IN_ROUND:
                self.rounds.step_out(consumer)
            if consumer.parked != FOR_TURN:
                self.rounds.leave(consumer)
            if self.rules is not None:
                self.succeed(self.rules.successor(consumer))

    def succeed(self, successor: Consumer | None) -> cython.int:
        """It has waited for its turn, if there is one."""
        if successor is not None:
            successor.parked = IN_ROUND
            self.rounds.join(successor)
        return 0

    def park(self, consumer: Consumer) -> cython.int:
        """Takes it out of its round until it is unparked."""
        self.rounds.step_out(consumer)
        if consumer.has_credit():
            consumer.parked = FOR_OUTPUT
            consumer.output.waiting.append(consumer)
        else:
            consumer.parked = FOR_CREDIT
        return 0

    def unpark(self, consumer: Consumer) -> cython.bint:
        """Puts it back at the end of its round; True: there is something for it."""
        consumer.parked = IN_ROUND
        if consumer.closed or self.closed:
            return False
        self.rounds.enter(consumer)
        return self.ready_count > 0


def others_do_it(count_max: int) -> int:
    raise InvariantError("a chore was begun that others finish")


def named_queue(queues: list, number: cython.Py_ssize_t) -> Queue:
    """The queue that a record names, or None: there is none of this number now."""
    if number >= len(queues):
        return cython.cast(Queue, None)
    return cython.cast(Queue, queues[number])
