"""The chunks of a stream: the first that is needed, the next one, and how much lives."""

import pytest

from tests.engine.client import Client, World
from tests.engine.fake_log import FakeLog
from tests.engine.log_chunks import MIB, PER_CHUNK, publish
from tests.engine.slow_reader import SlowReader


@pytest.fixture
def world() -> World:
    return World(journal=True)


@pytest.fixture
def log(world) -> FakeLog:
    return FakeLog(world.shard)


@pytest.fixture
def client(world) -> Client:
    return world.connect()


def test_a_chunk_comes_when_it_is_complete_durable_and_not_empty(world, log, client):
    order = world.shard.journal.order
    queue = world.kept_queue(b"q")
    assert order.next_behind(0) is None
    publish(client, 3 * PER_CHUNK)
    assert order.next_behind(0) is None
    log.sync()
    first = order.next_behind(0)
    second = order.next_behind(first.first_batch)
    assert (first.used < MIB, second.first_batch > first.first_batch) == (True, True)
    assert order.next_behind(second.first_batch) is None  # the third is written to
    for _ in range(PER_CHUNK):
        client.channel().get(queue, True)
    assert order.next_behind(0) is second


def test_as_much_lives_as_is_referred_to(world, log, client):
    SlowReader(world.shard, log)
    queue = world.kept_queue(b"q")
    order = world.shard.journal.order
    publish(client, 3 * PER_CHUNK)
    log.sync()
    assert 2.9 * MIB < order.live_bytes() < 3 * MIB
    for _ in range(PER_CHUNK + PER_CHUNK // 2):
        client.channel().get(queue, True)
    assert 1.4 * MIB < order.live_bytes() < 1.6 * MIB
