"""What is told in a transaction is done at the commit, all of it or nothing."""

import pytest

from leveret.engine.amqp091.transaction import (
    StagedMessage,
    StagedSettlement,
    Transaction,
)
from leveret.engine.errors import PeerViolation
from leveret.engine.queue import Queue
from tests.engine.client import (
    ACK,
    PUBLISH,
    Client,
    World,
    ack_frame,
    message,
    nack_frame,
    reject_frame,
)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def queue(world) -> Queue:
    return world.queue(b"q")


@pytest.fixture
def client(world) -> Client:
    """With its channel in transaction mode."""
    client = world.connect()
    client.channel().select_transaction()
    return client


def got(world: World, client: Client, queue: Queue, count: int) -> list[int]:
    """The delivery tags of so many messages, unacknowledged."""
    world.connect().send(message(b"q", b"old") * count)
    for _ in range(count):
        client.channel().get(queue, False)
    return client.tags()


def counts(queue: Queue) -> tuple[int, int]:
    return queue.ready_count, queue.unacked_count


def test_a_channel_is_in_transaction_mode_once_it_was_asked_to(world):
    channel = world.connect().channel()
    assert (channel.transactional, channel.committing) == (False, False)
    channel.select_transaction()
    channel.select_transaction()
    assert (channel.transactional, channel.committing) == (True, False)


def test_messages_are_in_their_queues_from_the_commit_on(world, client, queue):
    client.publish(b"q", b"one", b"\x10\x00\x02")
    client.publish(b"q", b"x" * 300_000)
    assert counts(queue) == (0, 0)
    assert client.channel().commit()
    assert counts(queue) == (2, 0)
    client.consume(queue)
    world.turn()
    first, second = client.messages()
    assert (first.body, first.properties, second.body) == (b"one", b"\x10\x00\x02", b"x" * 300_000)


def test_a_commit_is_done_once(client, queue):
    client.publish(b"q", b"one")
    assert client.channel().commit() and client.channel().commit()
    assert counts(queue) == (1, 0)


def test_a_rollback_forgets_messages_and_acknowledgements(world, client, queue):
    got(world, client, queue, 2)
    client.publish(b"q", b"never")
    client.send(ack_frame(1) + reject_frame(2, requeue=False))
    client.channel().rollback()
    assert client.channel().commit()
    assert counts(queue) == (0, 2)
    client.send(ack_frame(1) + ack_frame(2))
    assert client.channel().commit()
    assert counts(queue) == (0, 0)


@pytest.mark.parametrize(
    ("frame", "after"),
    [
        (ack_frame(2), (0, 2)),
        (ack_frame(2, multiple=True), (0, 1)),
        (ack_frame(0, multiple=True), (0, 0)),
        (nack_frame(3), (1, 2)),
        (nack_frame(3, multiple=True, requeue=False), (0, 0)),
        (reject_frame(1), (1, 2)),
    ],
)
def test_acknowledgements_count_from_the_commit_on(world, client, queue, frame, after):
    got(world, client, queue, 3)
    client.send(frame)
    assert counts(queue) == (0, 3)
    client.channel().commit()
    assert counts(queue) == after


@pytest.mark.parametrize("tag", [0, 1, 4])
def test_a_tag_that_is_unknown_or_staged_is_a_violation_at_once(world, client, queue, tag):
    got(world, client, queue, 3)
    client.send(ack_frame(1) + ack_frame(tag))
    text = f"unknown delivery tag {tag}"
    assert client.violation() == ("precondition_failed", text, 1, ACK)
    assert counts(queue) == (3, 0)


def test_multiple_passes_over_what_is_staged(world, client, queue):
    got(world, client, queue, 3)
    client.send(nack_frame(2) + ack_frame(3, multiple=True))
    client.channel().commit()
    assert counts(queue) == (1, 0)


def test_what_is_staged_keeps_its_credit_until_the_commit(world, client, queue):
    client.consume(queue, prefetch=1)
    world.connect().send(message(b"q", b"m") * 2)
    world.turn()
    client.send(ack_frame(1))
    world.turn()
    assert client.tags() == [1]
    client.channel().commit()
    world.turn()
    assert client.tags() == [2]


def test_a_closing_channel_gives_back_what_was_staged_and_publishes_nothing(world, client, queue):
    got(world, client, queue, 2)
    client.publish(b"q", b"never")
    client.send(ack_frame(1))
    client.connection.close_channel(1)
    assert counts(queue) == (2, 0)


def test_recover_leaves_what_is_staged(world, client, queue):
    got(world, client, queue, 3)
    client.send(ack_frame(2))
    client.channel().recover()
    assert counts(queue) == (2, 1)
    client.channel().commit()
    assert counts(queue) == (2, 0)


def test_mandatory_messages_come_back_at_the_commit(client):
    client.publish(b"nowhere", b"body", mandatory=True)
    client.publish(b"nowhere", b"body")
    assert client.returns == []
    assert client.channel().commit()
    assert client.returns == [(1, b"", b"nowhere", b"\0\0", b"body")]


def test_a_message_goes_where_its_route_leads_at_the_commit(world, client, queue):
    client.publish(b"q", b"one")
    other = world.queue(b"q")
    client.channel().commit()
    assert (queue.ready_count, other.ready_count) == (1, 1)


def test_a_commit_that_may_not_publish_does_nothing(world, client, queue):
    got(world, client, queue, 1)
    client.send(ack_frame(1))
    client.publish(b"q", b"one")
    client.publish(b"q", b"two", exchange=b"there")
    world.exchange.changed()

    def refuse(channel: int, exchange: bytes, routing_key: bytes) -> None:
        raise PeerViolation("not_found", exchange.decode(), channel, PUBLISH)

    client.route = refuse
    with pytest.raises(PeerViolation):
        client.channel().commit()
    assert counts(queue) == (0, 1)


def test_a_queue_that_refuses_a_message_fails_the_commit_behind_the_others(world, client, queue):
    world.limit(queue, 1)
    client.publish(b"q", b"one")
    client.publish(b"q", b"two")
    client.publish(b"nowhere", b"three")
    assert not client.channel().commit()
    assert counts(queue) == (1, 0)


@pytest.mark.parametrize("frame", [message(b"q", b"x"), ack_frame(1), nack_frame(1)])
def test_nothing_may_be_told_while_a_commit_is_going_on(world, client, queue, frame):
    got(world, client, queue, 1)
    client.channel().set_committing(True)
    assert client.channel().committing
    client.send(frame)
    kind, text, channel, _ = client.violation()
    assert (kind, channel) == ("channel_error", 1)
    assert text == "unexpected command while processing 'tx.commit'"


@pytest.mark.parametrize(
    ("limit", "frame", "method", "fits"),
    [
        (1_000, message(b"q", bytes(100)), PUBLISH, 2),
        (1_000, ack_frame(0, multiple=True), ACK, 6),
    ],
    ids=["messages", "acknowledgements of nothing"],
)
def test_a_transaction_has_a_limit(client, queue, limit, frame, method, fits):
    client.connection.session.limit_messages(100, transaction_bytes_max=limit)
    client.open_channel(2).select_transaction()
    channelled = frame.replace(b"\0\1\0\0", b"\0\2\0\0")
    client.send(channelled * fits)
    assert client.violations == []
    client.send(channelled)
    text = f"more than {limit} bytes in a transaction"
    assert client.violation() == ("resource_error", text, 2, method)
    assert queue.ready_count == 0


def test_two_of_the_largest_messages_fit_into_a_transaction(client):
    client.connection.session.limit_messages(10_000, transaction_bytes_max=1)
    client.open_channel(2).select_transaction()
    client.publish(b"q", bytes(9_000), channel=2)
    client.publish(b"q", bytes(9_000), channel=2)
    assert client.violations == []


def test_what_is_forgotten_makes_room_in_the_transaction():
    transaction = Transaction(1_000)
    for _ in range(3):
        transaction.publish(StagedMessage(b"\0\0", 0, b"\0\0", bytes(500)), 1)
        transaction.clear()
    assert (transaction.messages, transaction.settlements, transaction.tags) == ([], [], set())


def test_acknowledging_all_again_and_again_costs_no_more_than_what_is_new(world, client, queue):
    got(world, client, queue, 3)
    client.send(ack_frame(2, multiple=True) + ack_frame(0, multiple=True) * 2)
    got(world, client, queue, 1)
    client.send(ack_frame(0, multiple=True))
    assert client.channel().commit()
    assert counts(queue) == (0, 0)


def test_staged_tags_are_known():
    transaction = Transaction(1_000)
    transaction.settle(StagedSettlement([1, 3], True), 1, ACK)
    assert (transaction.tags, transaction.settlements) == ({1, 3}, [([1, 3], True)])
