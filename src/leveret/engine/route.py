"""Where a (exchange, routing key) leads, remembered so that the broker is asked once.

    bucket 0: | row | row | row | row |    -> route, route, route, route
    bucket 1: | row | row | row | row |    -> ...
    ...
    a row:  hash u64, length u16, the names' first 54 bytes

The hash chooses the bucket; names in full decide. Rows lie close together and as a rule hold the
names whole, because a publisher of many routing keys waits for memory and for little else.

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

WAYS = cython.declare(cython.Py_ssize_t, 4)
BUCKETS_AT_FIRST = cython.declare(cython.Py_ssize_t, 64)
# A processor's cache line.
ROW_BYTES = cython.declare(cython.Py_ssize_t, 64)
ROW_HEAD_BYTES = cython.declare(cython.Py_ssize_t, 10)
# What is left of the line, which is enough for most exchanges and routing keys.
ROW_NAMES_MAX = cython.declare(cython.Py_ssize_t, 54)
MIX = cython.declare(cython.ulonglong, 0x9E3779B97F4A7C15)
MASK_64 = cython.declare(cython.ulonglong, 0xFFFFFFFFFFFFFFFF)
QUEUE_BYTES = cython.declare(cython.Py_ssize_t, 4)
# About 20 MB of routes, four times the 10,000 routing keys that a busy topic exchange sees.
ROUTES_MAX = 65536
# All of their queues' numbers together take 16 MiB: where each key leads to many queues, the cache
# begins anew more often.
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
        index: cython.Py_ssize_t = 1
        self.exchange = exchange
        self.source = exchange if source is None else source
        self.generation = self.source.generation
        self.by_content = by_content
        self.queue_count = len(queues)
        self.first_queue = queues[0] if queues else 0
        self.queues = cython.cast(Buffer, None)
        if self.queue_count > 1:
            self.queues = Buffer(self.queue_count * QUEUE_BYTES)
            for number in queues[1:]:
                self.queues.put_u32(index * QUEUE_BYTES, number)
                index += 1
        self.names = cython.cast(Buffer, None)
        self.names_length = 0
        self.hash = 0

    def queue(self, index: cython.Py_ssize_t) -> cython.Py_ssize_t:
        if index < 0 or index >= self.queue_count:
            raise IndexError("a route has no such queue")
        if index == 0:
            return self.first_queue
        return self.queues.u32(index * QUEUE_BYTES)

    def is_good(self) -> cython.bint:
        return self.generation == self.source.generation

    def forget(self) -> cython.int:
        """Whoever still has it in hand must ask again."""
        self.generation = 0
        return 0

    def name(self, names: Buffer, names_length: cython.Py_ssize_t) -> cython.int:
        """Exchange and routing key as two short strings, which a message is stored with."""
        self.names = names
        self.names_length = names_length
        return 0


class RouteCache:
    """The routes of one virtual host, `routes_max` of them at the most."""

    def __init__(self, seed: int = 0, routes_max: int = ROUTES_MAX) -> None:
        self.seed = (seed & MASK_64) ^ MIX
        self.buckets_max = 1 << (max(1, routes_max // WAYS).bit_length() - 1)
        self.victim = 0
        self.clear()

    def clear(self) -> None:
        """Forgets all routes."""
        self.buckets = min(BUCKETS_AT_FIRST, self.buckets_max)
        self.routes: list[Route | None] = [None] * (self.buckets * WAYS)
        self.rows = Buffer(self.buckets * WAYS * ROW_BYTES)
        self.count = 0
        self.target_count = 0

    def put(self, exchange: bytes, routing_key: bytes, route: Route) -> None:
        """Keeps a route; the exchange's name and the routing key have 255 bytes at the most."""
        names: Buffer = names_of(exchange, routing_key)
        self.forget(exchange, routing_key)
        route.name(names, names.size)
        route.hash = self.hash_of(names, 0, names.size)
        if self.target_count + route.queue_count > ROUTE_TARGETS_MAX:
            self.clear()
        # At a quarter full hardly a bucket overflows: what it drops is asked for again and again.
        if self.count > len(self.routes) >> 2 and self.buckets < self.buckets_max:
            self.grow()
        self.place(route)

    def find(self, exchange: bytes, routing_key: bytes) -> Route | None:
        """The route, if it is kept and good."""
        names: Buffer = names_of(exchange, routing_key)
        return self.look_up(names, 0, names.size)

    def forget(self, exchange: bytes, routing_key: bytes) -> None:
        """One route is stale, whatever its exchange says."""
        names: Buffer = names_of(exchange, routing_key)
        route: Route | None = self.look_up(names, 0, names.size)
        if route is not None:
            route.forget()

    def look_up(
        self, names: Buffer, at: cython.Py_ssize_t, length: cython.Py_ssize_t
    ) -> Route | None:
        """The good route for exchange and routing key as two short strings, or None."""
        route: Route
        way: cython.Py_ssize_t
        hash_: cython.ulonglong = self.hash_of(names, at, length)
        first: cython.Py_ssize_t = self.bucket_of(hash_)
        for way in range(first, first + WAYS):
            if self.rows.u64(way * ROW_BYTES) != hash_:
                continue
            if self.has_names(way, names, at, length):
                route = self.routes[way]
                return route if route.is_good() else None
        return None

    def has_names(
        self,
        way: cython.Py_ssize_t,
        names: Buffer,
        at: cython.Py_ssize_t,
        length: cython.Py_ssize_t,
    ) -> cython.bint:
        """The route of this way is the one for these names."""
        row: cython.Py_ssize_t = way * ROW_BYTES
        route: Route | None
        if self.rows.u16(row + 8) != length:
            return False
        if length <= ROW_NAMES_MAX:
            return names.same(at, self.rows, row + ROW_HEAD_BYTES, length)
        route = self.routes[way]
        return route is not None and names.same(at, route.names, 0, length)

    def bucket_of(self, hash_: cython.ulonglong) -> cython.Py_ssize_t:
        """The first way of the bucket."""
        return cython.cast(cython.Py_ssize_t, hash_ & (self.buckets - 1)) * WAYS

    def place(self, route: Route) -> cython.int:
        old: Route
        way: cython.Py_ssize_t
        first: cython.Py_ssize_t = self.bucket_of(route.hash)
        for way in range(first, first + WAYS):
            old = self.routes[way]
            if old is None or not old.is_good():
                self.count += old is None
                return self.keep(way, route)
        self.victim = (self.victim + 1) % WAYS
        return self.keep(first + self.victim, route)

    def keep(self, way: cython.Py_ssize_t, route: Route) -> cython.int:
        row: cython.Py_ssize_t = way * ROW_BYTES
        old: Route = self.routes[way]
        if old is not None:
            self.target_count -= old.queue_count
        self.target_count += route.queue_count
        self.routes[way] = route
        self.rows.put_u64(row, route.hash)
        self.rows.put_u16(row + 8, route.names_length)
        return self.rows.copy(
            row + ROW_HEAD_BYTES, route.names, 0, min(route.names_length, ROW_NAMES_MAX)
        )

    def grow(self) -> cython.int:
        old: list = self.routes
        route: Route
        self.buckets = min(2 * self.buckets, self.buckets_max)
        self.routes = [None] * (self.buckets * WAYS)
        self.rows = Buffer(self.buckets * WAYS * ROW_BYTES)
        self.count = 0
        self.target_count = 0
        for route in old:
            if route is not None and route.is_good():
                self.place(route)
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
