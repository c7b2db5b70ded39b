"""That deliveries are answered by acks, through a socket that may not take them at once."""

from __future__ import annotations

import pytest

from leveret.bench.consumer import Consumer
from leveret.bench.errors import BenchError
from leveret.bench.frames.deliveries import Deliveries
from leveret.bench.reader import RECEIVE_BYTES
from tests.bench.frames.wire_frames import ack, message
from tests.bench.local_session import LocalSession


def consumer(session: LocalSession, *, ack_every: int = 1) -> Consumer:
    deliveries = Deliveries(
        frame_max=1000,
        receive_bytes=RECEIVE_BYTES,
        body_bytes=16,
        ack_every=ack_every,
        latency=None,
    )
    return Consumer(session, deliveries)


def test_what_is_delivered_is_acknowledged() -> None:
    with LocalSession() as session:
        session.peer.sendall(message(1) + message(2))
        one = consumer(session)
        one.receive()
        assert session.peer.recv(1000) == ack(1) + ack(2)
        assert not one.waiting


def test_acks_wait_for_the_socket_and_then_hold_reading_up() -> None:
    with LocalSession() as session:
        one = consumer(session)
        tag = 0
        while one.deliveries.has_room():
            session.peer.sendall(b"".join(message(tag + index) for index in range(1, 201)))
            tag += 200
            one.receive()
        assert one.waiting
        received = b""
        while one.waiting:
            received += session.peer.recv(1 << 20)
            one.send_acks()
        received += session.peer.recv(1 << 20)
        assert received == b"".join(ack(each) for each in range(1, tag + 1))


def test_finishing_acknowledges_what_waits_for_its_batch() -> None:
    with LocalSession() as session:
        session.peer.sendall(message(1) + message(2) + message(3))
        one = consumer(session, ack_every=2)
        one.receive()
        one.finish()
        assert session.peer.recv(1000) == ack(2, multiple=1) + ack(3, multiple=1)


def test_a_lost_connection_ends_the_run() -> None:
    with LocalSession() as session:
        session.peer.sendall(message(1))
        session.peer.close()
        with pytest.raises(BenchError, match="lost"):
            consumer(session).receive()
