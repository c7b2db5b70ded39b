"""All definitions once more: what is kept is the same, whatever changes between two slices."""

import pytest

from leveret.broker.checkpoint import COST, all_steps, define_all
from leveret.broker.definition_log import DefinitionLog
from leveret.broker.limits import Limits
from leveret.broker.virtual_host import VirtualHost
from leveret.engine.shard import Shard
from tests.engine.fake_log import FakeLog


@pytest.fixture
def kept_host(random):
    host = VirtualHost("/", Shard(1, journal=True), random, Limits())
    definitions = DefinitionLog(host.shard)
    host.keep(definitions)
    return host, definitions


def declare(host: VirtualHost) -> None:
    host.declare_exchange("e", "topic", durable=True)
    host.declare_exchange("passing", "topic")
    for name in ("q", "r"):
        host.declare_queue(name, durable=True, connection=None)
        host.bind_queue(queue=name, exchange="e", routing_key=name, connection=None)
    host.declare_queue("passing", connection=None)
    host.bind_queue(queue="q", exchange="passing", routing_key="", connection=None)
    host.bind_exchange(destination="e", source="amq.topic", routing_key="x")


def without_incarnations(log: FakeLog) -> dict[bytes, bytes]:
    definitions = log.replayed().definitions
    assert definitions.pop(b'["incarnations"]')
    return definitions


def test_what_is_written_is_what_had_been_written(kept_host):
    host, definitions = kept_host
    log = FakeLog(host.shard)
    declare(host)
    log.take()
    before = without_incarnations(log)
    log.batches.clear()
    assert host.shard.chores.begin(define_all({"/": host}, definitions))
    log.take()
    assert without_incarnations(log) == before
    assert len(before) == 1 + 2 + 3


def test_what_goes_meanwhile_is_left_out_and_what_comes_is_written_where_it_comes(kept_host):
    host, definitions = kept_host
    log = FakeLog(host.shard)
    declare(host)
    log.take()
    log.batches.clear()
    steps = all_steps({"/": host}, definitions)
    for _ in range(2):  # what was given, and an exchange
        next(steps)
    host.delete_queue("r", connection=None)
    host.unbind_queue(queue="q", exchange="e", routing_key="q", connection=None)
    host.declare_queue("new", durable=True, connection=None)
    for _ in steps:
        pass
    log.take()
    keys = log.replayed().definitions.keys()
    assert [key for key in keys if b'"queue","/","q"' in key and b"binding" not in key]
    assert [key for key in keys if b'"new"' in key]
    assert not [key for key in keys if b'"queue","/","r"' in key]
    assert not [key for key in keys if b"binding" in key and b'"q"' in key]


def test_very_many_are_written_in_slices(kept_host):
    host, definitions = kept_host
    for number in range(1000):
        host.declare_queue(f"q{number}", durable=True, connection=None)
    chores = host.shard.chores
    chore = define_all({"/": host}, definitions)
    assert not chores.begin(chore)
    turns = 0
    while not chore.done:
        host.shard.turn()
        turns += 1
    assert 1000 * COST // 8192 // 2 < turns < 1000
