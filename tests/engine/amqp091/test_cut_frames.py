"""A conversation leads to the same however the bytes of its frames are cut on their way."""

from collections.abc import Callable

import pytest

from leveret.wire.amqp091.frames import HEARTBEAT_FRAME, PROTOCOL_HEADER, FrameParser
from tests.engine.client import (
    CHANNEL_CLOSE,
    CHANNEL_CLOSE_OK,
    CHANNEL_OPEN,
    CHANNEL_OPEN_OK,
    CONFIRM_SELECT,
    CONFIRM_SELECT_OK,
    FRAME_MAX,
    NOW,
    Answer,
    Client,
    Message,
    Other,
    World,
    ack_frame,
    body_frame,
    events_of,
    header_frame,
    message,
    method_frame,
    nack_frame,
    publish_frame,
    reject_frame,
)

QUEUE_DECLARE = 50 << 16 | 10
STREAMED_ABOVE = 32 * 1024  # a body frame that is larger is taken in as it comes
HEADERS = b"\x20\x00\0\0\0\x03\x01kV"

# All that is handled in place, on interleaved channels. Channel 9 holds five messages.
SMALL = [
    PROTOCOL_HEADER,
    method_frame(1, CHANNEL_OPEN, b"\0"),
    method_frame(2, CHANNEL_OPEN, b"\0"),
    method_frame(1, CONFIRM_SELECT, b"\0"),
    message(b"q", b"one", b"\x10\x00\x02"),
    publish_frame(b"q", channel=2),
    message(b"q", b""),
    header_frame(9, channel=2),
    body_frame(b"two", channel=2),
    HEARTBEAT_FRAME,
    message(b"nowhere", b"three", mandatory=True),
    body_frame(b"", channel=2),
    method_frame(1, QUEUE_DECLARE, b"\0\0\1d\0\0\0\0\0"),
    body_frame(b"\xce\xcetwo\xce", channel=2),
    ack_frame(2, channel=9),
    nack_frame(4, multiple=True, channel=9),
    reject_frame(5, requeue=False, channel=9),
    message(b"q", b"last", HEADERS, exchange=b"amq.direct"),
    method_frame(2, CHANNEL_CLOSE, bytes(7)),
]
# Body frames that are taken in as they come, and their neighbours.
BODIES = [
    [b"\xce" * STREAMED_ABOVE],
    [bytes(range(256)) * 128 + b"\xce"],
    [b"x" * FRAME_MAX],
    [b"a" * 40_000, b"b" * 50_000, b"c"],
]
LARGE = [PROTOCOL_HEADER, method_frame(1, CHANNEL_OPEN, b"\0")]
for parts in BODIES:
    LARGE += [publish_frame(b"q"), header_frame(len(b"".join(parts))), *map(body_frame, parts)]
LARGE += [method_frame(1, QUEUE_DECLARE, b"\0\0\1d\0\0\0\0\0"), message(b"q", b"last")]

Feed = Callable[[Client, bytes], None]


def in_steps(step: int) -> Feed:
    return lambda client, data: send(client, data, step)


def in_two(cut: int) -> Feed:
    def feed(client: Client, data: bytes) -> None:
        send(client, data[:cut])
        send(client, data[cut:])

    return feed


def send(client: Client, data: bytes, step: int = 1 << 20) -> None:
    """As the client's, but resumes where it finds the connection paused."""
    rest = memoryview(data)
    while rest:
        if client.connection.paused:
            client.connection.resume(NOW)
        room = client.connection.receive_buffer()
        count = min(len(room), len(rest), step)
        room[:count] = rest[:count]
        client.connection.received(count, NOW)
        rest = rest[count:]
    if client.connection.paused:
        client.connection.resume(NOW)


def outcome(world: World, frames: list[bytes], feed: Feed) -> list[object]:
    """All that a conversation leads to: what is sent, and what the control plane hears."""
    (held,), (queue,) = world.bound[b"held"], world.bound[b"q"]
    publisher = world.connect()
    for number in range(5):
        publisher.publish(b"held", b"%d" % number)
    client = Client(world)
    client.on_method[QUEUE_DECLARE] = lambda channel, _: client.connection.pause()
    client.open_channel(9)
    client.consume(held, channel=9)
    world.turn()
    client.consume(queue, channel=9, no_ack=True)
    feed(client, b"".join(frames))
    sent = client.take_turns()
    heard = [client.headers, client.methods, client.returns, client.violations]
    counts = client.connection.bytes_received, client.channel(9).unacked_count
    client.connection.close()
    counts += (held.purge(), queue.ready_count, world.shard.records.live_count)
    return [sent, counts, heard]


@pytest.fixture(scope="module")
def world() -> World:
    world = World()
    world.queue(b"q")
    world.queue(b"held")
    return world


@pytest.fixture(scope="module")
def small(world) -> list[object]:
    return outcome(world, SMALL, in_two(0))


@pytest.fixture(scope="module")
def large(world) -> list[object]:
    return outcome(world, LARGE, in_two(0))


def events(sent: bytes) -> list[object]:
    """What was sent, shortened."""
    return [
        (event.delivery_tag, event.redelivered, event.body) if isinstance(event, Message) else event
        for event in events_of(FrameParser(frame_max=FRAME_MAX).receive(sent))
    ]


def test_the_small_conversation_leads_to_this(small):
    sent, counts, (headers, methods, returns, violations) = small
    held = [(number + 1, False, b"%d" % number) for number in range(5)]
    assert events(sent) == [
        *held,
        Other(1, CHANNEL_OPEN_OK, bytes(4)),
        Other(2, CHANNEL_OPEN_OK, bytes(4)),
        Other(1, CONFIRM_SELECT_OK, b""),
        Other(2, CHANNEL_CLOSE_OK, b""),
        *[(6, False, b"one"), (7, False, b""), (8, False, b"two\xce\xcetwo\xce")],
        (9, False, b"last"),
        *[(10, True, b"0"), (11, True, b"2"), (12, True, b"3")],
        Answer(1, 60 << 16 | 80, 4, True),
    ]
    assert counts == (len(b"".join(SMALL)), 3, 3, 0, 0)
    assert (headers, violations) == ([PROTOCOL_HEADER], [])
    assert [method for _, method, _ in methods] == [
        *(CHANNEL_OPEN, CHANNEL_OPEN, CONFIRM_SELECT, QUEUE_DECLARE, CHANNEL_CLOSE)
    ]
    assert returns == [(1, b"", b"nowhere", b"\0\0", b"three")]


def test_the_large_conversation_leads_to_this(large):
    sent, counts, (_, _, _, violations) = large
    bodies = [b"".join(parts) for parts in BODIES] + [b"last"]
    held = [b"%d" % number for number in range(5)]
    messages = [event for event in events(sent) if isinstance(event, tuple)]
    assert [body for _, _, body in messages] == held + bodies
    assert (counts, violations) == ((len(b"".join(LARGE)), 5, 5, 0, 0), [])


@pytest.mark.slow
def test_small_frames_may_be_cut_at_any_byte(world, small):
    for cut in range(1, len(b"".join(SMALL))):
        assert outcome(world, SMALL, in_two(cut)) == small, f"cut at {cut}"


@pytest.mark.parametrize("step", [1, 2, 3, 7, 13, 64])
def test_small_frames_may_come_in_pieces(world, small, step):
    assert outcome(world, SMALL, in_steps(step)) == small


def telling_cuts() -> list[int]:
    """Around both ends of each frame and of its payload, and where it counts as large."""
    cuts, at = set(), 0
    for frame in LARGE:
        near = [at, at + 7, at + 8, at + STREAMED_ABOVE, at + STREAMED_ABOVE + 8]
        cuts |= {place + off for place in near for off in (-1, 0, 1, 2)}
        at += len(frame)
    return sorted(cut for cut in cuts if 0 < cut < at)


@pytest.mark.slow
def test_large_frames_may_be_cut_where_it_matters(world, large):
    for cut in telling_cuts():
        assert outcome(world, LARGE, in_two(cut)) == large, f"cut at {cut}"


@pytest.mark.slow
@pytest.mark.parametrize("step", [13, 1021, 32_768, 32_775, 32_776, 65_535])
def test_large_frames_may_come_in_pieces(world, large, step):
    assert outcome(world, LARGE, in_steps(step)) == large
