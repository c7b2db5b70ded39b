"""The corners of frames and content, seen from a bare socket."""

import pytest

from tests.interop.broker_under_test import BrokerUnderTest
from tests.interop.raw_client import (
    BODY,
    CANCEL,
    CHANNEL_CLOSE,
    CONSUME,
    CONSUME_OK,
    DELIVER,
    GET,
    GET_EMPTY,
    HEADER,
    HEARTBEAT,
    METHOD,
    PROTOCOL_HEADER,
    QOS,
    QUEUE_DECLARE,
    QUEUE_DECLARE_OK,
    QUEUE_DELETE,
    QUEUE_DELETE_OK,
    START,
    TUNE,
    Closed,
    RawClient,
    consume,
    declare,
    frame,
    get,
    header,
    longstr,
    message,
    method,
    publish,
    shortstr,
    start_ok,
)


@pytest.fixture
def opened(raw: RawClient, name: str) -> RawClient:
    """With the channels 1 and 2, and a queue with the test's name."""
    raw.open(channels=2)
    raw.send(declare(1, name))
    raw.expect(QUEUE_DECLARE_OK, channel=1)
    return raw


def test_the_frames_of_two_channels_may_be_mixed(opened: RawClient, name: str) -> None:
    first = [publish(1, name), header(1, 4), frame(BODY, 1, b"fi"), frame(BODY, 1, b"rs")]
    second = [publish(2, name), header(2, 3), frame(BODY, 2, b"sec"), b""]
    for pair in zip(first, second, strict=True):
        opened.send(*pair)
    opened.send(get(1, name), get(1, name))
    assert {opened.receive_message(1), opened.receive_message(1)} == {b"firs", b"sec"}


def test_a_method_of_one_channel_amid_the_content_of_another(opened: RawClient, name: str) -> None:
    opened.send(publish(1, name), header(1, 2), frame(BODY, 1, b"a"), declare(2, ""))
    opened.expect(QUEUE_DECLARE_OK, channel=2)
    opened.send(frame(BODY, 1, b"b"), get(1, name))
    assert opened.receive_message(1) == b"ab"


def test_a_heartbeat_amid_content(opened: RawClient, name: str) -> None:
    opened.send(publish(1, name), frame(HEARTBEAT, 0, b""), header(1, 1))
    opened.send(frame(HEARTBEAT, 0, b""), frame(BODY, 1, b"x"), get(1, name))
    assert opened.receive_message(1) == b"x"


def test_messages_cut_at_every_byte(opened: RawClient, name: str) -> None:
    for octet in message(1, name, b"in ", b"two frames") + message(1, name) + get(1, name):
        opened.send(bytes([octet]))
    assert opened.receive_message(1) == b"in two frames"
    opened.send(get(1, name))
    assert opened.receive_message(1) == b""


def test_bodies_in_many_small_frames_and_empty_ones(opened: RawClient, name: str) -> None:
    parts = [bytes([octet]) for octet in range(256)]
    opened.send(message(1, name, b"", *parts[:128], b"", *parts[128:]), get(1, name))
    assert opened.receive_message(1) == bytes(range(256))


def test_a_frame_that_fills_the_negotiated_size(raw: RawClient, name: str) -> None:
    # RabbitMQ compares the payload with frame_max, without the eight octets around it.
    raw.open(frame_max=8192)
    raw.send(declare(1, name), message(1, name, b"x" * 8192), get(1, name))
    raw.expect(QUEUE_DECLARE_OK, channel=1)
    assert raw.receive_message(1) == b"x" * 8192


def test_what_the_broker_sends_fits_the_negotiated_size(raw: RawClient, name: str) -> None:
    raw.open(frame_max=8192)
    raw.send(declare(1, name), message(1, name, *[b"y" * 8192] * 3), get(1, name))
    raw.expect(QUEUE_DECLARE_OK, channel=1)
    raw.receive_frame()
    raw.receive_frame()
    sizes = []
    while sum(sizes) < 3 * 8192:
        sizes.append(len(raw.receive_frame().payload))
    assert max(sizes) + 8 <= 8192


def test_a_frame_above_the_negotiated_size(raw: RawClient, name: str) -> None:
    raw.open(frame_max=8192)
    raw.send(declare(1, name), message(1, name, b"x" * 8193))
    raw.expect(QUEUE_DECLARE_OK, channel=1)
    assert raw.expect_closed().code == 501


@pytest.mark.parametrize(
    ("frames", "text", "method_id"),
    [
        (
            [header(1, 1)],
            "expected method frame, got non method frame instead",
            (0, 0),
        ),
        (
            [frame(BODY, 1, b"a")],
            "expected method frame, got non method frame instead",
            (0, 0),
        ),
        (
            [publish(1, "q"), declare(1, "q")],
            "expected content header for class 60, got non content header frame instead",
            (60, 40),
        ),
        (
            [publish(1, "q"), frame(BODY, 1, b"a")],
            "expected content header for class 60, got non content header frame instead",
            (60, 40),
        ),
        (
            [publish(1, "q"), header(1, 1, class_id=50)],
            "expected content header for class 60, got one for class 50 instead",
            (60, 40),
        ),
        (
            [publish(1, "q"), header(1, 2), declare(1, "q")],
            "expected content body, got non content body frame instead",
            (60, 40),
        ),
        (
            [publish(1, "q"), header(1, 2), header(1, 2)],
            "expected content body, got non content body frame instead",
            (60, 40),
        ),
    ],
    ids=[
        "header first",
        "body first",
        "method for header",
        "body for header",
        "header of another class",
        "method for body",
        "header for body",
    ],
)
def test_content_out_of_order(
    opened: RawClient, frames: list[bytes], text: str, method_id: tuple[int, int]
) -> None:
    opened.send(*frames)
    assert opened.expect_closed() == Closed(505, f"UNEXPECTED_FRAME - {text}", method_id)


@pytest.mark.parametrize(
    ("wrong", "specified"),
    [
        (frame(HEARTBEAT, 1, b""), 501),
        (frame(HEADER, 0, b"\0\x3c" + b"\0" * 12), 504),
        (frame(BODY, 0, b"x"), 504),
    ],
    ids=["heartbeat on channel 1", "header on channel 0", "body on channel 0"],
)
def test_frames_on_a_channel_that_is_not_theirs(
    opened: RawClient, wrong: bytes, specified: int
) -> None:
    opened.send(wrong)
    closed = opened.expect_close()
    assert closed.code in (specified, 505)  # RabbitMQ says 505 to all of them
    assert closed.method == (0, 0)


@pytest.mark.parametrize(
    "wrong",
    [
        method(1, QOS, b"\0" * 7)[:-1] + b"\0",
        method(1, QOS, b"\0" * 7)[:-1] + b"\xcd",
        frame(4, 1, b"xx"),
        frame(0, 0, b"xx"),
        frame(METHOD, 1, b""),
        frame(METHOD, 1, b"\0\x3c\0"),
        frame(METHOD, 0, b""),
    ],
    ids=[
        "frame end 0",
        "frame end 0xCD",
        "type 4",
        "type 0",
        "empty method",
        "half a method",
        "empty method on channel 0",
    ],
)
def test_frames_that_are_none(opened: RawClient, wrong: bytes) -> None:
    opened.send(wrong)
    assert opened.expect_close().code in (501, 502)  # 501 says RabbitMQ


@pytest.mark.parametrize(
    "wrong",
    [method(1, QUEUE_DECLARE, b"\0\0\x05ab"), method(1, QOS, b"\0" * 7 + b"extra")],
    ids=["too short", "too long"],
)
def test_arguments_of_the_wrong_length(opened: RawClient, wrong: bytes) -> None:
    opened.send(wrong)
    closed = opened.expect_closed()
    assert closed.code in (501, 502)  # RabbitMQ calls it 501, the specification 502
    assert closed.method == (int.from_bytes(wrong[7:9], "big"), int.from_bytes(wrong[9:11], "big"))


@pytest.mark.parametrize("table", [b"\x03abcZ", b"\x03abcS\0\0\0\x09x", b"\x09ab"])
def test_a_malformed_table(broker: BrokerUnderTest, opened: RawClient, table: bytes) -> None:
    opened.send(declare(1, "", arguments=table))
    if broker.product == "RabbitMQ":
        assert opened.receive_rest() == b""  # its reader crashes
    else:
        assert opened.expect_closed().code == 502


@pytest.mark.parametrize(
    "properties", [b"\xff\xff", b"\x80\x00\x09ab"], ids=["flags without end", "cut off"]
)
def test_malformed_properties(
    broker: BrokerUnderTest, opened: RawClient, name: str, properties: bytes
) -> None:
    opened.send(publish(1, name), header(1, 0, properties=properties), get(1, name))
    expected = 541 if broker.product == "RabbitMQ" else 502  # its channel crashes
    assert opened.expect_closed().code == expected


def test_a_body_longer_than_announced(
    broker: BrokerUnderTest, opened: RawClient, name: str
) -> None:
    if broker.product == "RabbitMQ":
        pytest.skip("RabbitMQ goes on waiting for the end of the message")
    opened.send(publish(1, name), header(1, 2), frame(BODY, 1, b"too long"))
    assert opened.expect_closed().code in (501, 505)


def test_an_immediate_message(opened: RawClient, name: str) -> None:
    opened.send(publish(1, name, bits=2), header(1, 0))
    assert opened.expect_closed() == Closed(540, "NOT_IMPLEMENTED - immediate=true", (60, 40))


def test_a_message_that_is_announced_and_never_comes_is_forgotten(
    broker: BrokerUnderTest, opened: RawClient, name: str
) -> None:
    with RawClient(broker.url) as other:
        other.open()
        other.send(publish(1, name), header(1, 1000), frame(BODY, 1, b"half"))
    opened.send(get(1, name))
    opened.expect(GET_EMPTY, channel=1)


def test_a_heartbeat_with_a_payload(raw: RawClient) -> None:
    raw.open()
    raw.send(frame(HEARTBEAT, 0, b"x"))
    assert raw.expect_close().code == 501


def test_a_header_with_a_weight(opened: RawClient, name: str) -> None:
    payload = b"\x00\x3c" + b"\x00\x01" + bytes(8) + b"\0\0"
    opened.send(publish(1, name), frame(HEADER, 1, payload))
    text = "expected content header for class 60, got non content header frame instead"
    assert opened.expect_close()[:2] == (505, f"UNEXPECTED_FRAME - {text}")


def test_a_header_that_the_consumers_frames_cannot_hold_is_sent_whole(
    broker: BrokerUnderTest, name: str
) -> None:
    with RawClient(broker.url) as consumer, RawClient(broker.url) as publisher:
        consumer.open(frame_max=8192)
        consumer.send(declare(1, name), consume(1, name, "t", bits=2))
        consumer.expect(QUEUE_DECLARE_OK, channel=1)
        consumer.expect(CONSUME_OK, channel=1)
        publisher.open()
        table = shortstr("k") + b"S" + longstr(bytes(20_000))
        properties = b"\x20\0" + longstr(table)
        publisher.send(publish(1, name), header(1, 0, properties=properties))
        consumer.expect(DELIVER, channel=1)
        head = consumer.receive_frame()
        assert (head.type, head.payload[12:]) == (HEADER, properties)


@pytest.mark.parametrize(
    "arguments",
    [
        (QUEUE_DECLARE, b"\0\0%b\x02\0\0\0\0"),
        (QUEUE_DECLARE, b"\0\0%b\x01\0\0\0\0"),
        (QUEUE_DELETE, b"\0\0%b\0"),
        (CONSUME, b"\0\0%b\0\0\0\0\0\0"),
        (GET, b"\0\0%b\0"),
        ((50, 30), b"\0\0%b\0"),
    ],
    ids=["declare", "passive", "delete", "consume", "get", "purge"],
)
def test_an_exclusive_queue_is_locked_for_other_connections(
    broker: BrokerUnderTest, opened: RawClient, name: str, arguments: tuple[tuple[int, int], bytes]
) -> None:
    method_id, layout = arguments
    with RawClient(broker.url) as other:
        other.open()
        other.send(method(1, method_id, layout % shortstr(name)))
        closed = Closed.of(other.expect(CHANNEL_CLOSE, channel=1))
    assert (closed.code, closed.method) == (405, method_id)
    assert closed.text.startswith(
        f"RESOURCE_LOCKED - cannot obtain exclusive access to locked queue '{name}' in vhost '/'"
    )


@pytest.mark.parametrize("can", [True, False])
def test_only_who_can_take_it_is_told_that_its_consumer_was_cancelled(
    raw: RawClient, name: str, can: bool
) -> None:
    capability = shortstr("consumer_cancel_notify") + (b"t\x01" if can else b"t\x00")
    raw.send(PROTOCOL_HEADER)
    raw.expect(START)
    raw.send(start_ok(properties=shortstr("capabilities") + b"F" + longstr(capability)))
    raw.expect(TUNE)
    raw.open_tuned()
    raw.send(declare(1, name), consume(1, name, "t", bits=2))
    raw.expect(QUEUE_DECLARE_OK, channel=1)
    raw.expect(CONSUME_OK, channel=1)
    raw.send(method(1, QUEUE_DELETE, b"\0\0" + shortstr(name) + b"\0"))
    told = {raw.receive_frame().method for _ in range(1 + can)}
    assert told == ({QUEUE_DELETE_OK, CANCEL} if can else {QUEUE_DELETE_OK})
