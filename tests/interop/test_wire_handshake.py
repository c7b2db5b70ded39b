"""The corners of the handshake, seen from a bare socket."""

import pytest

from tests.interop.broker_under_test import BrokerUnderTest
from tests.interop.raw_client import (
    CHANNEL_OPEN_OK,
    CLOSE,
    CLOSE_OK,
    OPEN_OK,
    PROTOCOL_HEADER,
    QUEUE_DECLARE_OK,
    START,
    TUNE,
    TUNE_OK,
    Closed,
    RawClient,
    declare,
    longstr,
    method,
    open_channel,
    open_connection,
    shortstr,
    start_ok,
    tune_ok,
)

SILENT = "before 4.0 RabbitMQ waits three seconds and closes the socket without a word"
TELLS_OF_REFUSED_LOGINS = (
    shortstr("capabilities") + b"F" + longstr(shortstr("authentication_failure_close") + b"t\x01")
)


@pytest.mark.parametrize(
    "header",
    [b"HTTP/1.1", b"AMQP\x00\x00\x09\x02", b"AMQP\x01\x01\x00\x0a", b"\x00" * 8],
    ids=["http", "0-9-2", "0-10", "zeros"],
)
def test_a_wrong_header_is_answered_with_the_right_one(raw: RawClient, header: bytes) -> None:
    raw.send(header)
    assert raw.receive_rest() == PROTOCOL_HEADER


def test_what_the_server_offers(raw: RawClient) -> None:
    raw.send(PROTOCOL_HEADER)
    start = raw.expect(START)
    assert start.arguments[:2] == b"\x00\x09"
    assert b"PLAIN" in start.arguments
    assert start.arguments.endswith(longstr(b"en_US"))
    raw.send(start_ok())
    assert raw.expect(TUNE).arguments == b"\x07\xff" + b"\x00\x02\x00\x00" + b"\x00\x3c"


def test_a_whole_session_cut_at_every_byte(raw: RawClient) -> None:
    session = [
        (PROTOCOL_HEADER, START),
        (start_ok(), TUNE),
        (tune_ok() + open_connection(), OPEN_OK),
        (open_channel(1), CHANNEL_OPEN_OK),
        (declare(1, ""), QUEUE_DECLARE_OK),
        (method(0, CLOSE, b"\x00\xc8\x00\x00\x00\x00\x00"), CLOSE_OK),
    ]
    for data, answer in session:
        for octet in data:
            raw.send(bytes([octet]))
        raw.expect(answer, channel=1 if answer in (CHANNEL_OPEN_OK, QUEUE_DECLARE_OK) else 0)


def test_a_whole_session_in_one_segment(raw: RawClient) -> None:
    raw.send(
        PROTOCOL_HEADER, start_ok(), tune_ok(), open_connection(), open_channel(1), declare(1, "")
    )
    for answer in (START, TUNE, OPEN_OK):
        raw.expect(answer)
    for answer in (CHANNEL_OPEN_OK, QUEUE_DECLARE_OK):
        raw.expect(answer, channel=1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"frame_max": 0},
        {"frame_max": 4095},
        {"frame_max": 131073},
        {"channel_max": 0},
        {"channel_max": 2048},
    ],
    ids=str,
)
def test_limits_that_were_not_offered_are_refused(
    broker: BrokerUnderTest, raw: RawClient, wrong: dict[str, int]
) -> None:
    if broker.is_old_rabbitmq:
        pytest.skip(SILENT)
    raw.start()
    raw.send(tune_ok(**wrong), open_connection())
    closed = raw.expect_closed()
    assert (closed.code, closed.method) == (530, TUNE_OK)
    assert closed.text.startswith("NOT_ALLOWED - negotiated ")


def test_an_unknown_virtual_host(raw: RawClient) -> None:
    raw.start()
    raw.send(tune_ok(), open_connection("nowhere"))
    expected = Closed(530, "NOT_ALLOWED - vhost nowhere not found", (10, 40))
    assert raw.expect_closed() == expected


def test_a_refused_login_is_told_to_a_client_that_can_hear_it(raw: RawClient) -> None:
    raw.send(PROTOCOL_HEADER)
    raw.expect(START)
    raw.send(start_ok(response=b"\0guest\0wrong", properties=TELLS_OF_REFUSED_LOGINS))
    assert raw.expect_closed() == Closed(
        403,
        "ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN. "
        "For details see the broker logfile.",
        (0, 0),
    )


@pytest.mark.slow
def test_any_other_client_just_loses_its_connection(raw: RawClient) -> None:
    raw.send(PROTOCOL_HEADER)
    raw.expect(START)
    raw.send(start_ok(response=b"\0guest\0wrong"))
    assert raw.receive_rest() == b""


def test_an_unknown_mechanism(broker: BrokerUnderTest, raw: RawClient) -> None:
    if broker.is_old_rabbitmq:
        pytest.skip(SILENT)
    raw.send(PROTOCOL_HEADER)
    raw.expect(START)
    raw.send(start_ok(mechanism="UNHEARD", properties=TELLS_OF_REFUSED_LOGINS))
    assert raw.expect_closed().code == 503


def test_nothing_but_the_next_step_is_accepted(broker: BrokerUnderTest, raw: RawClient) -> None:
    if broker.is_old_rabbitmq:
        pytest.skip(SILENT)
    raw.send(PROTOCOL_HEADER)
    raw.expect(START)
    raw.send(open_connection())
    assert raw.expect_closed().code in (503, 504, 505)


def test_a_response_that_is_none(broker: BrokerUnderTest, raw: RawClient) -> None:
    if broker.is_old_rabbitmq:
        pytest.skip(SILENT)
    raw.send(PROTOCOL_HEADER)
    raw.expect(START)
    raw.send(start_ok(response=b"nonsense", properties=TELLS_OF_REFUSED_LOGINS))
    assert raw.expect_closed().code in (403, 502)


@pytest.mark.parametrize(
    "again",
    [start_ok(), tune_ok(), open_connection(), open_channel(0), declare(0, "")],
    ids=["start-ok", "tune-ok", "open", "channel.open", "queue.declare"],
)
def test_channel_zero_is_the_connections_alone(raw: RawClient, again: bytes) -> None:
    raw.open()
    raw.send(again)
    closed = raw.expect_closed()
    assert closed.code == 504
    assert closed.text == "CHANNEL_ERROR - unexpected method in connection state running"
    assert closed.method == (int.from_bytes(again[7:9], "big"), int.from_bytes(again[9:11], "big"))


@pytest.mark.parametrize(
    ("mechanism", "response"),
    [
        ("AMQPLAIN", b"\x05LOGINS\0\0\0\x05guest\x08PASSWORDS\0\0\0\x05guest"),
        ("ANONYMOUS", b""),
    ],
)
def test_other_ways_to_log_in(
    broker: BrokerUnderTest, raw: RawClient, mechanism: str, response: bytes
) -> None:
    if broker.is_old_rabbitmq and mechanism == "ANONYMOUS":
        pytest.skip("RabbitMQ offers ANONYMOUS since 4.0")
    raw.send(PROTOCOL_HEADER)
    raw.expect(START)
    raw.send(start_ok(mechanism=mechanism, response=response))
    raw.expect(TUNE)


def test_a_new_secret_is_taken(raw: RawClient) -> None:
    raw.open()
    raw.send(method(0, (10, 70), longstr(b"guest") + shortstr("because")))
    raw.expect((10, 71))


def test_an_access_request_is_granted(raw: RawClient) -> None:
    raw.open()
    raw.send(method(1, (30, 10), shortstr("/data") + b"\x1e"))
    assert raw.expect((30, 11), 1).arguments == b"\0\x01"
