"""One loop's share: queue numbers, turns, and any commands at all against a simple model."""

from typing import Any

import pytest
from hypothesis import settings

from leveret.engine.buffer import COMPILED
from leveret.engine.queue import Queue
from leveret.engine.route import Route
from leveret.engine.shard import Shard
from tests.engine.client import World, message
from tests.engine.commands import Commands

MIB = 1 << 20


def test_queues_are_numbered_and_a_number_is_used_again():
    shard = Shard()
    queues = [shard.open_queue() for _ in range(3)]
    shard.close_queue(queues[1])
    shard.close_queue(queues[1])
    queues += [shard.open_queue(), shard.open_queue()]
    assert [queue.number for queue in queues] == [0, 1, 2, 1, 3]


def test_a_shard_without_news_has_nothing_to_do():
    shard = Shard(2**64 - 1)
    assert (shard.pending, shard.take_outputs(), shard.seed) == (False, [], 2**64 - 1)
    shard.turn()
    assert not shard.pending


def test_what_was_published_and_what_is_owed_are_for_the_turn():
    world = World()
    client = world.connect()
    client.publish(b"nowhere")
    assert not world.shard.pending
    client.channel().select_confirm()
    client.publish(b"nowhere")
    assert world.shard.pending
    world.shard.turn()
    assert not world.shard.pending
    world.queue(b"k")
    client.channel().cancel(client.consume(world.bound[b"k"][0]))
    assert world.shard.pending


@pytest.mark.parametrize("body", [b"", b"hello", bytes(200_000)])
def test_a_message_that_no_channel_brought_is_stored_like_any_other(body):
    world = World()
    queues = [world.queue(), world.queue()]
    route = Route(world.exchange, [queue.number for queue in queues])
    accepted = world.shard.insert(
        route,
        b"e",
        b"k",
        properties=b"\x08\x00\x07",
        body=body,
        arrival=5,
        priority=7,
        persistent=False,
    )
    client = world.connect()
    client.consume(queues[1])
    world.turn()
    (message,) = client.messages()
    assert (message.exchange, message.routing_key) == (b"e", b"k")
    assert (message.properties, message.body) == (b"\x08\x00\x07", body)
    assert (accepted, queues[0].ready_count) == (True, 1)


def crowd(world: World, count: int, body: bytes) -> list[Queue]:
    """Six queues with so many messages in each, and a consumer of its own that reads nothing."""
    queues = [world.queue(b"%d" % number) for number in range(6)]
    for number, queue in enumerate(queues):
        world.connect().send(message(b"%d" % number, body) * count)
        world.connect().consume(queue, no_ack=True)
    return queues


def test_all_queues_together_deliver_so_much_in_a_turn():
    world = World()
    queues = crowd(world, 4000, b"")
    world.shard.turn()
    assert sum(queue.ready_count for queue in queues) == 4000
    assert world.shard.pending
    world.turn()
    assert [queue.ready_count for queue in queues] == [0] * 6


def test_all_queues_together_deliver_so_many_bytes_in_a_turn():
    world = World()
    queues = crowd(world, 1, bytes(1_000_000))
    world.shard.turn()
    assert sorted(queue.ready_count for queue in queues) == [0, 0, 0, 0, 0, 1]
    world.turn()
    assert [queue.ready_count for queue in queues] == [0] * 6


@pytest.mark.parametrize(("megabytes", "halvings"), [(8, 0), (33, 1), (65, 2), (129, 3)])
def test_a_queue_whose_consumers_do_not_keep_up_halves_what_may_be_published(megabytes, halvings):
    world = World()
    queue = world.queue(b"k")
    client = world.connect()
    for _ in range(megabytes):
        client.publish(b"k", bytes(MIB))
    world.connect().consume(queue, no_ack=True)
    world.shard.turn()
    assert world.shard.halvings == halvings


def test_two_shards_know_nothing_of_each_other():
    one, other = World(), World()
    queues = one.queue(b"k"), other.queue(b"k")
    client = one.connect()
    client.publish(b"k")
    client.connection.write(b"x")
    assert [queue.ready_count for queue in queues] == [1, 0]
    assert (other.shard.pending, other.shard.take_outputs()) == (False, [])


@pytest.mark.parametrize("size", [0, 16, 100_000])
def test_what_a_connection_had_goes_back_with_it(size):
    world = World()
    queue = world.queue(b"k")
    client = world.connect()
    client.channel().select_confirm()
    client.send(message(b"k", bytes(size)) * 10)
    client.consume(queue)
    world.turn()
    client.connection.close()
    client.connection.discard_output()
    world.turn()
    assert (queue.ready_count, queue.unacked_count, world.shard.pending) == (10, 0, False)


TestCommands: Any = Commands.TestCase
TestCommands.settings = settings(
    max_examples=settings().max_examples // (3 if COMPILED else 5), stateful_step_count=40
)
