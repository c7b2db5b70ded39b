"""How records come back into memory before they are delivered: one by one, in the queues' order.

    queue's index   | cursor ........................... asked_until ..... welcome_until
    records           here | here | coming | stored | here | coming

A queue that finds its next record absent, or has used up half of what it last asked for, stands
in `wanting`. Once in a turn all of these look ahead in their indexes, each through a window of
bytes; what lies close together in a stored chunk, whoever wants it, is one read. When that
arrives, each record in it that a queue is waiting for is written to a resident chunk as if newly
stored, and the index entries that led to the old place lead to the new one. How many did is its
reference count. So there is one kind of resident record, and a record that nobody waits for, or
that has been settled meanwhile, stays where it is. A record that fills a chunk of its own comes
back as that chunk.

How far a queue may look ahead follows from how many others ask between two asks of its own, so
that one queue alone reads in large pieces and a thousand do not fill memory.

Stored chunks of which little is still wanted are emptied in the same way, one at a time.

Records of log chunks come back as guests (guests.py), which stay the log chunk's: index entries
lead to the copy, and references are counted there.
"""

from __future__ import annotations

from operator import attrgetter

try:
    import cython
except ImportError:
    from leveret._cython_compat import cython

from leveret.engine.buffer import Buffer
from leveret.engine.chunk import Chunk
from leveret.engine.errors import InvariantError
from leveret.engine.guests import Guests
from leveret.engine.index import Index
from leveret.engine.pages import Page
from leveret.engine.queue import Queue
from leveret.engine.records import Records

if cython.compiled:
    from cython.cimports.leveret.engine.buffer import Buffer
    from cython.cimports.leveret.engine.chunk import OF_LOG, Chunk
    from cython.cimports.leveret.engine.guests import Guests
    from cython.cimports.leveret.engine.index import READY, Index
    from cython.cimports.leveret.engine.pages import PAGE_SLOTS, Page
    from cython.cimports.leveret.engine.queue import Queue, named_queue
    from cython.cimports.leveret.engine.records import (
        BODY_LENGTH,
        HEAD_BYTES,
        LENGTH,
        RETURNED,
        SURVIVORS,
        TARGET_BYTES,
        TARGETS,
        Records,
        next_message,
    )
else:
    from leveret.engine.chunk import OF_LOG
    from leveret.engine.index import READY
    from leveret.engine.pages import PAGE_SLOTS
    from leveret.engine.queue import named_queue
    from leveret.engine.records import (
        BODY_LENGTH,
        HEAD_BYTES,
        LENGTH,
        RETURNED,
        SURVIVORS,
        TARGET_BYTES,
        TARGETS,
        next_message,
    )

STATE_SHIFT = cython.declare(cython.int, 56)
STATE_MASK = cython.declare(cython.int, 7)
LOCATION_MASK = cython.declare(cython.ulonglong, 0x00FFFFFFFFFFFFFF)
OFFSET_BITS = cython.declare(cython.int, 24)
OFFSET_MASK = cython.declare(cython.ulonglong, 0xFFFFFF)
NUMBER_SHIFT = cython.declare(cython.int, 9)
SLOT_MASK = cython.declare(cython.ulonglong, 511)
NEVER = cython.declare(cython.ulonglong, 1 << 63)

# All that is being read at a time, but for one record that is larger: 3 ms at 3 GB/s, a few turns.
READING_BYTES_MAX = 8 * 1024 * 1024
# What all queues together may have in memory ahead of their consumers' needs, about.
AHEAD_BYTES_MAX = 32 * 1024 * 1024
# One queue's look ahead: what a fast consumer takes in a few turns.
WINDOW_BYTES_MAX = cython.declare(cython.Py_ssize_t, 1024 * 1024)
# Of one among thousands, and of one that asks for the first time, maybe for one message only.
WINDOW_BYTES_MIN = cython.declare(cython.Py_ssize_t, 16 * 1024)
# Entries looked at for one window: 10 µs for a queue that has its next messages in memory.
LOOK_AHEAD_MAX = cython.declare(cython.Py_ssize_t, 4096)
# One read: large enough that its calls cost nothing beside its bytes.
READ_BYTES = cython.declare(cython.Py_ssize_t, 256 * 1024)
# So much between two wanted records is read along: less work than another read.
GAP_BYTES = cython.declare(cython.Py_ssize_t, 32 * 1024)
# Of the log, where several queues are drained whose messages stand among one another's: then what
# one of them wants has what the others will want around it.
SPREAD_BYTES = cython.declare(cython.Py_ssize_t, 64 * 1024)
# Between two tries whether that is so.
NARROW_READS = cython.declare(cython.Py_ssize_t, 16)
# So many times as far as a queue asks, it takes what is read along for others.
WELCOME = cython.declare(cython.Py_ssize_t, 2)
# What is read of a record whose length is not known yet, at least.
RECORD_BYTES_MIN = cython.declare(cython.Py_ssize_t, 1024)
# Stretches planned in one turn: half a millisecond.
RUNS_MAX = cython.declare(cython.Py_ssize_t, 1024)
# A smaller read gets a buffer of its size; a larger one one of READ_BYTES, out of a pool.
SMALL_READ_BYTES = cython.declare(cython.Py_ssize_t, 32 * 1024)
# 8 MiB, all that is under way when much is.
SPARE_BUFFERS_MAX = cython.declare(cython.Py_ssize_t, 32)
# 64 MiB of files of which three quarters are waste, at most, before something is done about it.
# A queue that is drained in order leaves its chunks behind sooner.
THIN_CHUNKS_MAX = cython.declare(cython.Py_ssize_t, 64)

by_location = attrgetter("first")


class Run:
    """A stretch of a stored chunk that one queue wants; its last record begins at `last`."""

    def __init__(self, chunk: Chunk, start: int, queue: Queue) -> None:
        self.chunk = chunk
        self.queue = queue
        self.first = (chunk.number << OFFSET_BITS) + start
        self.start = start
        self.last = start
        self.end = start


class Reading:
    """What the store is asked for: `count` bytes from `offset` of chunk `number`, into `buffer`."""

    def __init__(
        self,
        chunk: Chunk,
        offset: cython.Py_ssize_t,
        count: cython.Py_ssize_t,
        buffer: Buffer,
        last: cython.Py_ssize_t,
        queues: list,
    ) -> None:
        self.chunk = chunk
        self.number = chunk.number
        self.offset = offset
        self.count = count
        self.buffer = buffer
        self.last = last
        self.queues = queues
        self.for_space = False
        self.for_copy = False


class Recall:
    """Brings records back, for the shard whose `queues` and `records` these are."""

    def __init__(self, records: Records, queues: list, guests: Guests) -> None:
        self.records = records
        self.guests = guests
        self.memory = records.memory
        self.queues = queues
        self.wanting: list[Queue] = []
        self.spare: list[Buffer] = []
        self.reading_bytes = 0
        self.reading_count = 0
        self.reading_bytes_max = READING_BYTES_MAX
        self.ahead_bytes_max = AHEAD_BYTES_MAX
        self.asks = 0
        self.emptying = False
        self.under_way: dict[int, list[Reading]] = {}  # of log chunks, by number
        self.spread = 0
        self.narrow_reads = 0

    # -- asking

    def ask(self) -> list:
        """Reads for those who want something; returns those who have nothing to wait for."""
        queue: Queue
        wanting: list = self.wanting[:]
        runs: list = []
        served: list = []
        planned: cython.Py_ssize_t = self.reading_bytes
        count: cython.Py_ssize_t
        self.wanting.clear()
        for queue in wanting:
            if planned >= self.reading_bytes_max or len(runs) >= RUNS_MAX:
                self.wanting.append(queue)
                continue
            queue.wants = False
            count = self.plan(queue, runs)
            planned += count
            if count == 0:
                served.append(queue)
        if runs:
            runs.sort(key=by_location)
            self.join(runs)
        return served

    def has_room(self) -> bool:
        """Whether ask() would ask for anything now."""
        return self.reading_bytes < self.reading_bytes_max

    def plan(self, queue: Queue, runs: list) -> cython.Py_ssize_t:
        """Adds what the queue wants next; returns how many bytes that is about."""
        index: Index = queue.index
        cursor: cython.ulonglong
        begin: cython.ulonglong
        count: cython.Py_ssize_t
        queue.recall_at = NEVER
        if queue.closed or not index.seek_ready():
            return 0
        cursor = index.cursor_position()
        begin = cursor
        if queue.asked_until > cursor and (queue.readings > 0 or queue.is_next_here()):
            begin = queue.asked_until
        count = self.look_ahead(queue, runs, begin, self.window_of(queue))
        if queue.asked_until < index.next_position:
            queue.recall_at = cursor + (queue.asked_until - cursor + 1) // 2
        queue.welcome_until = queue.asked_until + WELCOME * (queue.asked_until - cursor)
        return count

    def window_of(self, queue: Queue) -> cython.Py_ssize_t:
        """Its share, if all who have asked since it last did want the same."""
        window: cython.Py_ssize_t = WINDOW_BYTES_MIN
        self.asks += 1
        if queue.last_recall > 0:
            window = self.ahead_bytes_max // cython.cast(
                cython.Py_ssize_t, self.asks - queue.last_recall
            )
            window = max(WINDOW_BYTES_MIN, min(WINDOW_BYTES_MAX, window))
        queue.last_recall = self.asks
        return window

    def look_ahead(
        self,
        queue: Queue,
        runs: list,
        begin: cython.ulonglong,
        window: cython.Py_ssize_t,
    ) -> cython.Py_ssize_t:
        """Finds what is absent from position `begin` on, until the window is full."""
        page: Page = queue.index.page_from(begin >> NUMBER_SHIFT)
        slot: cython.Py_ssize_t = 0
        looked: cython.Py_ssize_t = 0
        left: cython.Py_ssize_t = window
        location: cython.ulonglong
        at: cython.Py_ssize_t
        chunk: Chunk
        run: Run = cython.cast(Run, None)
        queue.asked_until = begin
        if page is not None and page.number == begin >> NUMBER_SHIFT:
            slot = begin & SLOT_MASK
        while page is not None and left > 0 and looked < LOOK_AHEAD_MAX:
            if page.ready == 0:
                slot = PAGE_SLOTS
                looked += 1
            while slot < PAGE_SLOTS and left > 0:
                location = page.buffer.slot(slot)
                slot += 1
                if location >> STATE_SHIFT & STATE_MASK != READY:
                    continue
                looked += 1
                location &= LOCATION_MASK
                chunk = self.records.chunk_of(location)
                if chunk.buffer is not None:
                    continue
                at = location & OFFSET_MASK
                if run is not None and run.chunk is chunk and self.continues(run, at):
                    left -= at - run.last
                else:
                    left -= chunk.record_bytes
                    run = Run(chunk, at, queue)
                    runs.append(run)
                self.extend(run, at)
            queue.asked_until = (page.number << NUMBER_SHIFT) + slot
            if slot == PAGE_SLOTS:
                page = queue.index.after(page)
                slot = 0
        if queue.asked_until > queue.index.next_position:
            queue.asked_until = queue.index.next_position
        return window - left

    def continues(self, run: Run, at: cython.Py_ssize_t) -> cython.bint:
        """Whether the next record of a run may stand there."""
        gap: cython.Py_ssize_t = max(GAP_BYTES, 2 * run.chunk.record_bytes)
        return run.last < at <= run.last + gap and at - run.start < READ_BYTES

    def extend(self, run: Run, at: cython.Py_ssize_t) -> cython.int:
        """To the record at `at`, as long as it may be, by what is known of its neighbours."""
        chunk: Chunk = run.chunk
        length: cython.Py_ssize_t = chunk.record_bytes + (chunk.record_bytes >> 2)
        run.last = at
        run.end = min(chunk.used, at + max(RECORD_BYTES_MIN, length))
        return 0

    def join(self, runs: list) -> cython.int:
        """Reads the runs, in the order of their places, neighbours in one."""
        run: Run
        joined: Run = cython.cast(Run, None)
        queues: list = []
        for run in runs:
            if (
                joined is not None
                and run.chunk is joined.chunk
                and run.start <= joined.end + GAP_BYTES
                and (run.start <= joined.last or run.end - joined.start <= READ_BYTES)
            ):
                joined.last = max(joined.last, run.last)
                joined.end = max(joined.end, run.end)
                queues.append(run.queue)
                continue
            if joined is not None:
                self.read_run(joined, queues)
            joined = run
            queues = [run.queue]
        return self.read_run(joined, queues)

    def read_run(self, run: Run, queues: list) -> cython.int:
        chunk: Chunk = run.chunk
        count: cython.Py_ssize_t = run.end - run.start
        queue: Queue
        for queue in queues:
            queue.readings += 1
        if not chunk.is_alone():
            if chunk.kind == OF_LOG:
                return self.read_log(run, queues)
            buffer: Buffer = self.take_buffer(count)
            return self.read(Reading(chunk, run.start, count, buffer, run.last, queues))
        if chunk.reading is not None:
            under_way: Reading = cython.cast(Reading, chunk.reading)
            under_way.queues.extend(queues)
            return 0
        alone: Reading = Reading(chunk, 0, chunk.used, self.memory.buffer(chunk.size), 0, queues)
        chunk.reading = alone
        return self.read(alone)

    def read_log(self, run: Run, queues: list) -> cython.int:
        """With what stands behind it, where others are going to want that, unless it is coming."""
        chunk: Chunk = run.chunk
        reading: Reading = self.covering(run)
        count: cython.Py_ssize_t
        if reading is not None:
            reading.queues.extend(queues)
            return 0
        count = self.widened(run)
        reading = Reading(chunk, run.start, count, self.take_buffer(count), run.last, queues)
        self.under_way.setdefault(chunk.number, []).append(reading)
        return self.read(reading)

    def covering(self, run: Run) -> Reading:
        """What is under way and will bring the run, too; None: nothing is."""
        reading: Reading
        for reading in self.under_way.get(run.chunk.number, ()):
            if (
                reading.chunk is run.chunk
                and reading.offset <= run.start
                and run.end <= reading.offset + reading.count
            ):
                return reading
        return cython.cast(Reading, None)

    def widened(self, run: Run) -> cython.Py_ssize_t:
        """How much to read: now and then more than is wanted, to see whether that is of use."""
        count: cython.Py_ssize_t = run.end - run.start
        if self.spread == 0:
            self.narrow_reads += 1
            if self.narrow_reads < NARROW_READS:
                return count
            self.narrow_reads = 0
        return max(count, min(SPREAD_BYTES, run.chunk.used - run.start))

    def judge(self, reading: Reading, invited: cython.Py_ssize_t) -> cython.int:
        """Of a wide read, a quarter must have been wanted, or the next ones are narrow."""
        if reading.count == SPREAD_BYTES:
            self.spread = SPREAD_BYTES if invited >= reading.count >> 2 else 0
        return 0

    def read(self, reading: Reading) -> cython.int:
        self.reading_bytes += reading.buffer.size
        self.reading_count += 1
        if reading.chunk.kind == OF_LOG:
            self.records.log.read(reading)
        else:
            self.records.store.read(reading)
        return 0

    def take_buffer(self, count: cython.Py_ssize_t) -> Buffer:
        if count <= SMALL_READ_BYTES or count > READ_BYTES:
            return self.memory.buffer(count)
        return self.spare.pop() if self.spare else self.memory.buffer(READ_BYTES)

    def give_back(self, buffer: Buffer) -> cython.int:
        if (
            buffer.size == READ_BYTES
            and len(self.spare) < SPARE_BUFFERS_MAX
            and not self.memory.is_tight()
        ):
            self.spare.append(buffer)
            return 0
        return self.memory.drop(buffer)

    def drop_spare(self) -> None:
        """Keeps nothing for later."""
        buffer: Buffer
        for buffer in self.spare:
            self.memory.drop(buffer)
        self.spare.clear()

    # -- what comes

    def arrived(self, reading: Reading, complete: bool) -> list:
        """Puts it where it belongs; returns the queues that have waited for it.

        Where the store could not read it, they want it still.
        """
        chunk: Chunk = reading.chunk
        queue: Queue
        self.reading_bytes -= reading.buffer.size
        self.reading_count -= 1
        for queue in reading.queues:
            queue.readings -= 1
        if reading.for_space:
            self.emptying = False
        if chunk.is_alone():
            chunk.reading = None
        elif chunk.kind == OF_LOG:
            under_way: list = self.under_way[chunk.number]
            under_way.remove(reading)
            if not under_way:
                del self.under_way[chunk.number]
        if not complete:
            self.give_back(reading.buffer)
            if reading.for_space:
                self.records.thin.append(chunk)
            for queue in reading.queues:
                queue.want()
            return []
        if chunk.references > 0 and chunk.is_alone():
            self.restore(reading)
            return reading.queues
        if chunk.references > 0:  # else it was forgotten meanwhile
            self.revive_all(reading)
        self.give_back(reading.buffer)
        return reading.queues

    def revive_all(self, reading: Reading) -> cython.int:
        """Each record that was read and is wanted."""
        of_log: cython.bint = reading.chunk.kind == OF_LOG
        at: cython.Py_ssize_t = 0
        length: cython.Py_ssize_t
        moved: cython.Py_ssize_t = 0
        invited: cython.Py_ssize_t = 0
        while at < reading.count:
            if of_log:
                at = next_message(reading.buffer, at, reading.count)
            length = self.length_of(reading, at)
            if length == 0 or length > reading.count - at:
                if reading.offset + at <= reading.last:
                    self.read_rest(reading, at, length)
                break
            if of_log:
                invited += length * self.invite(reading, at, length)
            else:
                moved += self.revive(reading, at, length)
            at += length
        if of_log:
            self.judge(reading, invited)
        if moved > 0:
            self.records.release_stored(reading.chunk, moved)
        return 0

    def revive(
        self, reading: Reading, at: cython.Py_ssize_t, length: cython.Py_ssize_t
    ) -> cython.Py_ssize_t:
        """One record, if a queue waits for it; returns how many index entries led to it."""
        buffer: Buffer = reading.buffer
        old: cython.ulonglong = (
            (cython.cast(cython.ulonglong, reading.number) << OFFSET_BITS) + reading.offset + at
        )
        new: cython.ulonglong
        entry: cython.ulonglong
        position: cython.ulonglong
        named: cython.Py_ssize_t = at + HEAD_BYTES
        after: cython.Py_ssize_t = named + TARGET_BYTES * buffer.u32(at + TARGETS)
        holders: cython.Py_ssize_t = 0
        wanted: cython.bint = reading.for_space
        queue: Queue | None
        if not wanted and not self.is_welcome(buffer, named, after):
            return 0
        while named < after:
            queue = named_queue(self.queues, buffer.u32(named + 4))
            if queue is not None:
                position = buffer.u64(named + 8)
                entry = queue.index.entry(position)
                if entry != 0 and entry & LOCATION_MASK == old:
                    holders += 1
                    if entry >> STATE_SHIFT & STATE_MASK == READY:
                        wanted = wanted or position < queue.welcome_until
            named += TARGET_BYTES
        if holders == 0 or not wanted:
            return 0
        new = self.records.bring(
            buffer, at, length, holders, SURVIVORS if reading.for_space else RETURNED
        )
        named = at + HEAD_BYTES
        while named < after:
            queue = named_queue(self.queues, buffer.u32(named + 4))
            if queue is not None:
                position = buffer.u64(named + 8)
                if queue.index.relocate(position, old, new):
                    queue.weigh(position, buffer.u32(at + BODY_LENGTH))
            named += TARGET_BYTES
        return holders

    def invite(
        self, reading: Reading, at: cython.Py_ssize_t, length: cython.Py_ssize_t
    ) -> cython.bint:
        """One record of the log, for those queues that wait for it; False: none does."""
        buffer: Buffer = reading.buffer
        home: cython.ulonglong = (
            (cython.cast(cython.ulonglong, reading.number) << OFFSET_BITS) + reading.offset + at
        )
        guest: cython.ulonglong = 0
        named: cython.Py_ssize_t = at + HEAD_BYTES
        after: cython.Py_ssize_t = named + TARGET_BYTES * buffer.u32(at + TARGETS)
        position: cython.ulonglong
        entry: cython.ulonglong
        queue: Queue | None
        while named < after:
            queue = named_queue(self.queues, buffer.u32(named + 4))
            if queue is not None:
                position = buffer.u64(named + 8)
                entry = queue.index.entry(position) if position < queue.welcome_until else 0
                if entry & LOCATION_MASK == home and entry >> STATE_SHIFT & STATE_MASK == READY:
                    guest = self.guests.invite(buffer, at, length, home, guest)
                    queue.index.relocate(position, home, guest)
                    queue.weigh(position, buffer.u32(at + BODY_LENGTH))
            named += TARGET_BYTES
        return guest > 0

    def is_welcome(
        self, buffer: Buffer, named: cython.Py_ssize_t, after: cython.Py_ssize_t
    ) -> cython.bint:
        """Whether one of the queues that are named has come so far, if it still has the record.

        Most of what was read along is nobody's, and a page of its queue need not be looked for.
        """
        queue: Queue | None
        while named < after:
            queue = named_queue(self.queues, buffer.u32(named + 4))
            if queue is not None and buffer.u64(named + 8) < queue.welcome_until:
                return True
            named += TARGET_BYTES
        return False

    def length_of(self, reading: Reading, at: cython.Py_ssize_t) -> cython.Py_ssize_t:
        """Of the record there; 0: that was not read."""
        length: cython.Py_ssize_t
        if reading.count - at < HEAD_BYTES:
            return 0
        length = reading.buffer.u32(at + LENGTH)
        if length < HEAD_BYTES or reading.offset + at + length > reading.chunk.used:
            raise InvariantError("the store gave back something else than it was given")
        return length

    def read_rest(
        self, reading: Reading, at: cython.Py_ssize_t, length: cython.Py_ssize_t
    ) -> cython.int:
        """A wanted record is longer than was thought: from there once more, and further."""
        queue: Queue
        chunk: Chunk = reading.chunk
        offset: cython.Py_ssize_t = reading.offset + at
        count: cython.Py_ssize_t = max(length, reading.last - offset + RECORD_BYTES_MIN)
        count = min(count, chunk.used - offset)
        for queue in reading.queues:
            queue.readings += 1
        rest: Reading = Reading(
            chunk, offset, count, self.take_buffer(count), reading.last, reading.queues
        )
        if reading.chunk.kind == OF_LOG:
            self.under_way.setdefault(chunk.number, []).append(rest)
        return self.read(rest)

    def restore(self, reading: Reading) -> cython.int:
        """A record's own chunk."""
        if reading.chunk.kind == OF_LOG:
            return self.restore_log_chunk(reading)
        self.records.from_store(reading.chunk, reading.buffer)
        return self.weigh_all(
            reading.buffer, 0, cython.cast(cython.ulonglong, reading.number) << OFFSET_BITS
        )

    def restore_log_chunk(self, reading: Reading) -> cython.int:
        """The few large records of a log chunk."""
        buffer: Buffer = reading.buffer
        begin: cython.ulonglong = cython.cast(cython.ulonglong, reading.number) << OFFSET_BITS
        at: cython.Py_ssize_t = next_message(buffer, 0, reading.count)
        self.records.back_from_log(reading.chunk, buffer)
        while at < reading.count:
            self.weigh_all(buffer, at, begin + at)
            at = next_message(buffer, at + buffer.u32(at + LENGTH), reading.count)
        return 0

    def weigh_all(
        self, buffer: Buffer, at: cython.Py_ssize_t, location: cython.ulonglong
    ) -> cython.int:
        """In all queues that hold the record at this location."""
        position: cython.ulonglong
        entry: cython.ulonglong
        named: cython.Py_ssize_t = at + HEAD_BYTES
        after: cython.Py_ssize_t = named + TARGET_BYTES * buffer.u32(at + TARGETS)
        queue: Queue | None
        while named < after:
            queue = named_queue(self.queues, buffer.u32(named + 4))
            if queue is not None:
                position = buffer.u64(named + 8)
                entry = queue.index.entry(position)
                if entry != 0 and entry & LOCATION_MASK == location:
                    queue.weigh(position, buffer.u32(at + BODY_LENGTH))
            named += TARGET_BYTES
        return 0

    # -- space in the store

    def has_to_empty(self) -> cython.bint:
        """There is something for empty_thin() to do."""
        return not self.emptying and len(self.records.thin) > THIN_CHUNKS_MAX

    def empty_thin(self) -> None:
        """Reads one chunk of which little is wanted, if there are many, to free its place."""
        chunk: Chunk
        buffer: Buffer
        reading: Reading
        while self.has_to_empty():
            chunk = self.records.thin.pop(0)
            if chunk.references > 0:
                self.emptying = True
                buffer = self.memory.buffer(chunk.used)
                reading = Reading(chunk, 0, chunk.used, buffer, chunk.used, [])
                reading.for_space = True
                self.read(reading)
