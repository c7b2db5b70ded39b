"""A connection's frames, its channels, and what it hears while it is closing or paused."""

import struct
from collections.abc import Iterator

import pytest

from leveret.wire.amqp091.frames import HEARTBEAT_FRAME, PROTOCOL_HEADER, encode_frame
from tests.engine.client import (
    CHANNEL_CLOSE,
    CHANNEL_CLOSE_OK,
    CHANNEL_OPEN,
    CONNECTION_CLOSE,
    CONNECTION_CLOSE_OK,
    FRAME_MAX,
    GET,
    NOW,
    PUBLISH,
    Client,
    World,
    ack_frame,
    body_frame,
    header_frame,
    message,
    method_frame,
    nack_frame,
    publish_frame,
    reject_frame,
)

QUEUE_DECLARE = 50 << 16 | 10
RECEIVE_BYTES = 64 * 1024
REST_MIN = 512
RECEIVE_BYTES_MAX = 512 * 1024
STREAMED_ABOVE = 32 * 1024
LOOKED_AHEAD_ABOVE = 2048


@pytest.fixture
def world() -> World:
    world = World()
    world.queue(b"q")
    return world


@pytest.fixture
def client(world) -> Client:
    return world.connect()


def ready_count(world: World) -> int:
    return sum(queue.ready_count for queue in world.bound[b"q"])


# The face


def test_the_first_eight_bytes_are_the_control_planes(world):
    client = Client(world)
    client.send(b"AMQP\x00\x01", step=1)
    assert client.headers == []
    client.send(b"\x00\x00" + HEARTBEAT_FRAME)
    assert (client.headers, client.violations) == ([b"AMQP\x00\x01\x00\x00"], [])


def test_an_idle_connection_receives_into_the_shards_one_buffer(world):
    one, other = world.connect(), world.connect()
    assert one.connection.receive_buffer().obj is other.connection.receive_buffer().obj
    assert len(one.connection.receive_buffer()) == RECEIVE_BYTES


def test_what_is_unfinished_is_kept_in_memory_of_its_own_size(world):
    one, other = world.connect(), world.connect()
    other.publish(b"q", b"first")
    before = world.shard.memory.in_use
    one.send(publish_frame(b"q")[:-1])
    assert world.shard.memory.in_use - before == REST_MIN
    other.publish(b"q", b"other")
    one.send(publish_frame(b"q")[-1:] + header_frame(30_000) + body_frame(bytes(30_000))[:-1])
    assert 29_999 < world.shard.memory.in_use - before < 30_100
    one.send(b"\xce")
    assert (ready_count(world), world.shard.memory.in_use) == (3, before)


@pytest.mark.parametrize("size", [4, RECEIVE_BYTES - 7, RECEIVE_BYTES - 6, FRAME_MAX])
@pytest.mark.parametrize("step", [RECEIVE_BYTES, 40_000])
def test_a_rest_of_any_size_is_carried_over(world, client, size, step):
    other = world.connect()
    method = method_frame(1, 50 << 16 | 10, bytes(range(256)) * 1024)[: size + 7]
    frame = method[:3] + size.to_bytes(4, "big") + method[7 : size + 7]
    client.send(frame, step=step)
    other.publish(b"q", bytes(1_000))
    client.send(b"\xce" + publish_frame(b"q") + header_frame(0))
    assert ready_count(world) == 2
    assert client.methods == [(1, 50 << 16 | 10, frame[11:])]


def test_a_frame_larger_than_most_gets_a_larger_buffer_to_be_received_in(world):
    client = world.connect(frame_max=1 << 20)
    method = method_frame(1, 50 << 16 | 10, bytes(900_000))
    client.send(method)
    assert [len(arguments) for _, _, arguments in client.methods] == [900_000]


@pytest.mark.parametrize("count", [-1, RECEIVE_BYTES + 1, 2**62])
def test_no_more_is_received_than_there_was_room_for(client, count):
    with pytest.raises(ValueError, match="more was received"):
        client.connection.received(count, NOW)


def test_nothing_may_have_been_received(client):
    client.connection.received(0, NOW)
    assert client.violations == []


def test_bytes_are_counted_both_ways(world, client):
    before = client.connection.bytes_received
    client.send(publish_frame(b"q") + header_frame(0))
    client.connection.write(b"12345")
    client.take(3)
    assert client.connection.bytes_received - before == len(publish_frame(b"q") + header_frame(0))
    assert (client.connection.bytes_sent, client.take()) == (3, b"45")


def full_reads(client: Client, message: bytes, count: int) -> Iterator[int]:
    """Reads that are full of the same message over and over: how large each of them was."""
    data = bytearray()
    for _ in range(count):
        size = len(client.connection.receive_buffer())
        while len(data) < size:
            data += message
        client.send(bytes(data[:size]))
        del data[:size]
        yield size
    client.send(bytes(data))


@pytest.mark.parametrize(
    ("body", "expected"), [(16, 1), (100, 2), (200, 4), (500, 8), (1_000, 8), (100_000, 8)]
)
def test_reads_grow_while_they_bring_few_messages(client, body, expected):
    sizes = list(full_reads(client, message(b"q", bytes(body)), 6))
    assert sizes[0] == RECEIVE_BYTES
    assert sizes == sorted(sizes)
    assert {RECEIVE_BYTES * expected} == set(sizes[3:])


def test_reads_shrink_while_they_bring_many_messages(client):
    list(full_reads(client, message(b"q", bytes(1_000)), 4))
    sizes = full_reads(client, message(b"q", b"x" * 16), 5)
    assert list(sizes) == [RECEIVE_BYTES << shift for shift in (3, 2, 1, 0, 0)]
    assert RECEIVE_BYTES << 3 == RECEIVE_BYTES_MAX


def test_a_consumer_is_sent_in_one_turn_all_that_the_largest_read_brings(world, client):
    queue, consumer = world.queue(b"r"), world.connect()
    consumer.consume(queue, no_ack=True)
    for size in full_reads(client, message(b"r", bytes(300)), 6):
        world.shard.turn()
        consumer.take()
        assert queue.ready_count == 0, size


def test_the_shard_names_who_has_something_to_send(world):
    one, other = world.connect(), world.connect()
    other.connection.write(b"x")
    other.connection.write(b"y")
    assert world.shard.take_outputs() == [other]
    assert world.shard.take_outputs() == []
    one.connection.write(b"z")
    assert world.shard.take_outputs() == [one]


# Frames


def test_a_payload_may_be_frame_max_long_and_one_byte_longer_is_refused(world):
    for frame_max in (4096, FRAME_MAX):
        client = world.connect(frame_max=frame_max)
        client.send(publish_frame(b"q") + header_frame(frame_max) + body_frame(bytes(frame_max)))
        assert client.violations == []
        client.send(encode_frame(3, 1, bytes(frame_max + 1))[:8])
        text = f"type 3, all octets = <<>>: {{frame_too_large,{frame_max + 1},{frame_max - 8}}}"
        assert client.violation() == ("frame_error", text, 0, 0)
    assert ready_count(world) == 2


@pytest.mark.parametrize("kind", [1, 2, 3, 8])
@pytest.mark.parametrize("size", [FRAME_MAX + 1, 2**31 - 1, 2**31, 2**32 - 1])
def test_a_frame_that_says_it_is_too_large_is_refused_before_it_comes(client, kind, size):
    client.send(struct.pack("!BHI", kind, 1, size) + b"x")
    text = f"type {kind}, all octets = <<>>: {{frame_too_large,{size},{FRAME_MAX - 8}}}"
    assert client.violation()[:2] == ("frame_error", text)


@pytest.mark.parametrize("end", [0x00, 0xCD, 0xCF, 0xFF])
@pytest.mark.parametrize("size", [1, 100, STREAMED_ABOVE, STREAMED_ABOVE + 1, FRAME_MAX])
@pytest.mark.parametrize("step", [1 << 20, 20_000])
def test_a_frame_ends_where_it_said(world, client, size, end, step):
    frame = body_frame(bytes(size))[:-1] + bytes((end,))
    client.send(publish_frame(b"q") + header_frame(size) + frame, step=step)
    text = f"type 3: {{invalid_frame_end_marker,{end}}}"
    assert (client.violation()[:2], ready_count(world)) == (("frame_error", text), 0)


@pytest.mark.parametrize("size", [-1, 1])
@pytest.mark.parametrize("true_size", [30, 40_000])
def test_a_frame_that_lies_about_its_size_costs_the_connection(world, client, true_size, size):
    frame = bytearray(body_frame(bytes(true_size)))
    frame[3:7] = struct.pack("!I", true_size + size)
    client.send(publish_frame(b"q") + header_frame(true_size + 1) + frame + HEARTBEAT_FRAME * 2)
    assert client.violation()[:2][0] == "frame_error"
    assert client.connection.broken


def test_nothing_is_heard_behind_a_frame_that_was_none(world, client):
    client.send(b"\xff" * 8 + message(b"q", b"x") + method_frame(1, QUEUE_DECLARE))
    client.send(message(b"q", b"x") * 1000)
    assert (len(client.violations), client.methods, ready_count(world)) == (1, [], 0)
    assert len(client.connection.receive_buffer()) == RECEIVE_BYTES


@pytest.mark.parametrize("kind", [0, 4, 7, 9, 0x41, 255])
def test_there_are_four_types_of_frames(client, kind):
    client.send(encode_frame(kind, 1, b"payload"))
    assert client.violation()[:2] == ("frame_error", f"frame of unknown type {kind}")


def test_a_heartbeat_is_on_channel_0(client):
    client.send(HEARTBEAT_FRAME * 3)
    assert client.violations == []
    client.send(encode_frame(8, 1, b""))
    assert client.violation()[:2] == ("unexpected_frame", "heartbeat on a channel other than 0")


@pytest.mark.parametrize("size", range(4))
def test_a_method_frame_names_its_method(client, size):
    client.send(encode_frame(1, 1, bytes(size)))
    assert client.violation()[:2] == ("frame_error", "method frame too short")


@pytest.mark.parametrize("channel", [0, 1, 7, 65535])
@pytest.mark.parametrize("arguments", [b"", b"\0\1\xce", bytes(50_000)])
def test_any_other_method_goes_up_as_it_came(client, channel, arguments):
    client.send(method_frame(channel, QUEUE_DECLARE, arguments))
    assert client.methods == [(channel, QUEUE_DECLARE, arguments)]


# Channels


@pytest.mark.parametrize(
    "frame",
    [
        header_frame(1, channel=3),
        body_frame(b"x", channel=3),
        body_frame(bytes(40_000), channel=3),
        header_frame(1, channel=0),
        body_frame(b"x", channel=65535),
    ],
)
@pytest.mark.parametrize("step", [1 << 20, 20_000])
def test_content_on_a_channel_that_is_not_open_is_unexpected(client, frame, step):
    client.send(frame, step=step)
    number = int.from_bytes(frame[1:3], "big")
    text = "expected method frame, got non method frame instead"
    assert client.violation() == ("unexpected_frame", text, number, 0)


@pytest.fixture
def scattered(client: Client) -> Client:
    """A client with so many routing keys that the engine looks ahead."""
    for number in range(LOOKED_AHEAD_ABOVE + 1):
        client.publish(b"%d" % number)
    return client


@pytest.mark.parametrize("step", [1 << 20, 50])
def test_routes_that_are_looked_ahead_for_are_those_that_are_taken(world, scattered, step):
    queues = [world.queue(b"a%d" % number) for number in range(20)]
    keys = [b"a%d" % (number * 7 % 20) for number in range(60)]
    scattered.send(b"".join(message(key, b"x" * 16) for key in keys), step=step)
    assert [queue.ready_count for queue in queues] == [3] * 20


@pytest.mark.parametrize(
    "arguments",
    [b"", b"\0\0", b"\0\0\1", b"\0\0\1a", b"\0\0\xffa\0\0", b"\0\0\1a\1", b"\0\0\1a\1b"],
)
def test_a_publish_that_was_looked_ahead_at_is_judged_in_its_turn(world, scattered, arguments):
    good = message(b"q", b"x")
    scattered.send(good + good + method_frame(1, PUBLISH, arguments) + good)
    assert scattered.violation() == ("syntax_error", "malformed basic.publish", 1, PUBLISH)
    assert ready_count(world) == 2


@pytest.mark.parametrize("make", [publish_frame, ack_frame, nack_frame, reject_frame])
def test_the_fast_methods_go_up_where_their_channel_is_not_open(client, make):
    frame = make(b"q", channel=3) if make is publish_frame else make(1, channel=3)
    client.send(frame)
    assert [(channel, frame[7:11]) for channel, _, _ in client.methods] == [(3, frame[7:11])]
    assert client.violations == []


def test_a_channel_is_open_once(client):
    with pytest.raises(ValueError, match="the channel is open"):
        client.open_channel(1)
    client.connection.close_channel(1)
    assert (client.connection.channel(1), client.connection.channel_count) == (None, 0)
    assert client.open_channel(1) is client.connection.channel(1)


@pytest.mark.parametrize("number", [-1, 0, 2, 9, 65535])
def test_a_channel_that_is_not_open_is_none_and_closing_it_does_nothing(client, number):
    assert client.connection.channel(number) is None
    client.connection.close_channel(number)
    client.connection.fail_channel(number)
    assert client.connection.channel_count == 1


def test_a_channel_reopened_within_one_read_is_a_new_one(world, client):
    close = method_frame(1, CHANNEL_CLOSE, bytes(7))
    client.send(publish_frame(b"q") + close)
    assert client.violation()[0] == "unexpected_frame"
    client = world.connect()
    opened = method_frame(1, CHANNEL_OPEN, b"\0")
    client.send(message(b"q", b"1") + close + opened + message(b"q", b"2"))
    assert (ready_count(world), client.violations) == (2, [])


# A failed channel


@pytest.fixture
def failed(world) -> Client:
    client = world.connect()
    client.open_channel(2)
    client.send(publish_frame(b"k", exchange=b"missing"))
    assert client.violations.pop().kind == "not_found"
    return client


def test_a_failed_channel_hears_nothing_but_its_close(world, failed):
    failed.send(header_frame(5) + body_frame(b"hello"))
    failed.send(message(b"q", b"x") + message(b"q", bytes(50_000)), step=10_000)
    failed.send(ack_frame(1) + nack_frame(1) + reject_frame(1) + ack_frame(0, multiple=True))
    failed.send(method_frame(1, QUEUE_DECLARE) + method_frame(1, GET) + publish_frame(b"")[:-9])
    assert (failed.methods, failed.violations, ready_count(world)) == ([], [], 0)


def test_a_failed_channel_disturbs_no_other(world, failed):
    for step in (1 << 20, 10_000):
        failed.send(publish_frame(b"q", channel=2))
        failed.send(publish_frame(b"q") + header_frame(40_000, channel=2))
        large = body_frame(bytes(40_000)) + body_frame(bytes(40_000), channel=2)
        failed.send(large, step=step)
    assert (failed.violations, ready_count(world)) == ([], 2)


@pytest.mark.parametrize("method", [CHANNEL_CLOSE, CHANNEL_CLOSE_OK])
def test_a_failed_channel_hears_its_close_and_is_opened_again(world, failed, method):
    failed.on_method[CHANNEL_CLOSE_OK] = lambda channel, _: failed.connection.close_channel(channel)
    failed.send(method_frame(1, method, b"1234567"))
    assert failed.methods == [(1, method, b"1234567")]
    failed.open_channel(1)
    failed.publish(b"q", b"x")
    assert (failed.violations, ready_count(world)) == ([], 1)


def test_a_channel_that_fails_in_the_middle_of_a_large_frame_ignores_its_rest(world, client):
    stream = publish_frame(b"q") + header_frame(50_000) + body_frame(bytes(50_000))
    client.send(stream[:30_000])
    client.connection.fail_channel(1)
    client.send(stream[30_000:])
    assert (client.violations, ready_count(world), client.channel().failed) == ([], 0, True)
    client.connection.close_channel(1)
    client.open_channel(1)
    client.publish(b"q", b"x")
    assert (client.violations, ready_count(world)) == ([], 1)


# Closing


def test_a_connection_that_drains_hears_nothing_but_its_close(world, client):
    client.connection.drain()
    client.send(message(b"q", b"x") + message(b"q", bytes(50_000)) + ack_frame(7), step=10_000)
    client.send(header_frame(5, channel=9) + body_frame(bytes(40_000), channel=9), step=10_000)
    client.send(method_frame(0, QUEUE_DECLARE) + method_frame(1, CHANNEL_CLOSE, bytes(7)))
    client.send(method_frame(1, CONNECTION_CLOSE, bytes(7)) + HEARTBEAT_FRAME)
    assert (client.methods, client.violations, ready_count(world)) == ([], [], 0)
    client.send(method_frame(0, CONNECTION_CLOSE, b"x") + method_frame(0, CONNECTION_CLOSE_OK))
    assert client.methods == [(0, CONNECTION_CLOSE, b"x"), (0, CONNECTION_CLOSE_OK, b"")]


def test_what_was_received_behind_the_close_is_not_handled(world, client):
    client.send(message(b"q", b"1") + method_frame(0, CONNECTION_CLOSE) + message(b"q", b"2"))
    assert (ready_count(world), client.violations) == (1, [])


def test_closing_gives_back_all_but_what_is_to_be_sent(world, client):
    (queue,) = world.bound[b"q"]
    client.open_channel(700)
    for number in range(4):
        client.publish(b"q", b"%d" % number)
    client.consume(queue, channel=700)
    client.consume(queue, tag=b"other")
    world.turn()
    client.send(publish_frame(b"q") + header_frame(9) + body_frame(b"x") + b"\1\0")
    client.connection.close()
    client.connection.close()
    assert (queue.ready_count, queue.unacked_count, queue.consumer_count) == (4, 0, 0)
    assert (client.connection.channel_count, client.connection.draining) == (0, True)
    assert sorted(client.bodies()) == [b"0", b"1", b"2", b"3"]
    assert world.connect().connection.receive_buffer().obj is client.connection.receive_buffer().obj


def test_a_closed_connection_hears_nothing(world, client):
    client.connection.close()
    client.send(b"\xff" * 100 + method_frame(0, CONNECTION_CLOSE))
    client.connection.pause()
    client.connection.resume(NOW)
    assert (client.methods, client.violations) == ([], [])


def test_a_connection_closed_by_what_it_hears_hears_no_more(world, client):
    client.on_method[QUEUE_DECLARE] = lambda *_: client.connection.close()
    client.send(b"\x08\0")
    client.send(HEARTBEAT_FRAME[2:] + method_frame(1, QUEUE_DECLARE) + message(b"q", b"x") * 9)
    assert (len(client.methods), client.violations, ready_count(world)) == (1, [], 0)


def test_a_peer_that_has_gone_is_sent_nothing(world, client):
    client.connection.write(b"x" * 100)
    client.connection.close()
    client.connection.discard_output()
    assert (client.take(), client.connection.bytes_sent) == (b"", 0)


# Waiting for an answer


class SlowStore:
    """Stores declarations some time later; until then the connection that asked is paused."""

    def __init__(self, client: Client) -> None:
        self.connection = client.connection
        self.asked: list[bytes] = []
        client.on_method[QUEUE_DECLARE] = self.ask

    def ask(self, _channel: int, arguments: bytes) -> None:
        self.asked.append(arguments)
        self.connection.pause()

    def answer(self) -> None:
        self.connection.write(method_frame(1, QUEUE_DECLARE + 1, self.asked[-1]))
        self.connection.resume(NOW)


def declare(name: bytes) -> bytes:
    return method_frame(1, QUEUE_DECLARE, name)


def test_what_must_wait_holds_up_what_is_behind_it(world, client):
    store = SlowStore(client)
    client.send(message(b"q", b"1") + declare(b"a") + message(b"q", b"2") + declare(b"b"))
    assert (store.asked, ready_count(world), client.connection.paused) == ([b"a"], 1, True)
    store.answer()
    assert (store.asked, ready_count(world), client.connection.paused) == ([b"a", b"b"], 2, True)
    store.answer()
    client.publish(b"q", b"3")
    assert (ready_count(world), client.connection.paused) == (3, False)
    assert [event.arguments for event in client.events()] == [b"a", b"b"]


def test_a_paused_connection_receives_nothing(client):
    store = SlowStore(client)
    client.send(declare(b"a"))
    assert len(client.connection.receive_buffer()) == 0
    with pytest.raises(ValueError, match="more was received"):
        client.connection.received(0, NOW)
    store.answer()
    assert len(client.connection.receive_buffer()) == RECEIVE_BYTES


def test_deliveries_go_on_while_parsing_waits(world, client):
    (queue,) = world.bound[b"q"]
    client.consume(queue, no_ack=True)
    SlowStore(client)
    client.send(declare(b"a") + ack_frame(99))
    world.connect().publish(b"q", b"meanwhile")
    world.turn()
    assert (client.bodies(), client.violations) == ([b"meanwhile"], [])


def test_acknowledgements_wait_with_the_rest(world, client):
    (queue,) = world.bound[b"q"]
    client.consume(queue, prefetch=1)
    store = SlowStore(client)
    for body in (b"1", b"2"):
        world.connect().publish(b"q", body)
    world.turn()
    client.send(declare(b"a") + ack_frame(1))
    world.turn()
    assert (client.bodies(), queue.unacked_count) == ([b"1"], 1)
    store.answer()
    world.turn()
    assert (client.bodies(), queue.unacked_count) == ([b"2"], 1)


@pytest.mark.parametrize("cut", range(1, 12))
def test_a_pause_may_come_with_part_of_the_next_frame(world, client, cut):
    store = SlowStore(client)
    rest = message(b"q", b"x" * 50_000)
    client.send(declare(b"a") + rest[:cut])
    store.answer()
    client.send(rest[cut:])
    assert (ready_count(world), client.violations) == (1, [])


def test_a_full_read_of_slow_questions_is_answered_in_order(world, client):
    store = SlowStore(client)
    names = [b"%04d" % number for number in range(RECEIVE_BYTES // len(declare(b"0000")))]
    client.send(b"".join(map(declare, names)))
    while client.connection.paused:
        store.answer()
    assert store.asked == names


def test_an_answer_may_be_there_at_once(world, client):
    client.on_method[QUEUE_DECLARE] = lambda *_: (
        client.connection.pause(),
        client.connection.resume(NOW),
    )
    stream = (declare(b"a") + message(b"q", b"x" * 40)) * 50
    client.send(stream, step=1000)
    assert (len(client.methods), ready_count(world), client.violations) == (50, 50, [])


def test_resuming_what_is_not_paused_does_nothing(world, client):
    client.send(publish_frame(b"q")[:5])
    client.connection.resume(NOW)
    client.send(publish_frame(b"q")[5:] + header_frame(0))
    assert ready_count(world) == 1


def test_the_protocol_header_may_have_to_wait(world):
    client = Client(world)
    client.protocol_header = lambda header: client.connection.pause()
    client.send(PROTOCOL_HEADER + method_frame(0, QUEUE_DECLARE))
    assert client.methods == []
    client.connection.resume(NOW)
    assert len(client.methods) == 1


def test_a_connection_may_be_closed_while_it_waits(world, client):
    store = SlowStore(client)
    client.send(declare(b"a") + message(b"q", b"x"))
    client.connection.close()
    store.answer()
    assert (ready_count(world), client.violations) == (0, [])


@pytest.mark.parametrize(
    ("payload", "octets"),
    [
        (b"\0", "all octets = <<0>>"),
        (bytes(range(16)), "all octets = <<0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15>>"),
        (bytes(17), "first 16 octets = <<0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0>>"),
    ],
)
@pytest.mark.parametrize("channel", [0, 1])
def test_a_heartbeat_has_no_payload(client, payload, octets, channel):
    client.send(encode_frame(8, channel, payload))
    assert client.violation()[:2] == ("frame_error", f"type 8, {octets}: unknown_frame")
