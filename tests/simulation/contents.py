"""What a broker has in its queues, seen from the inside: nothing is delivered for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from leveret.engine.queue import Queue
from tests.crash.ledger import Found
from tests.simulation.broker import SimulatedBroker

REDELIVERED = 8
OF_LOG, GUESTS = 1, 2
HEAD_BYTES, TARGET_BYTES = 40, 16


@dataclass(frozen=True)
class Stored:
    """A message that the log keeps. `found` is None if it is not in memory."""

    position: int
    found: Found | None


def contents(broker: SimulatedBroker) -> dict[str, list[Stored]]:
    """Of the queues that the log keeps, by their names."""
    host = broker.broker.hosts.find("/")
    return {
        name: list(stored(broker, queue.store))
        for name, queue in host.queues.items()
        if queue.store.keeps
    }


def stored(broker: SimulatedBroker, queue: Queue) -> Iterator[Stored]:
    for position, state, location in queue.index.entries():
        chunk = broker.shard.records.chunks[location >> 24]
        assert chunk is not None
        if chunk.kind not in (OF_LOG, GUESTS):
            continue
        found = None
        if chunk.buffer is not None:
            body = body_at(chunk.buffer, location & 0xFFFFFF)
            key = body.split(b" ", 1)[0].decode()
            found = Found(key, body, bool(state & REDELIVERED))
        yield Stored(position, found)


def body_at(buffer, at: int) -> bytes:
    head = buffer.bytes_at(at, HEAD_BYTES)
    body_length, properties_length, names_length, targets = (
        int.from_bytes(head[a:b], "big") for a, b in ((24, 28), (28, 32), (32, 34), (36, 40))
    )
    offset = at + HEAD_BYTES + TARGET_BYTES * targets + names_length + properties_length
    return buffer.bytes_at(offset, body_length)


def definitions(broker: SimulatedBroker, prefix: str) -> tuple[object, object, object]:
    """Exchanges, queues and bindings whose names begin so, as definer.expected() has them."""
    host = broker.broker.hosts.find("/")
    exchanges = {
        name: exchange.auto_delete
        for name, exchange in host.exchanges.items()
        if name.startswith(prefix)
    }
    queues = {name for name in host.queues if name.startswith(prefix)}
    bindings = {
        (binding.source.name, kind, binding.destination.name, binding.routing_key)
        for kind, ends in (("queue", host.queues), ("exchange", host.exchanges))
        for end in ends.values()
        for binding in end.bindings or ()
        if binding.source.name.startswith(prefix)
    }
    return exchanges, queues, bindings
