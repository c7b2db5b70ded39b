"""A message on its way in: method, header, body frames, in this order and no larger than it may."""

import struct
import tracemalloc

import pytest

from leveret.wire.amqp091.frames import encode_frame
from tests.engine.client import (
    FRAME_MAX,
    NOW,
    PUBLISH,
    Client,
    World,
    ack_frame,
    body_frame,
    header_frame,
    message,
    method_frame,
    publish_frame,
    short_string,
)

MESSAGE_BYTES_MAX = 16 * 1024 * 1024
UNFINISHED_BYTES_MAX = 64 * 1024 * 1024
IDLE, HEADER, BODY = 0, 1, 2
EXPECTED_METHOD = "expected method frame, got non method frame instead"
EXPECTED_HEADER = "expected content header for class 60, got non content header frame instead"
EXPECTED_BODY = "expected content body, got non content body frame instead"


@pytest.fixture
def world() -> World:
    world = World()
    world.queue(b"q")
    return world


@pytest.fixture
def client(world) -> Client:
    return world.connect()


def stored(world: World) -> list[bytes]:
    """Takes the bodies that the queue has, out of it."""
    (queue,) = world.bound[b"q"]
    reader = world.connect()
    while reader.channel().get(queue, True):
        pass
    return reader.bodies()


@pytest.mark.parametrize(
    "parts",
    [
        [b"whole"],
        [b"one", b"two"],
        [b"", b"one", b"", b"", b"two"],
        [b"x" * 40_000, b"y"],
        [b"x", b"y" * 40_000],
        [b"x" * 131_072, b"y" * 131_072, b"z" * 5],
        [b"x" * 131_072] * 8,
    ],
)
@pytest.mark.parametrize("step", [1 << 20, 20_000])
def test_a_body_comes_in_any_number_of_frames(world, client, parts, step):
    body = b"".join(parts)
    client.send(publish_frame(b"q") + header_frame(len(body)))
    client.send(b"".join(map(body_frame, parts)), step=step)
    client.publish(b"q", b"next")
    assert stored(world) == [body, b"next"]


def test_a_message_without_a_body_is_complete_with_its_header(world, client):
    client.send(publish_frame(b"q") + header_frame(0))
    assert (client.channel().content.state, stored(world)) == (IDLE, [b""])


def test_the_states_are_passed_in_their_order(client):
    frames = [publish_frame(b"q"), header_frame(2), body_frame(b"a"), body_frame(b"b")]
    content, states = client.channel().content, []
    for frame in frames:
        client.send(frame)
        states.append(content.state)
    assert states == [HEADER, BODY, BODY, IDLE]


def test_channels_interleave_their_contents(world, client):
    client.open_channel(2)
    streams = [
        [publish_frame(b"q", channel=n), header_frame(80_000, channel=n)]
        + [body_frame(bytes((n,)) * 40_000, channel=n)] * 2
        for n in (1, 2)
    ]
    for pair in zip(*streams, strict=True):
        client.send(b"".join(pair), step=10_000)
    assert stored(world) == [b"\x01" * 80_000, b"\x02" * 80_000]


METHOD_FRAMES = [
    publish_frame(b"q"),
    ack_frame(1),
    method_frame(1, 50 << 16 | 10),
    method_frame(1, 60 << 16 | 70),
]
OUT_OF_ORDER = [
    (b"", header_frame(1), EXPECTED_METHOD, 0),
    (b"", body_frame(b"x"), EXPECTED_METHOD, 0),
    (b"", body_frame(b"x" * 40_000), EXPECTED_METHOD, 0),
    (publish_frame(b"q"), body_frame(b"x"), EXPECTED_HEADER, PUBLISH),
    (publish_frame(b"q"), body_frame(b"x" * 40_000), EXPECTED_HEADER, PUBLISH),
    (publish_frame(b"q") + header_frame(2), header_frame(2), EXPECTED_BODY, PUBLISH),
    (publish_frame(b"q") + header_frame(2) + body_frame(b"a"), header_frame(1), EXPECTED_BODY,
     PUBLISH),
    (message(b"q", b""), body_frame(b""), EXPECTED_METHOD, 0),
    (message(b"q", b"a"), body_frame(b""), EXPECTED_METHOD, 0),
    *((publish_frame(b"q"), frame, EXPECTED_HEADER, PUBLISH) for frame in METHOD_FRAMES),
    *((publish_frame(b"q") + header_frame(1), frame, EXPECTED_BODY, PUBLISH)
      for frame in METHOD_FRAMES),
]  # fmt: skip


@pytest.mark.parametrize(
    ("before", "frame", "text", "method"), OUT_OF_ORDER, ids=range(len(OUT_OF_ORDER))
)
@pytest.mark.parametrize("step", [1 << 20, 20_000])
def test_a_frame_out_of_order_is_an_unexpected_frame(client, before, frame, text, method, step):
    client.send(before)
    client.send(frame, step=step)
    assert client.violation() == ("unexpected_frame", text, 1, method)
    assert client.methods == []


def test_a_header_is_of_class_basic(client):
    client.send(publish_frame(b"q") + encode_frame(2, 1, struct.pack("!HHQH", 50, 0, 1, 0)))
    text = "expected content header for class 60, got one for class 50 instead"
    assert client.violation() == ("unexpected_frame", text, 1, PUBLISH)


@pytest.mark.parametrize("size", [0, 1, 11, 12, 13])
def test_a_header_has_room_for_its_flags(client, size):
    payload = struct.pack("!HHQH", 60, 0, 1, 0)[:size]
    client.send(publish_frame(b"q") + encode_frame(2, 1, payload))
    assert client.violation() == ("frame_error", "content header too short", 1, PUBLISH)


@pytest.mark.parametrize("properties", [b"\0\1", b"\x10\x00", b"\x20\x00\0\0\0\x09", b"\0\0\0"])
def test_properties_that_no_client_could_read_are_refused(world, client, properties):
    client.send(publish_frame(b"q") + header_frame(1, properties) + body_frame(b"x"))
    assert client.violation()[:2] == ("syntax_error", "malformed content properties")
    assert stored(world) == []


def test_each_message_keeps_its_own_properties(world, client):
    fields = (b"\x01kx\0\0\0\x15" + bytes(21)) * 1000
    transient, persistent = b"\x10\x00\x01", b"\x10\x00\x02"
    several = [b"\0\0", persistent, persistent, transient, b"\x80\x00\xff" + b"t" * 255]
    several += [b"\0\0", b"\x20\x00" + struct.pack("!I", len(fields)) + fields, b"\0\0"]
    for properties in several:
        client.publish(b"q", b"", properties)
    (queue,) = world.bound[b"q"]
    client.consume(queue)
    world.turn()
    assert [event.properties for event in client.messages()] == several


@pytest.mark.parametrize(
    ("announced", "parts"),
    [
        (1, [b"xx"]),
        (5, [b"123", b"456"]),
        (1, [b"x" * 40_000]),
        (40_000, [b"x" * 40_001]),
        (40_000, [b"x" * 39_999, b"xx"]),
        (40_000, [b"xx", b"x" * 39_999]),
    ],
)
@pytest.mark.parametrize("step", [1 << 20, 20_000])
def test_a_body_is_not_longer_than_announced(world, client, announced, parts, step):
    client.send(publish_frame(b"q") + header_frame(announced))
    client.send(b"".join(map(body_frame, parts)), step=step)
    text = "content body is longer than announced"
    assert client.violation() == ("frame_error", text, 1, PUBLISH)
    assert stored(world) == []


def test_a_message_may_be_16_mib_long(client):
    client.send(publish_frame(b"q") + header_frame(MESSAGE_BYTES_MAX))
    assert (client.channel().content.state, client.violations) == (BODY, [])


@pytest.mark.parametrize("size", [MESSAGE_BYTES_MAX + 1, 2**63 - 1, 2**63, 2**64 - 1])
def test_a_larger_message_fails_the_channel_before_its_body_comes(client, size):
    client.send(publish_frame(b"q") + header_frame(size) + body_frame(b"x" * 50_000))
    text = f"message size {size} is larger than configured max size {MESSAGE_BYTES_MAX}"
    assert client.violation() == ("precondition_failed", text, 1, PUBLISH)


def send_unfinished(client: Client, channel: int, count: int) -> None:
    """So many bytes of a message that is one byte longer."""
    client.open_channel(channel)
    client.send(publish_frame(b"q", channel=channel) + header_frame(count + 1, channel=channel))
    while count > 0 and not client.violations:
        part = bytes(min(count, FRAME_MAX))
        client.send(body_frame(part, channel=channel))
        count -= len(part)


@pytest.mark.slow
def test_the_unfinished_messages_of_a_connection_have_a_limit(world, client):
    share = MESSAGE_BYTES_MAX - 1024
    for channel in range(2, 6):
        send_unfinished(client, channel, share)
    send_unfinished(client, 6, 4 * 1024)
    assert client.violations == []
    client.send(publish_frame(b"q") + header_frame(2) + body_frame(b"x"))
    text = f"more than {UNFINISHED_BYTES_MAX} bytes of unfinished messages"
    assert client.violation() == ("resource_error", text, 1, PUBLISH)


def most_bytes_for(client: Client, channels: int, parts: list[bytes]) -> int:
    """The most memory that so many messages take, of each of which these parts have come."""
    for channel in range(2, channels + 2):
        client.open_channel(channel)
    tracemalloc.start()
    for channel in range(2, channels + 2):
        client.send(publish_frame(b"q", channel=channel))
        client.send(header_frame(MESSAGE_BYTES_MAX, channel=channel))
        for part in parts:
            client.send(body_frame(part, channel=channel))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most


@pytest.mark.parametrize("parts", [[], [b""], [b"x"], [b"", b"x", b"", b"y"], [b"x" * 500] * 3])
def test_a_body_takes_memory_for_what_has_come_and_not_for_what_was_announced(client, parts):
    assert most_bytes_for(client, 50, parts) < 50 * 8_000


def test_a_large_body_takes_up_to_four_times_what_has_come(client):
    for size in (10_000, 33_000, 131_072):
        client = client.world.connect()
        assert most_bytes_for(client, 10, [bytes(size)]) < 10 * 4 * size + 600_000


@pytest.mark.slow
def test_what_is_given_up_counts_no_more_as_unfinished(client):
    for _ in range(5):
        send_unfinished(client, 2, MESSAGE_BYTES_MAX - 1)
        client.connection.close_channel(2)
    assert client.violations == []


@pytest.mark.parametrize(("limit", "size", "fits"), [(10, 10, True), (10, 11, False)])
def test_how_large_a_message_may_be_can_be_set(world, client, limit, size, fits):
    client.connection.session.limit_messages(limit)
    client.publish(b"q", bytes(size))
    texts = [error.text for error in client.violations]
    refusal = f"message size {size} is larger than configured max size {limit}"
    assert texts == ([] if fits else [refusal])


def test_two_of_the_largest_messages_may_come_in_at_a_time(client):
    largest = UNFINISHED_BYTES_MAX
    client.connection.session.limit_messages(largest)
    client.open_channel(2)
    part = bytes(1 << 17)
    for channel in (1, 2):
        client.send(publish_frame(b"q", channel=channel) + header_frame(largest, channel=channel))
        for _ in range(largest // len(part) - 1):
            client.send(body_frame(part, channel=channel))
    assert client.violations == []


def test_a_large_message_that_has_passed_leaves_no_memory_behind(world, client):
    queue = world.queue(b"large")
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        client.publish(b"large", bytes(8 << 20))
        client.channel().get(queue, True)
        client.connection.sent(len(client.connection.send_buffer()))
        after = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert after - before < 1 << 20


@pytest.mark.parametrize("weight", [1, 0xFFFF])
def test_a_header_has_no_weight(client, weight):
    client.send(publish_frame(b"q"))
    client.send(encode_frame(2, 1, struct.pack("!HHQ", 60, weight, 0) + b"\0\0"))
    assert client.violation() == ("unexpected_frame", EXPECTED_HEADER, 1, PUBLISH)


# Who publishes, and where replies go


def named(user: bytes) -> bytes:
    return b"\x00\x10" + short_string(user)


def asking(pseudo: bytes) -> bytes:
    """Correlation id, reply to, message id."""
    return b"\x06\x80" + short_string(b"7") + short_string(pseudo) + short_string(b"m")


def test_a_message_may_name_its_user(world, client):
    queue = world.queue(b"q")
    client.connection.log_in(b"guest")
    client.publish(b"q", b"", named(b"guest"))
    assert (queue.ready_count, client.violations) == (1, [])


@pytest.mark.parametrize("name", [b"", b"gues", b"guests", b"other", b"\xff"])
def test_a_message_may_not_name_another_user(world, client, name):
    queue = world.queue(b"q")
    client.connection.log_in(b"guest")
    client.publish(b"q", b"", named(name))
    given = name.decode("utf-8", "surrogateescape")
    text = f"user_id property set to '{given}' but authenticated user was 'guest'"
    assert client.violation() == ("precondition_failed", text, 1, PUBLISH)
    assert queue.ready_count == 0


def expiries(world, count):
    """What stands in the first records."""
    buffer, at, found = world.shard.records.chunks[0].buffer, 0, []
    for _ in range(count):
        found.append(int.from_bytes(buffer.bytes_at(at + 16, 8), "big"))
        at += int.from_bytes(buffer.bytes_at(at, 4), "big")
    return found


EXPIRATIONS = [
    (b"0", 0),
    (b"1", 1),
    (b"007", 7),
    (b"+60000", 60_000),
    (b"-0", 0),
    (b"9" * 14, 10**14 - 1),
    (b"9" * 15, 10**14),
    (b"9" * 255, 10**14),
]


@pytest.mark.parametrize(("text", "milliseconds"), EXPIRATIONS)
def test_an_expiration_is_a_decimal_number_of_milliseconds(world, client, text, milliseconds):
    client.publish(b"q", b"", b"\1\0" + short_string(text))
    assert client.violations == []
    assert expiries(world, 1) == [NOW + milliseconds]


WRONG_EXPIRATIONS = [
    (b"", "no_integer"),
    (b"abc", "no_integer"),
    (b" 5", "no_integer"),
    (b"-", "no_integer"),
    (b"5 s", '{leftover_string," s"}'),
    (b"1.5", '{leftover_string,".5"}'),
    (b"-1", "{value_negative,-1}"),
    (b"-" + b"9" * 20, "{value_negative,-" + "9" * 20 + "}"),
]


@pytest.mark.parametrize(("text", "reason"), WRONG_EXPIRATIONS)
def test_another_expiration_is_refused(client, text, reason):
    client.publish(b"q", b"", b"\1\0" + short_string(text))
    words = f"invalid expiration '{text.decode()}': {reason}"
    assert client.violation() == ("precondition_failed", words, 1, PUBLISH)


def test_a_message_without_expiration_behind_one_with_it_stays(world, client):
    client.publish(b"q", b"", b"\1\0" + short_string(b"5"))
    client.publish(b"q")
    client.publish(b"q", b"", b"\1\0" + short_string(b"5"))
    assert expiries(world, 3) == [NOW + 5, 0, NOW + 5]


def test_the_pseudo_queue_becomes_the_channels_address(world, client):
    queue = world.queue(b"q")
    client.channel().reply_to(b"amq.rabbitmq.reply-to.abc")
    for _ in range(2):
        client.publish(b"q", b"x", asking(b"amq.rabbitmq.reply-to"))
    client.consume(queue)
    world.turn()
    properties = [message.properties for message in client.messages()]
    assert properties == [asking(b"amq.rabbitmq.reply-to.abc")] * 2


def test_an_address_may_make_the_properties_longer_than_any_before(world, client):
    queue = world.queue(b"q")
    client.channel().reply_to(b"a" * 255)
    filler = b"\x06\x00" + short_string(b"c" * 230)
    pseudo = short_string(b"amq.rabbitmq.reply-to")
    client.publish(b"q", b"x", filler + pseudo)
    client.channel().get(queue, True)
    (message,) = client.messages()
    assert message.properties == filler + short_string(b"a" * 255)


def test_without_an_address_the_pseudo_queue_is_refused(client):
    client.publish(b"q", b"x", asking(b"amq.rabbitmq.reply-to"))
    text = "fast reply consumer does not exist"
    assert client.violation() == ("precondition_failed", text, 1, PUBLISH)


def test_what_only_resembles_the_pseudo_queue_is_left(world, client):
    queue = world.queue(b"q")
    for name in (b"amq.rabbitmq.reply-tO", b"amq.rabbitmq.reply-t", b""):
        client.publish(b"q", b"x", asking(name))
        client.channel().get(queue, True)
        assert client.messages()[0].properties == asking(name)
