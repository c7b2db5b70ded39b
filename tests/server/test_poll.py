import socket
from collections.abc import Iterator

import pytest

from leveret.server.poll import READ, WRITE, Poll, SelectorPoll

LIMIT_S = 10


@pytest.fixture(params=[Poll, SelectorPoll])
def poll(request: pytest.FixtureRequest) -> Iterator[SelectorPoll]:
    poll = request.param()
    yield poll
    poll.close()


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    one, other = socket.socketpair()
    with one, other:
        yield one, other


Ends = tuple[socket.socket, socket.socket]


def test_what_is_readable_and_writable_is_reported(poll: SelectorPoll, ends: Ends) -> None:
    one, other = ends
    poll.register(one.fileno(), READ | WRITE)
    assert poll.poll(LIMIT_S, 10) == [(one.fileno(), WRITE)]
    other.send(b"x")
    assert poll.poll(LIMIT_S, 10) == [(one.fileno(), READ | WRITE)]


def test_only_what_is_watched_for_is_reported(poll: SelectorPoll, ends: Ends) -> None:
    one, other = ends
    other.send(b"x")
    poll.register(one.fileno(), WRITE)
    assert poll.poll(LIMIT_S, 10) == [(one.fileno(), WRITE)]
    poll.modify(one.fileno(), READ)
    assert poll.poll(LIMIT_S, 10) == [(one.fileno(), READ)]
    poll.unregister(one.fileno())
    assert poll.poll(0, 10) == []


def test_no_more_are_reported_than_asked_for(poll: SelectorPoll, ends: Ends) -> None:
    for end in ends:
        poll.register(end.fileno(), WRITE)
    assert len(poll.poll(LIMIT_S, 1)) == 1
    assert len(poll.poll(LIMIT_S, 2)) == 2


def test_without_a_timeout_it_waits_until_one_is_ready(poll: SelectorPoll, ends: Ends) -> None:
    poll.register(ends[0].fileno(), READ)
    ends[1].send(b"x")
    assert poll.poll(None, 1) == [(ends[0].fileno(), READ)]


def test_it_is_itself_ready_when_something_is(poll: SelectorPoll, ends: Ends) -> None:
    outer = Poll()
    outer.register(poll.fileno(), READ)
    poll.register(ends[0].fileno(), READ)
    assert outer.poll(0, 1) == []
    ends[1].send(b"x")
    assert outer.poll(LIMIT_S, 1) == [(poll.fileno(), READ)]
    outer.close()


def test_a_hang_up_wakes_whoever_waits_for_anything(poll: SelectorPoll, ends: Ends) -> None:
    poll.register(ends[0].fileno(), READ)
    ends[1].close()
    ((fd, events),) = poll.poll(LIMIT_S, 1)
    assert fd == ends[0].fileno()
    assert events & ~WRITE
