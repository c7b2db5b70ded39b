"""Logging in, calling, and what ends a run."""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest

from leveret.bench.errors import BenchError
from leveret.bench.session import Session, encoded
from leveret.bench.uri import Address
from leveret.wire.amqp091.frames import HEARTBEAT_FRAME
from leveret.wire.amqp091.methods import (
    BasicCancel,
    ChannelClose,
    ConnectionBlocked,
    ConnectionClose,
    ConnectionCloseOk,
    ConnectionTuneOk,
    ConnectionUnblocked,
    Method,
    QueueDeclare,
    QueueDeclareOk,
    encode_method,
)
from tests.bench.scripted_broker import Side, playing


def declare(session: Session) -> QueueDeclareOk:
    return session.call(QueueDeclare(queue="q"), QueueDeclareOk)


def opened(side: Side) -> None:
    side.open()


def declared(side: Side) -> None:
    side.expect(QueueDeclare)
    side.send(QueueDeclareOk(queue="q", message_count=3, consumer_count=0))


def failure_of(script: Callable[[Side], None]) -> str:
    """How connecting to the script, and declaring a queue there, fails."""
    with playing(script) as address, pytest.raises(BenchError) as caught:
        session = Session(address)
        try:
            declare(session)
        finally:
            session.socket.close()
    return str(caught.value)


def test_a_session_is_logged_in_with_its_channel_open() -> None:
    replies: list[Method] = []

    def script(side: Side) -> None:
        replies.append(side.open(channel_max=10, frame_max=8192))
        declared(side)

    with playing(script) as address:
        session = Session(address)
        assert declare(session).message_count == 3
        session.socket.close()
    assert session.frame_max == 8192
    assert replies == [ConnectionTuneOk(channel_max=10, frame_max=8192, heartbeat=0)]


def test_no_limit_is_answered_by_our_own() -> None:
    replies: list[Method] = []
    with playing(lambda side: replies.append(side.open(channel_max=0, frame_max=0))) as address:
        Session(address).socket.close()
    assert replies == [ConnectionTuneOk(channel_max=2047, frame_max=131072, heartbeat=0)]


def test_the_password_goes_by_plain() -> None:
    responses: list[bytes] = []
    with playing(lambda side: responses.append(side.start().response)) as address:
        with pytest.raises(BenchError, match="password of 'guest'"):
            Session(address)
    assert responses == [b"\0guest\0guest"]


def test_a_refused_login_says_what_the_broker_said() -> None:
    def script(side: Side) -> None:
        side.start()
        side.send(ConnectionClose(reply_code=403, reply_text="ACCESS_REFUSED - no"), channel=0)

    assert failure_of(script) == "the broker answered 403 ACCESS_REFUSED - no"


def test_a_refused_command_says_what_the_broker_said() -> None:
    def script(side: Side) -> None:
        side.open()
        side.expect(QueueDeclare)
        side.send(ChannelClose(reply_code=404, reply_text="NOT_FOUND - no queue"))

    assert failure_of(script) == "the broker answered 404 NOT_FOUND - no queue"


def test_a_name_that_no_frame_can_hold_is_reported() -> None:
    with pytest.raises(BenchError, match="QueueDeclare: a shortstr holds 255 bytes, not 256"):
        encoded(QueueDeclare(queue="q" * 256))


def test_a_lost_connection_is_reported() -> None:
    def script(side: Side) -> None:
        side.open()
        side.expect(QueueDeclare)

    assert failure_of(script) == "the broker closed the connection"


def test_another_protocol_is_reported() -> None:
    def script(side: Side) -> None:
        side.socket.sendall(b"AMQP\0\1\0\0")

    assert "speaks no AMQP 0-9-1" in failure_of(script)


def test_a_bad_frame_is_reported() -> None:
    def script(side: Side) -> None:
        side.socket.sendall(b"\1\0\0\0\0\0\1xy")

    assert "bad frame" in failure_of(script)


def test_content_out_of_turn_is_reported() -> None:
    def script(side: Side) -> None:
        side.open()
        side.socket.sendall(b"\3\0\1\0\0\0\1x\xce")

    assert failure_of(script) == "the broker sent a frame of type 3 out of turn"


def test_nothing_listening_is_reported_with_the_address() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(BenchError, match=f"nothing listens on 127.0.0.1:{port}"):
        Session(Address("127.0.0.1", port, "guest", "guest", "/"))


def test_a_cancelled_consumer_ends_the_run() -> None:
    def script(side: Side) -> None:
        side.open()
        side.send(BasicCancel(consumer_tag="c"))

    assert failure_of(script) == "the broker cancelled a consumer: its queue has gone"


def test_frames_of_the_load_may_block_and_unblock() -> None:
    with playing(opened) as address:
        session = Session(address)
        session.take(encode_method(0, ConnectionBlocked(reason="memory")))
        assert session.blocked
        session.take(encode_method(0, ConnectionUnblocked()) + HEARTBEAT_FRAME)
        assert not session.blocked
        session.socket.close()


def test_closing_discards_what_is_still_on_its_way() -> None:
    def script(side: Side) -> None:
        side.open()
        side.socket.sendall(bytes(100_000))
        side.expect(ConnectionClose)
        side.send(ConnectionCloseOk(), channel=0)
        assert side.socket.recv(1) == b""

    with playing(script) as address:
        Session(address).close()


def test_closing_a_lost_connection_is_quiet() -> None:
    with playing(opened) as address:
        session = Session(address)
    session.close()


def test_a_session_that_wants_heartbeats_says_how_often() -> None:
    replies: list[Method] = []
    with playing(lambda side: replies.append(side.open())) as address:
        Session(address, heartbeat_s=20).socket.close()
    (tuned,) = [reply for reply in replies if isinstance(reply, ConnectionTuneOk)]
    assert tuned.heartbeat == 20
