"""How much a publisher sends, and that its stream stays whole."""

from __future__ import annotations

import pytest

from leveret.bench.errors import BenchError
from leveret.bench.frames.confirms import Confirms
from leveret.bench.frames.publishes import PublishBlock
from leveret.bench.pacing import SECOND, Pacer
from leveret.bench.publisher import Publisher
from tests.bench.frames.wire_frames import ack
from tests.bench.local_session import LocalSession

MESSAGES = [b"<%08d>" % number for number in range(10)]
NOW = 1000


def publisher(
    session: LocalSession,
    *,
    messages: list[bytes] = MESSAGES,
    window: int = 0,
    count: int = 0,
    stamped: bool = False,
) -> Publisher:
    confirms = Confirms(frame_max=1000, window=window, latency=None)
    return Publisher(session, PublishBlock(messages, 9), confirms, count=count, stamped=stamped)


def test_messages_are_sent_over_and_over() -> None:
    with LocalSession() as session:
        one = publisher(session)
        for count in (7, 7, 7):
            one.send(count, NOW)
        assert session.peer.recv(1000) == b"".join(MESSAGES + MESSAGES[:7])
        assert one.published == 17  # a send ends with the block


def test_a_send_counts_messages_of_any_length() -> None:
    with LocalSession() as session:
        one = publisher(session, messages=[b"<1>", b"<two>", b"<>"])
        one.send(2, NOW)
        assert (one.published, session.peer.recv(1000)) == (2, b"<1><two>")
        one.send(2, NOW)
        assert (one.published, session.peer.recv(1000)) == (3, b"<>")


def test_what_the_socket_does_not_take_is_sent_later() -> None:
    with LocalSession() as session:
        one = publisher(session, messages=[bytes(1000)] * 100)
        received = 0
        while not one.waiting:
            one.send(100, NOW)
        sent = one.published
        while one.published < sent + 200:
            received += len(session.peer.recv(1 << 20))
            one.send(1, NOW)
        session.peer.setblocking(True)
        one.finish()
        session.close()
        while data := session.peer.recv(1 << 20):
            received += len(data)
        assert received % 1000 == 0
        assert received // 1000 - one.published in (0, 1)  # the one that close() completes


def test_the_window_bounds_what_is_unconfirmed() -> None:
    with LocalSession() as session:
        one = publisher(session, window=5)
        assert one.allowed(NOW) == 5
        one.send(4, NOW)
        assert one.allowed(NOW) == 1
        session.peer.sendall(ack(3, multiple=1))
        one.receive()
        assert one.allowed(NOW) == 4


def test_the_rate_bounds_what_is_due() -> None:
    with LocalSession() as session:
        one = publisher(session)
        one.pacer = Pacer(rate=10, start=0)
        one.send(one.allowed(0), NOW)
        assert (one.published, one.allowed(SECOND // 2)) == (1, 5)


def test_the_count_ends_it_when_all_is_confirmed() -> None:
    with LocalSession() as session:
        one = publisher(session, window=5, count=3)
        one.send(one.allowed(NOW), NOW)
        assert (one.published, one.allowed(NOW), one.finished()) == (3, 0, False)
        session.peer.sendall(ack(3, multiple=1))
        one.receive()
        assert one.finished()


def test_without_a_count_it_is_never_finished() -> None:
    with LocalSession() as session:
        assert not publisher(session).finished()


def test_messages_are_stamped_as_they_are_sent() -> None:
    with LocalSession() as session:
        one = publisher(session, stamped=True)
        one.send(1, NOW)
        one.send(1, NOW)
        first, second = session.peer.recv(10), session.peer.recv(10)
        assert first[0:1] + first[9:] == b"<>"
        assert 0 < int.from_bytes(first[1:9], "big") < int.from_bytes(second[1:9], "big")


def test_a_lost_connection_ends_the_run() -> None:
    with LocalSession() as session:
        session.peer.close()
        with pytest.raises(BenchError, match="lost"):
            publisher(session).send(1, NOW)
