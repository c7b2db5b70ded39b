"""What arrives in the middle of the load."""

from __future__ import annotations

import pytest

from leveret.bench.errors import BenchError
from leveret.bench.frames.confirms import Confirms
from leveret.bench.reader import Reader
from tests.bench.frames.wire_frames import CHANNEL_CLOSE, HEARTBEAT, ack
from tests.bench.local_session import LocalSession


def confirms(sent: int) -> Confirms:
    walker = Confirms(frame_max=1000, window=10, latency=None)
    walker.sent(sent, 1)
    return walker


def test_a_cut_frame_waits_for_its_rest() -> None:
    with LocalSession() as session:
        walker = confirms(2)
        reader = Reader(session, walker)
        for part in (ack(1) + ack(2)[:5], ack(2)[5:]):
            session.peer.sendall(part)
            reader.receive()
        assert walker.acked_count == 2


def test_other_frames_go_to_the_session() -> None:
    with LocalSession() as session:
        walker = confirms(2)
        session.peer.sendall(HEARTBEAT + ack(1) + CHANNEL_CLOSE + ack(2))
        Reader(session, walker).receive()
        assert session.taken == [HEARTBEAT, CHANNEL_CLOSE]
        assert walker.acked_count == 2


def test_nothing_to_read_is_nothing() -> None:
    with LocalSession() as session:
        Reader(session, confirms(0)).receive()
        assert session.taken == []


def test_the_end_of_the_stream_ends_the_run() -> None:
    with LocalSession() as session:
        session.peer.close()
        with pytest.raises(BenchError, match="closed the connection"):
            Reader(session, confirms(0)).receive()


def test_a_reset_ends_the_run() -> None:
    with LocalSession() as session:
        session.socket.sendall(b"unread")
        session.peer.close()
        with pytest.raises(BenchError, match=r"lost|closed"):
            Reader(session, confirms(0)).receive()
