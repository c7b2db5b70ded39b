"""The corners of frames and content, seen from a bare socket."""

import pytest

from tests.interop.broker_under_test import BrokerUnderTest
from tests.interop.raw_client import (
    BODY,
    GET_EMPTY,
    HEADER,
    HEARTBEAT,
    METHOD,
    QOS,
    QUEUE_DECLARE,
    QUEUE_DECLARE_OK,
    Closed,
    RawClient,
    declare,
    frame,
    get,
    header,
    message,
    method,
    publish,
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
