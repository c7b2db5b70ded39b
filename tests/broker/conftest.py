"""A virtual host on the real engine, and what else the broker's tests have in common."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import count

import pytest

from leveret.broker.definitions import Key, Value
from leveret.broker.limits import Limits
from leveret.broker.message import Message
from leveret.broker.queue import Queue
from leveret.broker.virtual_host import VirtualHost
from leveret.engine.queue import Queue as Store
from leveret.engine.shard import Shard
from tests.broker.event_audience import Audience


class Subscriber:
    """A consumer that remembers what it was told."""

    def __init__(self, *, exclusive: bool = False) -> None:
        self.exclusive = exclusive
        self.cancellations = 0

    def cancelled(self) -> None:
        self.cancellations += 1


class Kept(dict[Key, Value]):
    """The newest value of each key, as a log would keep it."""

    def define(self, key: Key, value: Value | None) -> None:
        if value is None:
            del self[key]
        else:
            self[key] = json.loads(json.dumps(value))

    def drop(self, key: Key, store: Store) -> None:
        del self[key]


@pytest.fixture
def subscriber() -> type[Subscriber]:
    return Subscriber


@pytest.fixture
def random() -> Callable[[int], bytes]:
    """Bytes that are never the same twice, and always the same in the next test."""
    numbers = count(1)
    return lambda size: next(numbers).to_bytes(size, "big")


@pytest.fixture
def host(random: Callable[[int], bytes]) -> VirtualHost:
    return VirtualHost("/", Shard(), random, Limits())


@pytest.fixture
def audience(random: Callable[[int], bytes]) -> Audience:
    """It has heard of all that there is."""
    audience = Audience(random).bind()
    audience.heard()
    return audience


@pytest.fixture
def kept(host: VirtualHost) -> Kept:
    """What of the virtual host is to survive a restart."""
    kept = Kept()
    host.keep(kept)
    return kept


@pytest.fixture
def declare(host: VirtualHost) -> Callable[..., object]:
    """Declares queues of these names, bound to nothing, and returns the last."""

    def declare(*names: str, **options: object) -> object:
        for name in names:
            queue = host.declare_queue(name, **{"connection": None, **options})
        return queue

    return declare


@pytest.fixture
def fill(host: VirtualHost) -> Callable[[Queue, int], None]:
    """Puts so many messages into a queue."""

    def fill(queue: Queue, count: int) -> None:
        for _ in range(count):
            host.topology.deliver(Message("", (queue.name,)), queue)

    return fill


@pytest.fixture
def turns(host: VirtualHost) -> Callable[[], int]:
    """Has the shard's turns until nothing is left to do; returns how many that took."""

    def turns() -> int:
        count = 0
        while host.shard.pending:
            host.shard.turn()
            count += 1
        return count

    return turns


@pytest.fixture
def routed(host: VirtualHost) -> Callable[[str, str], list[str]]:
    """The names of the queues that a message gets to, in the order of the engine's route."""

    def routed(exchange: str, routing_key: str) -> list[str]:
        names = {queue.store.number: queue.name for queue in host.queues.values()}
        route = host.route(exchange, routing_key)
        return [names[route.queue(index)] for index in range(route.queue_count)]

    return routed
