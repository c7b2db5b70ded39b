"""The data plane of a channel: publish, get, acknowledge, confirm, and all that can go wrong."""

import struct

import pytest

from leveret.engine.amqp091.consumer import ChannelConsumer
from leveret.engine.errors import InvariantError, PeerViolation
from leveret.engine.queue import Queue
from leveret.engine.route import Route
from leveret.wire.amqp091.frames import HEARTBEAT_FRAME
from tests.engine.client import (
    ACK,
    NACK,
    PUBLISH,
    REJECT,
    Answer,
    Client,
    Message,
    World,
    ack_frame,
    body_frame,
    header_frame,
    method_frame,
    nack_frame,
    publish_frame,
    reject_frame,
    short_string,
)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def queue(world) -> Queue:
    return world.queue(b"q")


@pytest.fixture
def client(world, queue) -> Client:
    return world.connect()


def delivered(client: Client, queue: Queue, count: int, **options: object) -> ChannelConsumer:
    """The client holds so many messages, with the bodies 1, 2, ..."""
    for number in range(1, count + 1):
        client.publish(b"q", b"%d" % number)
    consumer = client.consume(queue, **options)
    client.world.turn()
    assert len(client.messages()) == count
    return consumer


# Publishing


def test_a_message_goes_to_each_queue_of_its_route(world, client, queue):
    other = world.queue(b"q", b"r")
    client.publish(b"q", b"both", exchange=b"e")
    client.publish(b"r", b"one")
    client.publish(b"s", b"none")
    assert (queue.ready_count, other.ready_count) == (1, 2)
    assert client.routed == [(1, b"e", b"q"), (1, b"", b"r"), (1, b"", b"s")]
    assert world.shard.records.live_count == 2


def test_the_control_plane_is_asked_once_for_a_name(world, client):
    for _ in range(3):
        client.publish(b"q", b"x")
        client.publish(b"r", b"x")
    assert len(client.routed) == 2


def test_names_of_255_bytes_reach_the_consumer(world, client):
    exchange, key = bytes(range(1, 256)), bytes(range(255, 0, -1))
    queue = world.queue(key)
    client.publish(key, b"x", exchange=exchange)
    client.consume(queue)
    world.turn()
    (message,) = client.messages()
    assert (message.exchange, message.routing_key) == (exchange, key)


def test_a_changed_binding_is_followed_at_once(world, client, queue):
    client.publish(b"q")
    other = world.queue(b"q")
    client.publish(b"q")
    assert (queue.ready_count, other.ready_count) == (2, 1)


def test_a_binding_that_changes_while_a_message_comes_in_is_followed(world, client, queue):
    client.send(publish_frame(b"q") + header_frame(4) + body_frame(b"12"))
    other = world.queue(b"q")
    client.send(body_frame(b"34"))
    assert (queue.ready_count, other.ready_count) == (1, 1)


def test_an_exchange_may_go_while_a_message_comes_in(world, client, queue):
    client.send(publish_frame(b"q") + header_frame(4) + body_frame(b"12"))
    world.exchange.changed()
    client.route = gone
    client.send(body_frame(b"34"))
    assert client.violation()[0] == "not_found"
    assert (client.channel().failed, queue.ready_count) == (True, 0)


def gone(channel: int, exchange: bytes, routing_key: bytes) -> Route:
    raise PeerViolation("not_found", "no exchange", channel, PUBLISH)


MALFORMED = [
    b"",
    b"\0",
    b"\0\0",
    b"\0\0\0",
    b"\0\0\0\0",
    b"\0\0\x01e",
    b"\0\0\x05e\0\0",
    b"\0\0\xff" + b"e" * 255,
    b"\0\0\0\x02k\0",
    b"\0\0\0\xff" + b"k" * 254,
    b"\0\0\0\x01k\0\0",
    b"\0\0" + short_string(b"e") + short_string(b"k"),
]


@pytest.mark.parametrize("arguments", MALFORMED)
def test_a_malformed_publish_is_a_syntax_error(client, arguments):
    client.send(method_frame(1, PUBLISH, arguments) + HEARTBEAT_FRAME * 40)
    assert client.violation() == ("syntax_error", "malformed basic.publish", 1, PUBLISH)
    assert client.routed == []


def test_immediate_is_not_implemented(client):
    client.send(publish_frame(b"q", flags=2))
    assert client.violation() == ("not_implemented", "immediate=true", 1, PUBLISH)


def test_a_mandatory_message_without_a_queue_comes_back(world, client):
    client.publish(b"nowhere", b"lost")
    client.publish(b"nowhere", b"body", b"\x10\x00\x02", exchange=b"e", mandatory=True)
    large = bytes(range(256)) * 400
    client.publish(b"nowhere", large, mandatory=True)
    assert client.returns == [
        (1, b"e", b"nowhere", b"\x10\x00\x02", b"body"),
        (1, b"", b"nowhere", b"\0\0", large),
    ]
    assert world.shard.records.live_count == 0


def test_a_mandatory_message_with_a_queue_does_not_come_back(client, queue):
    client.publish(b"q", b"x", mandatory=True)
    assert (client.returns, queue.ready_count) == ([], 1)


# Permission, and what the control plane may do while it is asked


def test_each_channel_is_asked_for_itself_whether_it_may_publish(world, client):
    client.open_channel(2)
    for channel in (1, 2, 2, 1):
        client.publish(b"q", channel=channel)
    world.connect().publish(b"q")
    assert [channel for channel, _, _ in client.routed] == [1, 2]


def test_permission_is_the_exchanges_whatever_the_routing_key(world, client):
    for key in (b"q", b"r", b"s"):
        world.connect().publish(key)
    client.publish(b"q")
    client.publish(b"r")
    client.publish(b"s")
    assert [key for _, _, key in client.routed] == [b"q"]


def test_a_refused_channel_publishes_nothing_though_the_route_is_known(world, client, queue):
    world.connect().publish(b"q")
    client.route = gone
    client.publish(b"q")
    assert (client.violation()[0], queue.ready_count) == ("not_found", 1)


def test_forgotten_permissions_are_asked_for_again(client):
    client.open_channel(2)
    for _ in range(2):
        for channel in (1, 2):
            client.publish(b"q", channel=channel)
            client.publish(b"q", channel=channel)
        client.connection.forget_permissions()
    assert [channel for channel, _, _ in client.routed] == [1, 2, 1, 2]


@pytest.mark.parametrize("sent", range(4))
def test_permissions_may_be_forgotten_while_a_message_comes_in(client, queue, sent):
    frames = [publish_frame(b"q"), header_frame(4), body_frame(b"12"), body_frame(b"34")]
    client.send(b"".join(frames[:sent]))
    client.connection.forget_permissions()
    client.send(b"".join(frames[sent:]))
    assert (client.violations, queue.ready_count) == ([], 1)


def test_a_publish_that_failed_has_no_content_whatever_the_control_plane_did(client, queue):
    client.violated = client.violations.append
    client.send(publish_frame(b"k", exchange=b"missing") + header_frame(0))
    client.send(publish_frame(b"q", flags=2) + header_frame(0))
    client.send(method_frame(1, PUBLISH, b"") + header_frame(0))
    assert [error.kind for error in client.violations] == [
        *("not_found", "unexpected_frame", "not_implemented", "unexpected_frame"),
        *("syntax_error", "unexpected_frame"),
    ]
    client.publish(b"q", b"x")
    assert queue.ready_count == 1


def test_no_route_and_no_violation_either_is_a_bug_of_the_control_plane(client):
    client.route = lambda *_: None
    with pytest.raises(InvariantError):
        client.publish(b"q", b"x")


# Acknowledging


def test_a_message_is_acknowledged_once(client, queue):
    delivered(client, queue, 3)
    client.send(ack_frame(2))
    assert (queue.unacked_count, client.channel().unacked_count) == (2, 2)
    client.send(ack_frame(2))
    assert client.violation() == ("precondition_failed", "unknown delivery tag 2", 1, ACK)


@pytest.mark.parametrize("tag", [0, 4, 2**63, 2**64 - 1])
@pytest.mark.parametrize(
    ("make", "method"), [(ack_frame, ACK), (nack_frame, NACK), (reject_frame, REJECT)]
)
def test_a_tag_that_was_not_given_is_unknown(client, queue, tag, make, method):
    delivered(client, queue, 3)
    client.send(make(tag))
    text = f"unknown delivery tag {tag}"
    assert client.violation() == ("precondition_failed", text, 1, method)


@pytest.mark.parametrize("tag", [2, 4, 2**64 - 1])
@pytest.mark.parametrize(("make", "method"), [(ack_frame, ACK), (nack_frame, NACK)])
def test_multiple_up_to_a_tag_that_is_unknown_settles_nothing(client, queue, tag, make, method):
    delivered(client, queue, 3)
    client.send(ack_frame(2))
    client.violated = client.violations.append
    client.send(make(tag, multiple=True))
    assert (client.violation()[3], queue.unacked_count) == (method, 2)


def test_multiple_settles_all_up_to_its_tag(client, queue):
    delivered(client, queue, 5)
    client.send(ack_frame(2) + ack_frame(4, multiple=True))
    assert client.channel().unacked_count == 1
    client.send(ack_frame(5))
    assert (client.violations, queue.unacked_count, queue.ready_count) == ([], 0, 0)


@pytest.mark.parametrize("count", [0, 1, 600])
def test_multiple_with_tag_0_settles_all(client, queue, count):
    delivered(client, queue, count)
    client.send(ack_frame(0, multiple=True))
    client.send(ack_frame(0, multiple=True))
    assert (client.violations, queue.unacked_count) == ([], 0)


@pytest.mark.parametrize(
    ("frame", "ready", "unacked"),
    [
        (ack_frame(2), [], 2),
        (ack_frame(2, multiple=True), [], 1),
        (reject_frame(2, requeue=False), [], 2),
        (reject_frame(2), [b"2"], 2),
        (nack_frame(2, requeue=False), [], 2),
        (nack_frame(2), [b"2"], 2),
        (nack_frame(2, multiple=True, requeue=False), [], 1),
        (nack_frame(2, multiple=True), [b"1", b"2"], 1),
        (nack_frame(0, multiple=True), [b"1", b"2", b"3"], 0),
    ],
)
def test_what_becomes_of_a_message_is_its_methods_to_say(client, queue, frame, ready, unacked):
    consumer = delivered(client, queue, 3)
    client.channel().cancel(consumer)
    client.send(frame)
    assert (queue.unacked_count, queue.ready_count) == (unacked, len(ready))
    while client.channel().get(queue, True):
        pass
    assert [(event.body, event.redelivered) for event in client.messages()] == [
        (body, True) for body in ready
    ]


@pytest.mark.parametrize(
    ("method", "flags", "ready", "unacked"),
    [(ACK, 0xFE, 0, 2), (REJECT, 0xFE, 0, 2), (NACK, 0xFC, 0, 2), (ACK, 0xFF, 0, 1)],
)
def test_bits_without_a_meaning_are_ignored(client, queue, method, flags, ready, unacked):
    delivered(client, queue, 3)
    client.send(method_frame(1, method, struct.pack("!QB", 2, flags)))
    assert (queue.ready_count, queue.unacked_count) == (ready, unacked)


@pytest.mark.parametrize("method", [ACK, NACK, REJECT])
@pytest.mark.parametrize("size", [0, 1, 8, 10, 100])
def test_a_malformed_acknowledgement_is_a_syntax_error(client, method, size):
    client.send(method_frame(1, method, bytes(size)) + HEARTBEAT_FRAME * 4)
    assert client.violation() == ("syntax_error", "malformed acknowledgement", 1, method)


def test_tags_are_the_channels_own(client, queue):
    client.open_channel(2)
    delivered(client, queue, 1)
    client.send(ack_frame(1, channel=2))
    assert client.violation()[2] == 2
    assert queue.unacked_count == 1


def test_a_channel_holds_messages_of_several_queues(world, client, queue):
    other = world.queue(b"other")
    client.consume(queue, tag=b"a")
    client.consume(other, tag=b"b")
    for key in (b"q", b"other", b"q"):
        client.publish(key)
        world.turn()
    client.send(nack_frame(2, multiple=True, requeue=False))
    assert (queue.unacked_count, other.unacked_count, client.tags()) == (1, 0, [1, 2, 3])


# Getting


def test_get_takes_the_next_message_and_says_how_many_are_left(client, queue):
    for number in range(3):
        client.publish(b"q", b"%d" % number)
    assert client.channel().get(queue, False)
    (message,) = client.events()
    assert message == Message(1, None, 1, False, b"", b"q", b"\0\0", b"0", 2)
    assert (queue.ready_count, queue.unacked_count) == (2, 1)


def test_get_of_an_empty_queue_writes_nothing(client, queue):
    assert not client.channel().get(queue, False)
    assert client.take() == b""


def test_get_without_acknowledgement_settles_at_once(world, client, queue):
    client.publish(b"q")
    assert client.channel().get(queue, True)
    assert (queue.unacked_count, client.channel().unacked_count) == (0, 0)
    assert world.shard.records.live_count == 0


def test_what_was_got_is_acknowledged_or_requeued_like_any_other(client, queue):
    for number in range(3):
        client.publish(b"q", b"%d" % number)
    for _ in range(3):
        client.channel().get(queue, False)
    client.events()
    client.send(ack_frame(2) + reject_frame(3) + nack_frame(1))
    assert [client.channel().get(queue, False) for _ in range(3)] == [True, True, False]
    again = [(event.delivery_tag, event.redelivered, event.body) for event in client.messages()]
    assert again == [(4, True, b"0"), (5, True, b"2")]


def test_get_has_no_consumer(client, queue):
    client.publish(b"q")
    client.channel().get(queue, False)
    assert queue.consumer_count == 0


# Confirming


def test_a_channel_confirms_what_is_published_after_it_was_asked_to(world, client):
    client.publish(b"q")
    assert not client.channel().confirming
    client.channel().select_confirm()
    client.channel().select_confirm()
    assert client.channel().confirming
    client.publish(b"q")
    client.publish(b"nowhere", mandatory=True)
    world.turn()
    assert client.events() == [Answer(1, ACK, 2, True)]


def test_confirms_come_at_the_end_of_the_turn_behind_its_deliveries(world, client, queue):
    client.channel().select_confirm()
    client.consume(queue)
    client.publish(b"q")
    assert client.take() == b""
    world.turn()
    assert [type(event) for event in client.events()] == [Message, Answer]


def test_a_message_is_confirmed_when_it_is_complete(world, client):
    client.channel().select_confirm()
    client.send(publish_frame(b"q") + header_frame(2) + body_frame(b"a"))
    world.turn()
    assert client.take() == b""
    client.send(body_frame(b"b"))
    world.turn()
    assert client.events() == [Answer(1, ACK, 1, False)]


def test_each_channel_counts_its_own(world, client):
    client.open_channel(2)
    for channel in (1, 2):
        client.channel(channel).select_confirm()
    for channel in (2, 1, 2):
        client.publish(b"q", channel=channel)
    world.turn()
    assert client.events() == [Answer(2, ACK, 2, True), Answer(1, ACK, 1, False)]


def test_a_full_queue_refuses_and_the_others_take_the_message(world, client, queue):
    other = world.queue(b"q")
    client.channel().select_confirm()
    world.limit(queue, 2)
    for number in range(4):
        client.publish(b"q", b"%d" % number)
    world.turn()
    assert client.events() == [Answer(1, ACK, 2, True), Answer(1, NACK, 4, True)]
    assert (queue.ready_count, other.ready_count) == (2, 4)
    world.limit(queue, None)
    client.publish(b"q")
    world.turn()
    assert client.events() == [Answer(1, ACK, 5, False)]


def test_a_refused_message_without_another_queue_is_not_kept(world, client, queue):
    world.limit(queue, 1)
    client.publish(b"q")
    client.publish(b"q", bytes(100_000))
    assert (queue.ready_count, world.shard.records.live_count) == (1, 1)


def test_a_queue_that_was_deleted_counts_as_having_the_message(world, client, queue):
    client.channel().select_confirm()
    client.publish(b"q")
    world.shard.close_queue(queue)  # the route still leads to it
    client.publish(b"q")
    world.turn()
    assert client.events() == [Answer(1, ACK, 2, True)]
    assert world.shard.records.live_count == 0


def test_a_deleted_queue_takes_nothing_from_the_others(world, client, queue):
    other = world.queue(b"q")
    client.publish(b"q")
    world.shard.close_queue(queue)
    client.publish(b"q", b"x")
    assert other.ready_count == 2


def test_a_closing_channel_tells_what_it_owes(world, client):
    client.channel().select_confirm()
    client.publish(b"q")
    client.connection.close_channel(1)
    assert client.events() == [Answer(1, ACK, 1, False)]
    client.open_channel(1).select_confirm()
    client.publish(b"q")
    world.turn()
    assert client.events() == [Answer(1, ACK, 1, False)]


def test_a_failed_channel_confirms_nothing_any_more(world, client):
    client.channel().select_confirm()
    client.publish(b"q")
    client.connection.fail_channel(1)
    client.take()
    world.turn()
    assert client.take() == b""


# Consumers and closing


def test_what_a_closed_channel_held_goes_back_to_its_places(world, client, queue):
    delivered(client, queue, 4)
    client.send(ack_frame(2))
    client.connection.close_channel(1)
    assert (queue.ready_count, queue.unacked_count, queue.consumer_count) == (3, 0, 0)
    reader = world.connect()
    reader.consume(queue)
    world.turn()
    again = [(event.body, event.redelivered) for event in reader.messages()]
    assert again == [(b"1", True), (b"3", True), (b"4", True)]


def test_a_cancelled_consumer_keeps_what_it_was_sent(world, client, queue):
    consumer = delivered(client, queue, 2)
    client.channel().cancel(consumer)
    client.publish(b"q", b"3")
    world.turn()
    assert (client.take(), queue.ready_count, queue.unacked_count) == (b"", 1, 2)
    client.send(ack_frame(1) + nack_frame(2))
    assert (client.violations, queue.ready_count, queue.unacked_count) == ([], 2, 0)


def test_a_consumer_takes_the_place_of_one_that_holds_nothing(world, client, queue):
    holders = []
    for number in range(5):
        consumer = client.consume(queue, tag=b"%d" % number)
        holders.append(consumer.holder)
        client.publish(b"q")
        world.turn()
        client.channel().cancel(consumer)
        if number != 2:
            client.send(ack_frame(number + 1))
    assert holders == [0, 0, 0, 1, 1]
    client.send(ack_frame(3))
    assert (client.violations, client.consume(queue).holder) == ([], 0)


def test_recover_gives_back_all_that_the_channel_holds(world, client, queue):
    for number in range(3):
        client.publish(b"q", b"%d" % number)
        client.channel().get(queue, False)
    client.send(ack_frame(2))
    client.messages()
    client.channel().recover()
    assert (queue.ready_count, queue.unacked_count) == (2, 0)
    client.consume(queue)
    world.turn()
    assert [(m.body, m.redelivered) for m in client.messages()] == [(b"0", True), (b"2", True)]


def test_many_gets_leave_nothing_behind(client, queue):
    channel = client.channel()
    for number in range(1, 50):
        client.publish(b"q")
        channel.get(queue, number % 2 == 0)
        if number % 2:
            client.send(ack_frame(number))
    assert client.consume(queue).holder == 0


def test_messages_of_a_deleted_queue_are_settled_in_vain(world, client, queue):
    delivered(client, queue, 4)
    world.close_queue(queue)
    client.send(ack_frame(1) + nack_frame(2) + reject_frame(3))
    client.connection.close_channel(1)
    world.turn()
    assert (client.violations, world.shard.records.live_count) == ([], 0)


def test_a_new_queue_is_not_taken_for_the_deleted_one_of_the_same_number(world, client, queue):
    delivered(client, queue, 2)
    world.close_queue(queue)
    heir = world.queue(b"heir")
    client.publish(b"heir")
    assert heir.number == queue.number
    client.send(ack_frame(1) + nack_frame(2))
    assert (heir.ready_count, heir.unacked_count) == (1, 0)


def test_a_closed_channel_forgets_a_message_that_was_coming_in(world, client, queue):
    client.send(publish_frame(b"q") + header_frame(50_000) + body_frame(bytes(40_000)))
    client.connection.close_channel(1)
    client.open_channel(1)
    client.publish(b"q", b"x")
    assert (client.violations, queue.ready_count) == ([], 1)
