"""Where a (exchange, routing key) leads, remembered so that the broker is asked once.

    rows:    | row | row | row | row | ...           routes:  | route | route | ...
    a row:   route's number u32, length of the names u16, the names' first 58 bytes

The hash says which row is the names' home; they stand there or in one of the next few rows, and
names in full decide. A publisher of many routing keys waits for memory and for little else: a row
is as long as a processor's cache line, as a rule the first row is the right one and holds the
names whole, and names that lead to the same queues share one route, which is then near.

A route is good while its source has not changed: every source counts its changes, and a route
keeps the count at which it was made. The cache starts small, grows to a limit, and then forgets
in turn; it never holds more, whatever routing keys a publisher makes up. The hash is seeded, so
that nobody can choose keys that fall together.
"""

from __future__ import annotations

try:
    import cython
except ImportError:
    from leveret._cython_compat import cython

from leveret.engine.buffer import Buffer

if cython.compiled:
    from cython.cimports.leveret.engine.buffer import Buffer
else:
    from collections.abc import Sequence

ROWS_AT_FIRST = cython.declare(cython.Py_ssize_t, 256)
# In so many rows from their home on names may stand: enough that at a quarter full hardly any
# crowd each other out, which costs a question to the broker each time.
ROWS_TRIED = cython.declare(cython.Py_ssize_t, 8)
# A processor's cache line.
ROW_BYTES = cython.declare(cython.Py_ssize_t, 64)
ROW_LENGTH = cython.declare(cython.Py_ssize_t, 4)
ROW_NAMES = cython.declare(cython.Py_ssize_t, 6)
# What is left of the line, which is enough for most exchanges and routing keys.
ROW_NAMES_MAX = cython.declare(cython.Py_ssize_t, 58)
# 128 KB: they stay in the processor's cache beside what else a turn needs.
ROWS_NEAR = cython.declare(cython.Py_ssize_t, 2048)
MIX = cython.declare(cython.ulonglong, 0x9E3779B97F4A7C15)
MASK_64 = cython.declare(cython.ulonglong, 0xFFFFFFFFFFFFFFFF)
QUEUE_BYTES = cython.declare(cython.Py_ssize_t, 4)
# 6 MB where all lead to few queues, 30 MB where each has its own. Four times the 10,000 routing
# keys that a busy topic exchange sees, which leaves nearly all of them at home.
ROUTES_MAX = 65536
# All of the routes' queues' numbers together take 16 MiB: where each key leads to many queues, and
# to others than the rest, the cache begins anew more often.
ROUTE_TARGETS_MAX = cython.declare(cython.Py_ssize_t, 1 << 22)


class Exchange:
    """What routes depend on; one for each of the broker's exchanges."""

    def __init__(self) -> None:
        self.generation = 1

    def changed(self) -> None:
        """Every route that was made through this exchange is stale."""
        self.generation += 1


class Route:
    """The numbers of the queues that a message goes to.

    `exchange` is where it was published, which is what a publisher needs permission for; `source`
    is what the route becomes stale with, where that is not the exchange as a whole. `by_content`:
    more than the names decides, each message has a route of its own; this one has no queues.
    """

    def __init__(
        self,
        exchange: Exchange,
        queues: Sequence[int],
        source: Exchange | None = None,
        by_content: bool = False,
    ) -> None:
        number: cython.Py_ssize_t
        index: cython.Py_ssize_t = 0
        self.exchange = exchange
        self.source = exchange if source is None else source
        self.generation = self.source.generation
        self.by_content = by_content
        self.queue_count = len(queues)
        self.first_queue = queues[0] if queues else 0
        self.queues = cython.cast(Buffer, None)
        if self.queue_count > 1:
            numbers: Buffer = Buffer(self.queue_count * QUEUE_BYTES)
            for number in queues:
                numbers.put_u32(index * QUEUE_BYTES, number)
                index += 1
            self.queues = Buffer(0, numbers.bytes_at(0, numbers.size))
        self.uses = 0  # how many names of a cache lead to it

    def queue(self, index: cython.Py_ssize_t) -> cython.Py_ssize_t:
        if index < 0 or index >= self.queue_count:
            raise IndexError("a route has no such queue")
        if index == 0:
            return self.first_queue
        return self.queues.u32(index * QUEUE_BYTES)

    def is_good(self) -> cython.bint:
        return self.generation == self.source.generation

    def meaning(self) -> tuple:
        """Equal for two routes that are the same but for being two."""
        queues = self.first_queue if self.queues is None else self.queues.owner
        source = self.exchange, self.source, self.generation
        return *source, self.by_content, self.queue_count, queues


class RouteCache:
    """The routes of one virtual host, for `routes_max` names at the most."""

    def __init__(self, seed: int = 0, routes_max: int = ROUTES_MAX) -> None:
        self.seed = (seed & MASK_64) ^ MIX
        self.rows_max = 1 << (max(1, routes_max).bit_length() - 1)
        self.victim = 0
        self.clear()

    def clear(self) -> None:
        """Forgets all routes."""
        self.routes: list[Route] = []
        self.free_numbers: list[int] = []
        self.numbers: dict[tuple, int] = {}  # of the routes, by their meaning
        self.target_count = 0
        self.lay_out(min(ROWS_AT_FIRST, self.rows_max))

    def lay_out(self, row_count: cython.Py_ssize_t) -> cython.int:
        """So many rows, all of them empty."""
        self.rows = Buffer(row_count * ROW_BYTES)
        self.long_names: list[Buffer | None] = [None] * row_count
        self.row_count = row_count
        self.rows_tried = min(ROWS_TRIED, row_count)
        self.count = 0
        return 0

    @property
    def route_count(self) -> int:
        """How many different routes there are."""
        return len(self.numbers)

    def put(self, exchange: bytes, routing_key: bytes, route: Route) -> None:
        """Keeps a route; the exchange's name and the routing key have 255 bytes at the most."""
        names: Buffer = names_of(exchange, routing_key)
        if self.count > self.row_count >> 2 and self.row_count < self.rows_max:
            self.grow()
        self.place(names, self.number_of(route))

    def find(self, exchange: bytes, routing_key: bytes) -> Route | None:
        """The route, if it is kept and good; or its equal."""
        names: Buffer = names_of(exchange, routing_key)
        return self.look_up(names, 0, names.size)

    def look_up(
        self, names: Buffer, at: cython.Py_ssize_t, length: cython.Py_ssize_t
    ) -> Route | None:
        """The good route for exchange and routing key as two short strings, or None."""
        route: Route
        row: cython.Py_ssize_t = self.row_of(names, at, length)
        if row < 0:
            return None
        route = self.routes[self.rows.u32(row * ROW_BYTES)]
        return route if route.is_good() else None

    def fetch(self, names: Buffer, at: cython.Py_ssize_t, length: cython.Py_ssize_t) -> cython.int:
        """The names will be looked up soon: their row should be near by then."""
        return self.rows.prefetch(self.home_of(names, at, length) * ROW_BYTES)

    def is_far(self) -> cython.bint:
        """There are too many rows for the processor to have them all at hand."""
        return self.count > ROWS_NEAR

    def row_of(
        self, names: Buffer, at: cython.Py_ssize_t, length: cython.Py_ssize_t
    ) -> cython.Py_ssize_t:
        """The row of these names, whether its route is good or not; -1: they have none."""
        row: cython.Py_ssize_t = self.home_of(names, at, length)
        start: cython.Py_ssize_t
        whole: Buffer
        _try: cython.Py_ssize_t
        for _try in range(self.rows_tried):
            start = row * ROW_BYTES
            if self.rows.u16(start + ROW_LENGTH) == length:
                if length <= ROW_NAMES_MAX:
                    if names.same(at, self.rows, start + ROW_NAMES, length):
                        return row
                else:
                    whole = self.long_names[row]
                    if names.same(at, whole, 0, length):
                        return row
            row = (row + 1) & (self.row_count - 1)
        return -1

    def home_of(
        self, names: Buffer, at: cython.Py_ssize_t, length: cython.Py_ssize_t
    ) -> cython.Py_ssize_t:
        hash_: cython.ulonglong = self.hash_of(names, at, length)
        return cython.cast(cython.Py_ssize_t, hash_ & (self.row_count - 1))

    def number_of(self, route: Route) -> cython.Py_ssize_t:
        """The number of the route, or of its equal that is there already."""
        meaning = route.meaning()
        number = self.numbers.get(meaning)
        if number is None:
            if self.target_count + route.queue_count > ROUTE_TARGETS_MAX:
                self.clear()
            self.target_count += route.queue_count
            number = self.free_numbers.pop() if self.free_numbers else len(self.routes)
            if number == len(self.routes):
                self.routes.append(route)
            else:
                self.routes[number] = route
            self.numbers[meaning] = number
        return number

    def place(self, names: Buffer, number: cython.Py_ssize_t) -> cython.int:
        """Has the names lead to the route of that number."""
        row: cython.Py_ssize_t = self.row_of(names, 0, names.size)
        route: Route = self.routes[number]
        route.uses += 1
        if row < 0:
            row = self.row_for(names)
        self.empty(row)
        self.count += 1
        self.rows.put_u32(row * ROW_BYTES, number)
        self.rows.put_u16(row * ROW_BYTES + ROW_LENGTH, names.size)
        if names.size <= ROW_NAMES_MAX:
            return self.rows.copy(row * ROW_BYTES + ROW_NAMES, names, 0, names.size)
        self.long_names[row] = names
        return 0

    def row_for(self, names: Buffer) -> cython.Py_ssize_t:
        """The first row that is empty or stale, else one whose turn it is to be forgotten."""
        home: cython.Py_ssize_t = self.home_of(names, 0, names.size)
        route: Route
        row: cython.Py_ssize_t = home
        _try: cython.Py_ssize_t
        for _try in range(self.rows_tried):
            if self.rows.u16(row * ROW_BYTES + ROW_LENGTH) == 0:
                return row
            route = self.routes[self.rows.u32(row * ROW_BYTES)]
            if not route.is_good():
                return row
            row = (row + 1) & (self.row_count - 1)
        self.victim = (self.victim + 1) % self.rows_tried
        return (home + self.victim) & (self.row_count - 1)

    def empty(self, row: cython.Py_ssize_t) -> cython.int:
        """Forgets the row's names, if there are any."""
        if self.rows.u16(row * ROW_BYTES + ROW_LENGTH) == 0:
            return 0
        self.rows.put_u16(row * ROW_BYTES + ROW_LENGTH, 0)
        self.long_names[row] = None
        self.count -= 1
        return self.release(self.rows.u32(row * ROW_BYTES))

    def release(self, number: cython.Py_ssize_t) -> cython.int:
        """Names lead to the route no more; it is forgotten with the last that do."""
        route: Route = self.routes[number]
        route.uses -= 1
        if route.uses == 0:
            self.target_count -= route.queue_count
            del self.numbers[route.meaning()]
            self.routes[number] = cython.cast(Route, None)
            self.free_numbers.append(number)
        return 0

    def grow(self) -> cython.int:
        """Twice as many rows; what is stale is left behind."""
        rows: Buffer = self.rows
        long_names: list = self.long_names
        row: cython.Py_ssize_t
        number: cython.Py_ssize_t
        route: Route
        self.lay_out(2 * self.row_count)
        for row in range(len(long_names)):
            if rows.u16(row * ROW_BYTES + ROW_LENGTH) > 0:
                number = rows.u32(row * ROW_BYTES)
                route = self.routes[number]
                if route.is_good():
                    self.place(names_in(rows, row, long_names[row]), number)
                self.release(number)
        return 0

    def hash_of(
        self, names: Buffer, at: cython.Py_ssize_t, length: cython.Py_ssize_t
    ) -> cython.ulonglong:
        value: cython.ulonglong = self.seed ^ length
        end: cython.Py_ssize_t = at + length
        while end - at >= 8:
            value = ((value ^ names.u64(at)) * MIX) & MASK_64
            value ^= value >> 29
            at += 8
        if at < end and length >= 8:  # the last eight, some of them for the second time
            value = ((value ^ names.u64(end - 8)) * MIX) & MASK_64
            value ^= value >> 29
            return value
        while at < end:
            value = ((value ^ names.u8(at)) * MIX) & MASK_64
            value ^= value >> 29
            at += 1
        return value


def names_of(exchange: bytes, routing_key: bytes) -> Buffer:
    """The exchange's name and the routing key as two short strings."""
    return Buffer(0, bytes((len(exchange),)) + exchange + bytes((len(routing_key),)) + routing_key)


def names_in(rows: Buffer, row: cython.Py_ssize_t, whole: Buffer | None) -> Buffer:
    """The names of a row; `whole` holds those that are longer than a row."""
    if whole is not None:
        return whole
    length = rows.u16(row * ROW_BYTES + ROW_LENGTH)
    return Buffer(0, rows.bytes_at(row * ROW_BYTES + ROW_NAMES, length))


def stale_route(exchange: Exchange) -> Route:
    """A route that is not good: whoever has it in hand must ask again."""
    route: Route = Route(exchange, ())
    route.generation = 0
    return route
