"""Definitions in the journal of a real shard, and back."""

from __future__ import annotations

import pytest

from leveret.broker.definition_log import RESERVED_INCARNATIONS, DefinitionLog
from leveret.broker.limits import Limits
from leveret.broker.restore import restore
from leveret.broker.virtual_host import VirtualHost
from leveret.engine.errors import ReplayError
from leveret.engine.shard import Shard
from tests.engine.fake_log import FakeLog

OF_LOG = 1


@pytest.fixture
def host(random) -> VirtualHost:
    """One whose definitions are in the log."""
    host = VirtualHost("/", Shard(1, journal=True), random, Limits())
    host.keep(DefinitionLog(host.shard))
    return host


@pytest.fixture
def log(host) -> FakeLog:
    return FakeLog(host.shard)


@pytest.fixture
def restored(log, random):
    """The virtual host of the first batches."""

    def restored(upto: int | None = None) -> VirtualHost:
        replay = log.replayed(upto=upto)
        again = VirtualHost("/", replay.shard, random, Limits())
        definitions = DefinitionLog(replay.shard)
        restore(
            {"/": again},
            definitions.read(replay.definitions),
            classes={},
            open_store=replay.claim,
            definitions=definitions,
        )
        replay.finish()
        return again

    return restored


def test_names_of_all_kinds_come_back(host, log, restored):
    for name in ("q", "ü", '"', "\N{RABBIT}"):
        host.declare_queue(name, durable=True, arguments={"a": name}, connection=None)
        host.bind_queue(queue=name, exchange="amq.direct", routing_key=name * 3, connection=None)
    log.take()
    again = restored()
    assert {name: queue.arguments for name, queue in again.queues.items()} == {
        name: queue.arguments for name, queue in host.queues.items()
    }
    assert {
        (binding.destination.name, binding.routing_key)
        for queue in again.queues.values()
        for binding in queue.bindings
    } == {(name, name * 3) for name in host.queues}


@pytest.mark.parametrize("room", [0, 24, 40, 48, 56])
def test_a_queue_and_its_messages_go_in_one_batch(host, log, restored, room):
    """However little room is left in the batch that is being filled: DROP needs 16 bytes."""
    queue = host.declare_queue("q", durable=True, connection=None)
    (chunk,) = (chunk for chunk in host.shard.records.chunks if chunk.kind == OF_LOG)
    filler = chunk.buffer.size - chunk.used - room - 16 - 16
    host.shard.journal.define(b'["filler", "/"]', bytes(filler))
    assert chunk.buffer.size - chunk.used == room
    host.delete_queue("q", connection=None)
    assert queue.store.closed
    log.take()
    with_queue, without = log.replayed(upto=1), log.replayed(upto=2)
    assert b'["queue","/","q"]' in with_queue.definitions
    assert with_queue.claim(queue.store.identity).ready_count == 0
    assert b'["queue","/","q"]' not in without.definitions
    with pytest.raises(ReplayError):
        without.claim(queue.store.identity)


def test_numbers_of_what_left_no_trace_are_not_given_again(host, log, restored):
    host.declare_exchange("e", "fanout", durable=True)
    given = host.exchanges["e"].incarnation
    host.delete_exchange("e")
    log.take()
    again = restored()
    assert again.declare_exchange("e", "fanout", durable=True).incarnation > given
    queue = again.declare_queue("q", durable=True, connection=None)
    assert queue.store.identity >> 32 > given + 1


def test_numbers_are_written_down_once_in_many(host, log):
    for _ in range(RESERVED_INCARNATIONS + 2):
        host.declare_exchange("e", "fanout", durable=True)
        host.delete_exchange("e")
    log.take()
    written = b"".join(batch for _, batch in log.batches)
    assert written.count(b'["incarnations"]') == 2


def test_a_queue_that_is_defined_and_dropped_is_an_error(host, log, restored):
    queue = host.declare_queue("q", durable=True, connection=None)
    host.shard.journal.drop(queue.store.identity)
    log.take()
    with pytest.raises(ReplayError, match="was dropped, and is there"):
        restored()


def test_what_is_not_a_number_is_an_error(host):
    definitions = DefinitionLog(host.shard)
    with pytest.raises(ValueError, match="an incarnation is a whole number"):
        list(definitions.read({b'["incarnations"]': b'{"given":"7"}'}))
