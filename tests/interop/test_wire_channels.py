"""The corners of channels and methods, seen from a bare socket."""

import struct
import time

import pytest

from tests.interop.broker_under_test import BrokerUnderTest
from tests.interop.raw_client import (
    ACK,
    BODY,
    CANCEL,
    CANCEL_OK,
    CHANNEL_CLOSE,
    CHANNEL_CLOSE_OK,
    CHANNEL_OPEN_OK,
    CLOSE,
    CLOSE_OK,
    CONFIRM_SELECT,
    CONFIRM_SELECT_OK,
    CONSUME_OK,
    DELIVER,
    GET_EMPTY,
    HEARTBEAT,
    PROTOCOL_HEADER,
    QOS,
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
    open_channel,
    publish,
    shortstr,
    start_ok,
)

GOODBYE = struct.pack(">HBHH", 200, 0, 0, 0)
CANCEL_NOTIFY = (
    shortstr("capabilities") + b"F" + longstr(shortstr("consumer_cancel_notify") + b"t\x01")
)


@pytest.fixture
def opened(raw: RawClient, name: str) -> RawClient:
    """With channel 1, and a queue with the test's name."""
    raw.open()
    raw.send(declare(1, name))
    raw.expect(QUEUE_DECLARE_OK, channel=1)
    return raw


def test_a_channel_that_was_never_opened(opened: RawClient) -> None:
    opened.send(declare(2, ""))
    expected = Closed(504, "CHANNEL_ERROR - expected 'channel.open'", (50, 10))
    assert opened.expect_closed() == expected


def test_a_channel_that_was_closed(opened: RawClient) -> None:
    opened.send(method(1, CHANNEL_CLOSE, GOODBYE))
    opened.expect(CHANNEL_CLOSE_OK, channel=1)
    opened.send(method(1, QOS, b"\0" * 7))
    expected = Closed(504, "CHANNEL_ERROR - expected 'channel.open'", (60, 10))
    assert opened.expect_closed() == expected


def test_a_channel_opened_twice(opened: RawClient) -> None:
    opened.send(open_channel(1))
    expected = Closed(504, "CHANNEL_ERROR - second 'channel.open' seen", (20, 10))
    assert opened.expect_closed() == expected


def test_more_channels_than_negotiated(raw: RawClient) -> None:
    raw.open(channel_max=3, channels=3)
    raw.send(open_channel(4))
    closed = raw.expect_closed()
    assert closed.code == 530
    assert closed.text == (
        "NOT_ALLOWED - number of channels opened (3) has reached the negotiated channel_max (3)"
    )


def test_a_failed_channel_answers_nothing_but_close_ok(opened: RawClient, name: str) -> None:
    opened.send(get(1, f"{name}.none"))
    closed = Closed.of(opened.expect(CHANNEL_CLOSE, channel=1))
    assert closed == Closed(404, f"NOT_FOUND - no queue '{name}.none' in vhost '/'", (60, 70))
    opened.send(declare(1, ""), message(1, name, b"lost"), get(1, name))
    opened.send(method(1, CHANNEL_CLOSE_OK), open_channel(1))
    opened.expect(CHANNEL_OPEN_OK, channel=1)
    opened.send(get(1, name))
    opened.expect(GET_EMPTY, channel=1)


def test_both_sides_close_a_channel_at_once(opened: RawClient, name: str) -> None:
    opened.send(get(1, f"{name}.none"), method(1, CHANNEL_CLOSE, GOODBYE))
    opened.expect(CHANNEL_CLOSE, channel=1)
    opened.expect(CHANNEL_CLOSE_OK, channel=1)
    opened.send(method(1, CHANNEL_CLOSE_OK), open_channel(1))
    opened.expect(CHANNEL_OPEN_OK, channel=1)


def test_a_connection_closed_amid_content(opened: RawClient, name: str) -> None:
    opened.send(publish(1, name), header(1, 1000), frame(BODY, 1, b"half"))
    opened.send(method(0, CLOSE, GOODBYE))
    opened.expect(CLOSE_OK)


def test_unknown_methods(broker: BrokerUnderTest, opened: RawClient) -> None:
    opened.send(method(1, (60, 99)))
    if broker.product == "RabbitMQ":
        assert opened.receive_rest() == b""  # its reader crashes
    else:
        assert opened.expect_closed().code in (503, 540)


def test_a_consumer_that_asked_for_no_answer_gets_deliveries(opened: RawClient, name: str) -> None:
    opened.send(consume(1, name, "mine", bits=2 | 8), message(1, name, b"first"))
    delivered = opened.expect(DELIVER, channel=1)
    assert delivered.arguments.startswith(shortstr("mine") + struct.pack(">QB", 1, 0))
    assert opened.receive_content(1) == b"first"


def test_cancel_and_delete_without_an_answer(opened: RawClient, name: str) -> None:
    opened.send(
        consume(1, name, "mine", bits=2 | 8),
        method(1, CANCEL, shortstr("mine") + b"\x01"),
        method(1, QUEUE_DELETE, b"\0\0" + shortstr(name) + b"\x04"),
        declare(1, name),
    )
    answer = opened.expect(QUEUE_DECLARE_OK, channel=1)
    assert answer.arguments.endswith(struct.pack(">II", 0, 0))


def test_confirms_selected_twice_and_without_an_answer(opened: RawClient, name: str) -> None:
    opened.send(method(1, CONFIRM_SELECT, b"\x01"), message(1, name, b"one"))
    assert opened.expect(ACK, channel=1).arguments[:8] == struct.pack(">Q", 1)
    opened.send(method(1, CONFIRM_SELECT, b"\x00"))
    opened.expect(CONFIRM_SELECT_OK, channel=1)
    opened.send(message(1, name, b"two"))
    assert opened.expect(ACK, channel=1).arguments[:8] == struct.pack(">Q", 2)


def test_cancelling_an_unknown_consumer_is_no_error(opened: RawClient) -> None:
    opened.send(method(1, CANCEL, shortstr("nobody") + b"\x00"))
    assert opened.expect(CANCEL_OK, channel=1).arguments == shortstr("nobody")


def test_delivery_tag_zero_alone_is_unknown(opened: RawClient) -> None:
    opened.send(method(1, ACK, struct.pack(">QB", 0, 0)))
    closed = Closed.of(opened.expect(CHANNEL_CLOSE, channel=1))
    assert closed == Closed(406, "PRECONDITION_FAILED - unknown delivery tag 0", (60, 80))


def test_a_message_acknowledged_twice(opened: RawClient, name: str) -> None:
    opened.send(message(1, name, b"x"), consume(1, name, "mine", bits=8))
    opened.expect(DELIVER, channel=1)
    opened.receive_content(1)
    for _ in range(2):
        opened.send(method(1, ACK, struct.pack(">QB", 1, 0)))
    closed = Closed.of(opened.expect(CHANNEL_CLOSE, channel=1))
    assert closed == Closed(406, "PRECONDITION_FAILED - unknown delivery tag 1", (60, 80))


@pytest.mark.parametrize("notified", [True, False])
def test_only_a_client_that_can_hear_it_is_told_that_its_queue_is_gone(
    raw: RawClient, name: str, notified: bool
) -> None:
    raw.send(PROTOCOL_HEADER, start_ok(properties=CANCEL_NOTIFY if notified else b""))
    raw.expect(START)
    raw.expect(TUNE)
    raw.open_tuned()
    raw.send(declare(1, name), consume(1, name, "mine", bits=0))
    raw.expect(QUEUE_DECLARE_OK, channel=1)
    raw.expect(CONSUME_OK, channel=1)
    raw.send(method(1, QUEUE_DELETE, b"\0\0" + shortstr(name) + b"\x00"))
    received = {raw.receive_frame().method for _ in range(2 if notified else 1)}
    assert received == ({CANCEL, QUEUE_DELETE_OK} if notified else {QUEUE_DELETE_OK})
    raw.send(declare(1, ""))
    raw.expect(QUEUE_DECLARE_OK, channel=1)


@pytest.mark.slow
def test_a_silent_client_hears_heartbeats_and_is_dropped(raw: RawClient) -> None:
    raw.open(heartbeat=1)
    began = time.monotonic()
    heartbeats = raw.receive_rest()
    assert 1.5 < time.monotonic() - began < 5
    assert len(heartbeats) >= 2 * 8
    assert heartbeats == (struct.pack(">BHI", HEARTBEAT, 0, 0) + b"\xce") * (len(heartbeats) // 8)
