"""One loop's share of the broker: its queues, their records, and what is left to do this turn.

A turn: peers are read, which enqueues and settles; then turn() goes on with what is too long for
one turn, delivers from the queues that changed and lets channels write the confirms they owe; then
what take_outputs() names is sent.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

try:
    import cython
except ImportError:
    from leveret._cython_compat import cython

from leveret.engine.agenda import Agenda
from leveret.engine.buffer import Buffer
from leveret.engine.chores import Chore, Chores
from leveret.engine.chunk import Chunk
from leveret.engine.dead_letters import DIED
from leveret.engine.errors import InvariantError
from leveret.engine.forward import Forward
from leveret.engine.guests import Guests
from leveret.engine.journal import Journal
from leveret.engine.memory import Memory
from leveret.engine.moves import Moves
from leveret.engine.nearness import Nearness
from leveret.engine.output import Output, Outputs
from leveret.engine.pages import PagePool
from leveret.engine.queue import Queue
from leveret.engine.reading import Reading
from leveret.engine.recall import Recall
from leveret.engine.records import Records
from leveret.engine.route import Route
from leveret.engine.rulebook import Rulebook
from leveret.engine.spill import Spill
from leveret.engine.store import LogReader, Store

if cython.compiled:
    from cython.cimports.leveret.engine.agenda import Agenda
    from cython.cimports.leveret.engine.buffer import Buffer
    from cython.cimports.leveret.engine.chores import Chore, Chores
    from cython.cimports.leveret.engine.chunk import GUESTS, Chunk
    from cython.cimports.leveret.engine.forward import Forward
    from cython.cimports.leveret.engine.guests import Guests
    from cython.cimports.leveret.engine.journal import SETTLE_BYTES, Journal
    from cython.cimports.leveret.engine.memory import Memory
    from cython.cimports.leveret.engine.moves import Moves
    from cython.cimports.leveret.engine.nearness import Nearness
    from cython.cimports.leveret.engine.output import Output, Outputs
    from cython.cimports.leveret.engine.pages import PagePool
    from cython.cimports.leveret.engine.queue import KEEPS_ALL, KEEPS_PERSISTENT, Queue
    from cython.cimports.leveret.engine.reading import Reading
    from cython.cimports.leveret.engine.recall import Recall
    from cython.cimports.leveret.engine.records import (
        Records,
        record_bytes,
    )
    from cython.cimports.leveret.engine.route import Route, names_of
    from cython.cimports.leveret.engine.rulebook import Rulebook
    from cython.cimports.leveret.engine.spill import Spill
else:
    from leveret.engine.chunk import GUESTS
    from leveret.engine.journal import SETTLE_BYTES
    from leveret.engine.queue import KEEPS_ALL, KEEPS_PERSISTENT
    from leveret.engine.records import (
        record_bytes,
    )
    from leveret.engine.route import names_of

# The largest read: what a peer of large messages is read at once.
RECEIVE_BYTES_MAX = 512 * 1024
# In front of it, what the read before has left unfinished: less than a frame of common size. For a
# larger one there is a larger buffer from then on.
REST_BYTES_MAX = 136 * 1024
OFFSET_BITS = cython.declare(cython.int, 24)
NEVER = cython.declare(cython.ulonglong, 1 << 63)
# Delivered in one turn by all queues: some two milliseconds, whatever their number.
DELIVERIES_PER_TURN = cython.declare(cython.Py_ssize_t, 16384)
DELIVERED_BYTES_PER_TURN = cython.declare(cython.Py_ssize_t, 4 * 1024 * 1024)
# Where a queue that delivers has so much ready, those who flood get half as much of a turn; at
# twice as much a quarter, and so on. Small enough that the consumer's processor cache is not lost.
BACKLOG_BYTES = cython.declare(cython.Py_ssize_t, 32 * 1024 * 1024)
# What a ready message takes beside its body: its record's head, its names, its place.
READY_BYTES = cython.declare(cython.Py_ssize_t, 100)
# One read of small messages in eight turns.
HALVINGS_MAX = cython.declare(cython.int, 6)
# More than any broker here has memory for; what is above stands in a log that is broken.
QUEUES_MAX = cython.declare(cython.Py_ssize_t, 1 << 26)
COUNT_MAX = cython.declare(cython.Py_ssize_t, 0x7FFFFFFFFFFFFFFF)
# The upper half of a queue's identity.
INCARNATIONS_MAX = cython.declare(cython.ulonglong, 0xFFFFFFFF)
# A queue's number within its identity.
NUMBER_MASK = cython.declare(cython.ulonglong, 0xFFFFFFFF)


class Owing(Protocol):
    """A channel, for all that a turn needs to know of it."""

    def share_credit(self) -> None:
        """Has those of its consumers served that have credit again."""

    def write_confirms(self) -> None:
        """Writes what is owed."""

    def became_durable(self, batch: int) -> bool:
        """So many batches of the log are durable; False: the channel waits for none any more."""


class Shard:
    """Queues, records, pools. No globals: two brokers in one process are two shards."""

    def __init__(
        self, seed: int = 0, memory: Memory | None = None, *, journal: bool = False
    ) -> None:
        self.seed = seed
        self.memory = Memory() if memory is None else memory
        self.records = Records(self.memory)
        self.journal = Journal(self.records) if journal else cython.cast(Journal, None)
        self.incarnations = 0  # numbers that were given to what is kept, ever
        self.logged = False
        self.batch = 0
        self.waiting: list[Owing] = []
        self.pages = PagePool(self.memory)
        self.outputs = Outputs(self.memory)
        self.queues: list[Queue | None] = []
        self.emptying: dict[int, Queue] = {}
        self.free_numbers: list[int] = []
        self.chores = Chores()
        self.agenda = Agenda()
        self.contents: dict[int, Any] = {}  # what the model knows of each protocol's messages
        self.rulebook = Rulebook(self.agenda, self.contents, cython.cast(object, self).touch)
        self.dirty: list[Queue] = []
        self.spill = Spill(self.records, Nearness(self.queues))
        self.moves = Moves(self.records, self.queues, self.emptying)
        self.guests = Guests(self.records, self.moves, Nearness(self.queues), Nearness(self.queues))
        self.recall = Recall(self.records, self.queues, self.guests)
        self.forward = Forward(self.records, self.queues)
        self.sharing: list[Owing] = []
        self.owing: list[Owing] = []
        self.calls: list[Callable[[], None]] = []
        self.refused = False
        self.work = 0  # places in queues that were filled, ever
        self.halvings = 0
        self.publishers: dict[object, None] = {}
        self.held: list[object] = []
        self.resumed: list[object] = []
        self.receive = Buffer(REST_BYTES_MAX + RECEIVE_BYTES_MAX)

    def open_queue(self) -> Queue:
        """An empty queue with a number that no other open queue has."""
        number = self.free_numbers.pop() if self.free_numbers else len(self.queues)
        queue = Queue(number, self.records, self.journal, self.pages, self.recall.wanting)
        if number == len(self.queues):
            self.queues.append(queue)
        else:
            self.queues[number] = queue
        return queue

    def keep_queue(self, queue: Queue, *, everything: bool) -> None:
        """From now on the log keeps the queue's messages: all, or the persistent ones."""
        if self.journal is None:
            raise InvariantError("there is no log to keep messages in")
        incarnation: cython.ulonglong = self.new_incarnation()
        queue.keep(KEEPS_ALL if everything else KEEPS_PERSISTENT, incarnation << 32 | queue.number)

    def new_incarnation(self) -> int:
        """A number that nothing else that was kept has or had."""
        if self.incarnations >= INCARNATIONS_MAX:
            raise InvariantError("there are no more numbers for what is kept")
        self.incarnations += 1
        return self.incarnations

    def skip_incarnations(self, given: int) -> None:
        """The numbers up to this one may have been given."""
        self.incarnations = max(self.incarnations, given)

    def reopen_queue(self, identity: cython.ulonglong) -> Queue:
        """The queue of which the log has something, empty at first. Nothing else was opened yet."""
        number: cython.Py_ssize_t = identity & NUMBER_MASK
        if number >= QUEUES_MAX:
            raise InvariantError("a queue's number is too large")
        while len(self.queues) <= number:
            self.queues.append(None)
        if self.queues[number] is not None:
            raise InvariantError("two queues have one number")
        queue = Queue(number, self.records, self.journal, self.pages, self.recall.wanting)
        queue.keep(KEEPS_PERSISTENT, identity)
        self.queues[number] = queue
        self.skip_incarnations(identity >> 32)
        return queue

    def drop_reopened(self, queue: Queue) -> None:
        """Drops a queue, all at once: no route leads there, and nobody waits meanwhile."""
        queue.close()
        queue.empty(COUNT_MAX)
        self.queues[queue.number] = None

    def free_the_rest(self) -> None:
        """All queues have been reopened: the other numbers are free."""
        self.free_numbers = [number for number, queue in enumerate(self.queues) if queue is None]

    def log_delivered(self) -> None:
        """All ends well: the log learns which of the messages that it keeps were delivered."""
        for queue in self.queues:
            if queue is not None and queue.keeps:
                for first, last in queue.delivered_runs():
                    self.journal.redeliver(queue.identity, first, last)

    def close_queue(self, queue: Queue, after: Chore | None = None) -> None:
        """Drops all that the queue holds.

        Its number is used again when it is empty and `after` is done: routes may lead to it until
        then, and no longer.
        """
        if queue.closed:
            return
        queue.close()
        self.queues[queue.number] = None
        self.emptying[queue.number] = queue
        chore = Chore(queue.empty)
        self.chores.begin(chore)
        chore.when_done(partial(self.free_number, queue, after))

    def free_number(self, queue: Queue, after: Chore | None) -> None:
        if after is not None and not after.done:
            after.when_done(partial(self.free_number, queue, None))
            return
        del self.emptying[queue.number]
        self.free_numbers.append(queue.number)

    def purge(self, queue: Queue) -> Chore:
        """Drops all messages that are ready now; the chore's `count` is how many, when it is done.

        Until then the queue delivers nothing.
        """
        chore = Chore(partial(queue.purge, queue.end()), [queue])
        self.chores.begin(chore)
        return chore

    @property
    def keeps(self) -> bool:
        """There is a log for what is to be kept."""
        return self.journal is not None

    @property
    def pending(self) -> bool:
        """There is something for turn() to do."""
        return bool(
            self.dirty
            or self.sharing
            or self.owing
            or self.calls
            or self.records.sparse
            or self.chores.waiting
            or (self.recall.wanting and self.recall.has_room())
            or self.recall.has_to_empty()
            or self.agenda.is_due()
        )

    def next_turn(self, call: Callable[[], None]) -> None:
        """Has `call` called in the next turn, before anything is delivered."""
        self.calls.append(call)

    def publish(
        self,
        route: Route,
        names: Buffer,
        names_length: cython.Py_ssize_t,
        properties: Buffer,
        properties_length: cython.Py_ssize_t,
        body: Buffer,
        body_offset: cython.Py_ssize_t,
        body_length: cython.Py_ssize_t,
        arrival: cython.ulonglong,
        expiry: cython.ulonglong,
        priority: cython.int,
        persistent: cython.bint,
    ) -> cython.bint:
        """Stores a message once for all queues of its route; False: one of them refused it.

        A queue that has been deleted since the route was made counts as having it. `logged` says
        whether the message is kept once batch `batch` of the log is durable. `expiry` is when it
        may go, 0: never.
        """
        targets: cython.Py_ssize_t = self.count_targets(route, body_length, persistent)
        length: cython.Py_ssize_t
        if targets > 0:
            self.work += targets
            length = record_bytes(targets, names_length, properties_length, body_length)
            location: cython.ulonglong = self.records.append(
                self.room(length),
                length,
                names,
                names_length,
                properties,
                properties_length,
                body,
                body_offset,
                body_length,
                targets,
                arrival,
                expiry,
                priority,
            )
            self.enqueue(route, location, body_length, expiry > 0)
        if self.rulebook.turned_away:
            logged: cython.bint = self.logged
            self.rulebook.bury_refused(
                names.bytes_at(0, names_length),
                properties.bytes_at(0, properties_length),
                body.bytes_at(body_offset, body_length),
                priority,
            )
            self.refused = True
            self.logged = logged
        return not self.refused

    def room(self, length: cython.Py_ssize_t) -> Chunk:
        """Where the message goes whose targets have just been counted."""
        if not self.logged:
            return self.records.room(length)
        chunk: Chunk = self.journal.room(length)
        self.journal.urgent = True
        self.batch = self.journal.number
        return chunk

    def enqueue(
        self,
        route: Route,
        location: cython.ulonglong,
        body_length: cython.Py_ssize_t,
        expires: cython.bint,
    ) -> cython.int:
        """Has the queues that take it have the record that was just written."""
        target: cython.Py_ssize_t
        queue: Queue | None
        for target in range(route.queue_count):
            queue = self.queues[route.queue(target)]
            if queue is not None and queue.accepted():
                self.records.add_target(queue.identity, queue.enqueue(location, body_length))
                if not queue.dirty:
                    self.touch(queue)
                if expires:
                    self.rulebook.rules_of(queue).expires_some()
        return 0

    def insert(
        self,
        route: Route,
        exchange: bytes,
        routing_key: bytes,
        *,
        properties: bytes,
        body: bytes,
        arrival: int,
        expiry: int = 0,
        priority: int,
        persistent: bool,
        is_dead: bool = False,
    ) -> bool:
        """Stores a message that no channel has brought, as publish() does.

        One that `is_dead` leaves another queue for that: in the same batch of the log.
        """
        names: Buffer = names_of(exchange, routing_key)
        if is_dead:
            priority |= DIED << 8
            length = record_bytes(route.queue_count, names.size, len(properties), len(body))
            if self.journal is not None:
                self.journal.keep_together(length + SETTLE_BYTES)
        return self.publish(
            route,
            names,
            names.size,
            Buffer(0, properties),
            len(properties),
            Buffer(0, body),
            0,
            len(body),
            arrival,
            expiry,
            priority,
            persistent,
        )

    def count_targets(
        self, route: Route, body_length: cython.Py_ssize_t, persistent: cython.bint
    ) -> cython.Py_ssize_t:
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
                if queue.accepts(body_length):
                    targets += 1
                    if queue.keeps + persistent > 1:
                        self.logged = True
                else:
                    self.refused = True
                    self.rulebook.turn_away(queue)
        return targets

    def touch(self, queue: Queue) -> cython.int:
        """The queue may have something to deliver: it has its turn."""
        if not queue.dirty:
            queue.dirty = True
            self.dirty.append(queue)
        return 0

    def turn(self) -> None:
        """Goes on with its chores, delivers what can be, has the confirms written that are owed."""
        sharing: list = self.sharing
        self.sharing = []
        self.agenda.begin_turn()
        if self.agenda.is_due():
            self.agenda.call_due()
        if self.calls:
            self.make_calls()
        for released in self.chores.run():
            self.touch(released)
        for channel in sharing:
            channel.share_credit()
        owing: list = self.owing
        self.owing = []
        self.deliver()
        if self.recall.wanting:
            self.wake(self.recall.ask())
        for channel in owing:
            channel.write_confirms()
        if self.records.sparse:
            self.compact()
        if self.records.thin:
            self.recall.empty_thin()
        if self.guests.has_to_evict():
            self.evict()

    # -- what is not in memory

    def keep_in(self, store: Store) -> None:
        """Where records may go that there is no room for; to be said before any does."""
        self.records.store = store

    def read_log_with(self, reader: LogReader) -> None:
        """What is durable may leave memory from now on: this brings it back."""
        self.records.log = reader

    def evict(self) -> None:
        """Lets no more of the log stay in memory than may; costs nothing while there is less."""
        if self.records.log is not None:
            self.guests.evict()

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
        """The store, or the log, has done with what it was asked to read."""
        if reading.for_copy:
            self.forward.arrived(reading, complete)
            return
        self.wake(self.recall.arrived(reading, complete))

    def wake(self, queues: list) -> cython.int:
        """There may be something to deliver, or nothing to wait for any more."""
        queue: Queue
        for queue in queues:
            if not queue.closed:
                self.touch(queue)
            self.calls += [chore.finish for chore in queue.take_waiters()]
        return 0

    def became_durable(self, batch: int) -> None:
        """All batches of the log up to this one are durable: who waited may be told."""
        self.journal.became_durable(batch)
        self.waiting = [channel for channel in self.waiting if channel.became_durable(batch)]

    def make_calls(self) -> cython.int:
        calls: list = self.calls
        self.calls = []
        for call in calls:
            call()
        return 0

    def deliver(self) -> cython.int:
        """Has the queues that changed deliver, in turn; those that are left over come first next.

        Sets `halvings`: how often the budget of those who flood is to be halved.
        """
        dirty: list = self.dirty
        queue: Queue
        ready_count: cython.Py_ssize_t
        ready_bytes: cython.Py_ssize_t
        left: cython.Py_ssize_t = DELIVERIES_PER_TURN
        bytes_left: cython.Py_ssize_t = DELIVERED_BYTES_PER_TURN
        backlog: cython.Py_ssize_t = 0
        index: cython.Py_ssize_t = 0
        self.dirty = []
        while index < len(dirty) and left > 0 and bytes_left > 0:
            queue = dirty[index]
            index += 1
            ready_count = queue.ready_count
            ready_bytes = queue.ready_bytes
            queue.dirty = False
            if queue.deliver():
                self.touch(queue)
            if queue.recall_at != NEVER and queue.is_due():
                queue.wants = True
                self.recall.wanting.append(queue)
            if queue.ready_count < ready_count:
                left -= ready_count - queue.ready_count
                bytes_left -= ready_bytes - queue.ready_bytes
                backlog = max(backlog, queue.ready_bytes + queue.ready_count * READY_BYTES)
        if index < len(dirty):
            self.dirty = dirty[index:] + self.dirty
        self.halvings = 0
        while backlog >= BACKLOG_BYTES and self.halvings < HALVINGS_MAX:
            backlog >>= 1
            self.halvings += 1
        return 0

    def take_outputs(self) -> list[object]:
        """The owners of the outputs that were written to since this was last asked."""
        output: Output
        owners: list = []
        for output in self.outputs.written:
            output.listed = False
            owners.append(output.owner)
        self.outputs.written.clear()
        return owners

    def take_resumed(self) -> list[object]:
        """The owners of connections that can be read again, since this was last asked."""
        owners, self.resumed = self.resumed, []
        return owners

    def take_held(self) -> list[object]:
        """The owners of connections that were held up by full memory, since this was last asked."""
        owners, self.held = self.held, []
        return owners

    def drop_spare(self) -> None:
        """Keeps no memory for later."""
        self.memory.drop_spare()
        self.records.drop_spare()
        self.recall.drop_spare()
        self.pages.drop_spare()

    def compact(self) -> cython.int:
        """Empties one sparse chunk: what lives in it joins the other survivors, or goes home."""
        chunk: Chunk = self.records.sparse.pop()
        if chunk.kind == GUESTS:
            return self.guests.send_home(chunk)
        return self.moves.compact(chunk)
