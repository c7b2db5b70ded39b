"""What the engine may not cost: an object for each message, a megabyte for one that stays."""

import gc
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from leveret.engine.buffer import COMPILED
from tests.engine.client import Client, World, ack_frame, message, nack_frame

MIB = 1 << 20
COUNT = 10_000
STATUS = Path("/proc/self/status")

compiled_only = pytest.mark.skipif(not COMPILED, reason="uncompiled, everything is an object")


def discard(client: Client) -> None:
    """Sends all there is, without looking at it."""
    while count := len(client.connection.send_buffer()):
        client.connection.sent(count)


def turns(world: World, *clients: Client) -> None:
    while world.shard.pending:
        world.shard.turn()
        for client in clients:
            discard(client)


class Load:
    """10,000 messages on their way, with pre-encoded frames."""

    def __init__(self) -> None:
        self.world = World()
        self.queue = self.world.queue(b"q")
        self.publisher, self.consumer = self.world.connect(), self.world.connect()
        self.publisher.channel().select_confirm()
        self.reader = self.consumer.consume(self.queue)
        self.consumer.channel().cancel(self.reader)
        self.messages = message(b"q", b"x" * 16, b"\x18\x00\x02\x05") * COUNT
        self.tag = 0

    def publish(self) -> None:
        self.publisher.send(self.messages)
        turns(self.world, self.publisher)
        assert self.queue.ready_count == COUNT

    def deliver(self) -> None:
        self.reader = self.consumer.consume(self.queue)
        turns(self.world, self.consumer)
        assert self.queue.unacked_count == COUNT

    def requeue(self) -> None:
        self.consumer.channel().cancel(self.reader)
        self.tag += COUNT
        self.consumer.send(nack_frame(self.tag, multiple=True))
        assert self.queue.ready_count == COUNT

    def acknowledge(self, frames: bytes) -> None:
        self.consumer.send(frames)
        self.tag += COUNT
        turns(self.world, self.consumer)
        assert (self.queue.unacked_count, self.consumer.violations) == (0, [])

    def acks(self) -> bytes:
        return b"".join(ack_frame(tag) for tag in range(self.tag + 1, self.tag + COUNT + 1))


def blocks_for(action: Callable[..., None], *arguments: object) -> int:
    """How many more objects there are afterwards."""
    before = sys.getallocatedblocks()
    action(*arguments)
    return sys.getallocatedblocks() - before


@pytest.fixture
def no_collector() -> Iterator[None]:
    """What others have left behind is not collected meanwhile."""
    gc.disable()
    yield
    gc.enable()


@compiled_only
@pytest.mark.slow
def test_ten_thousand_messages_are_no_objects(no_collector):
    """A page for 512 positions or 256 tags is four objects; nothing else may grow."""
    load = Load()
    for _ in range(2):
        blocks = [
            blocks_for(load.publish),
            blocks_for(load.deliver),
            blocks_for(load.requeue),
            blocks_for(load.deliver),
        ]
        acks = load.acks()
        blocks.append(blocks_for(load.acknowledge, acks))
        load.consumer.channel().cancel(load.reader)
    assert all(abs(count) < 400 for count in blocks), blocks


@compiled_only
@pytest.mark.slow
def test_traffic_of_ten_thousand_messages_allocates_next_to_nothing():
    """The most that was allocated at any time of it, in a world that has seen such traffic."""
    load = Load()
    load.consumer.consume(load.queue, no_ack=True)
    load.publisher.send(load.messages)
    turns(load.world, load.publisher, load.consumer)
    tracemalloc.start()
    load.publisher.send(load.messages)
    turns(load.world, load.publisher, load.consumer)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert load.queue.ready_count == 0
    assert most < 32 * 1024


def resident_bytes() -> int:
    for line in STATUS.read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return 0


class Passage:
    """Queues of which each keeps one unacknowledged message, and traffic that passes by."""

    def __init__(self, size: int) -> None:
        self.world = World()
        self.publisher, self.keeper, self.reader = (self.world.connect() for _ in range(3))
        self.size = size
        self.queues = 0
        self.fast = self.add(b"fast")
        self.stream = b""

    def add(self, key: bytes) -> bytes:
        queue = self.world.queue(key)
        self.keeper.consume(queue, prefetch=1)
        self.publisher.publish(key, bytes(16))
        turns(self.world, self.keeper)
        self.reader.consume(queue, no_ack=True)
        return message(key, bytes(self.size))

    def keep_one(self) -> None:
        """One queue more keeps a message; its traffic takes turns with the fast queue's."""
        self.queues += 1
        passing = self.add(b"%04d" % self.queues)
        share = MIB // (2 * self.size)
        recent = self.stream[-(share - 1) * len(passing) :] if share > 1 else b""
        self.stream = recent + passing
        self.publisher.send(self.stream + self.fast * share)
        turns(self.world, self.reader)
        self.publisher.routed.clear()


@pytest.mark.slow
def test_a_message_that_stays_pins_itself_and_not_what_has_passed():
    """1,000 messages stay, one by one, while a gigabyte passes."""
    passage = Passage(1000 if COMPILED else 30_000)
    passage.keep_one()
    idle, most = resident_bytes() if STATUS.exists() else 0, 0
    for _ in range(1000):
        passage.keep_one()
        most = max(most, passage.world.shard.records.memory_bytes)
    assert passage.world.shard.records.live_count == 1002
    assert passage.publisher.connection.bytes_received > 950_000_000
    assert most <= 18 * MIB
    if STATUS.exists():
        assert resident_bytes() - idle < 20_000_000
