"""When the load ends, and what holds it back."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from leveret.bench.consumer import Consumer
from leveret.bench.errors import BenchError
from leveret.bench.frames.confirms import Confirms
from leveret.bench.frames.deliveries import Deliveries
from leveret.bench.frames.publishes import PublishBlock
from leveret.bench.load import Load
from leveret.bench.pacing import SECOND, Pacer
from leveret.bench.publisher import Publisher
from leveret.bench.reader import RECEIVE_BYTES
from tests.bench.frames.wire_frames import ack, message
from tests.bench.local_session import LocalSession

MILLISECOND = 1_000_000


class Ends:
    """The broker's ends of one publisher and one consumer."""

    def __init__(self, session: LocalSession, other: LocalSession, count: int, window: int) -> None:
        confirms = Confirms(frame_max=1000, window=window, latency=None)
        block = PublishBlock([b"message"], 0)
        self.publisher = Publisher(session, block, confirms, count=count, stamped=False)
        deliveries = Deliveries(
            frame_max=1000, receive_bytes=RECEIVE_BYTES, body_bytes=16, ack_every=0, latency=None
        )
        self.consumer = Consumer(other, deliveries)
        self.publishing = session.peer
        self.consuming = other.peer

    def load(
        self, *, expected: int | None = 0, milliseconds: int | None = None, backlog: int = 0
    ) -> Load:
        deadline = None
        if milliseconds is not None:
            deadline = time.monotonic_ns() + milliseconds * MILLISECOND
        return Load(
            [self.publisher],
            [self.consumer],
            expected=expected,
            deadline=deadline,
            backlog=backlog,
            copies=1,
        )


@contextmanager
def ends(*, count: int = 0, window: int = 0) -> Iterator[Ends]:
    with LocalSession() as session, LocalSession() as other:
        yield Ends(session, other, count, window)


def no_tick(_now: int) -> None:
    pytest.fail("that took a second")


def test_it_ends_when_all_is_published_confirmed_and_consumed() -> None:
    with ends(count=2, window=5) as each:
        load = each.load(expected=2)
        each.publisher.send(2, 1)
        each.publishing.sendall(ack(2, multiple=1))
        each.consuming.sendall(message(1) + message(2))
        load.run(no_tick)
        assert (load.counts().consumed, load.counts().acked) == (2, 2)


def all_published(each: Ends, expected: int | None) -> Load:
    """One of perhaps several messages has come."""
    load = each.load(expected=expected)
    for _ in range(2):
        each.publisher.send(1, 1)
    each.consuming.sendall(message(1))
    load._wait(0)
    assert not load._finished(0)
    return load


def test_where_it_is_unknown_how_many_come_it_ends_after_a_quiet_second() -> None:
    with ends(count=2) as each:
        load = all_published(each, None)
        assert not load._finished(SECOND - 1)
        each.consuming.sendall(message(2))
        load._wait(0)
        assert not load._finished(SECOND)
        assert load._finished(2 * SECOND)


def test_what_is_missing_after_ten_seconds_is_lost() -> None:
    with ends(count=2) as each:
        load = all_published(each, 5)
        assert not load._finished(10 * SECOND - 1)
        with pytest.raises(BenchError, match="4 messages did not arrive"):
            load._finished(10 * SECOND)


def test_it_ends_at_the_deadline() -> None:
    with ends() as each:
        each.load(milliseconds=5).run(no_tick)
        assert each.publisher.published > 0


def test_it_ends_when_it_is_stopped() -> None:
    with ends() as each:
        load = each.load()
        load.stopped = True
        load.run(no_tick)
        assert each.publisher.published == 0


def test_no_more_is_published_than_the_backlog_allows() -> None:
    with ends() as each:
        each.load(milliseconds=5, backlog=3).run(no_tick)
        assert each.publisher.published == 3


def test_what_is_consumed_makes_room_in_the_backlog() -> None:
    with ends() as each:
        each.consuming.sendall(message(1) + message(2))
        each.load(milliseconds=5, backlog=3).run(no_tick)
        assert each.publisher.published == 5


def test_a_paced_publisher_sends_what_is_due() -> None:
    with ends() as each:
        now = time.monotonic_ns()
        each.publisher.pacer = Pacer(rate=1, start=now - 2 * 1000 * MILLISECOND)
        each.load(milliseconds=5).run(no_tick)
        assert each.publisher.published == 3


def test_a_publisher_goes_on_when_the_socket_takes_more() -> None:
    with ends() as each:
        while not each.publisher.waiting:
            each.publisher.send(10_000, 1)
        before = each.publisher.published
        each.publishing.recv(1 << 20)
        load = each.load()
        load._watch(each.publisher)
        for _ in range(1_000):  # the system says when there is room again
            load._wait(0)
            load._send(1)
            if each.publisher.published > before:
                break
        assert each.publisher.published > before


def test_one_blocked_publisher_is_reported() -> None:
    with ends() as each:
        load = each.load()
        assert not load.blocked()
        each.publisher.session.blocked = True
        assert load.blocked()
