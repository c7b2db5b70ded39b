"""Which confirms are taken, and what they leave unconfirmed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leveret.bench.errors import CheckFailed
from leveret.bench.frames.confirms import Confirms
from leveret.bench.frames.histogram import Histogram
from leveret.engine.buffer import Buffer
from tests.bench.frames.wire_frames import CHANNEL_CLOSE, HEARTBEAT, ack, frame, nack, returned

NOW = 1000


def confirms(*, window: int = 10, sent: int = 0, latency: Histogram | None = None) -> Confirms:
    walker = Confirms(frame_max=1000, window=window, latency=latency)
    walker.sent(sent, NOW)
    return walker


def walk(walker: Confirms, data: bytes, now: int = NOW) -> bytes:
    """Walks `data`; returns what was not taken."""
    return data[walker.walk(Buffer(owner=bytearray(data)), 0, len(data), now) :]


def test_the_window_is_what_may_be_sent() -> None:
    walker = confirms(window=10, sent=7)
    assert (walker.room(), walker.unconfirmed) == (3, 7)


def test_more_than_the_window_cannot_be_sent() -> None:
    with pytest.raises(ValueError, match="window"):
        confirms(window=10, sent=11)


def test_each_confirm_makes_room() -> None:
    walker = confirms(window=3, sent=3)
    walk(walker, ack(1) + ack(2))
    assert (walker.room(), walker.unconfirmed, walker.acked_count) == (2, 1, 2)


def test_a_multiple_confirm_covers_all_up_to_its_tag() -> None:
    walker = confirms(sent=5)
    walk(walker, ack(4, multiple=1))
    assert (walker.unconfirmed, walker.acked_count) == (1, 4)


def test_confirms_may_come_in_any_order() -> None:
    walker = confirms(sent=5)
    walk(walker, ack(3) + ack(5) + ack(2, multiple=1) + ack(5 - 1, multiple=1))
    assert (walker.unconfirmed, walker.acked_count) == (0, 5)


def test_refusals_are_counted_apart() -> None:
    walker = confirms(sent=5)
    walk(walker, ack(1) + nack(3, multiple=1) + nack(4))
    assert (walker.acked_count, walker.nacked_count, walker.unconfirmed) == (1, 3, 1)


@pytest.mark.parametrize("multiple", [0, 1])
@pytest.mark.parametrize("tag", [0, 6, 2**64 - 1])
def test_a_confirm_of_what_was_not_sent_is_reported(tag: int, multiple: int) -> None:
    with pytest.raises(CheckFailed, match=f"a confirm of {tag},"):
        walk(confirms(sent=5), ack(tag, multiple))


@pytest.mark.parametrize("tag", [1, 3])
def test_a_second_confirm_is_reported(tag: int) -> None:
    with pytest.raises(CheckFailed, match=f"confirm of {tag}"):
        walk(confirms(sent=5), ack(1) + ack(3) + ack(tag))


def test_without_a_window_no_confirm_is_expected() -> None:
    with pytest.raises(CheckFailed):
        walk(confirms(window=0), ack(1))


def test_a_message_that_is_never_confirmed_holds_the_others_up_in_the_end() -> None:
    walker = confirms(window=4, sent=4)
    for tag in range(2, 14):
        walk(walker, ack(tag))
        walker.sent(1, NOW)
    walk(walker, ack(14))
    assert (walker.room(), walker.unconfirmed) == (0, 3)
    walk(walker, ack(1))
    assert (walker.room(), walker.unconfirmed) == (2, 2)


@given(st.permutations(range(1, 21)))
def test_any_order_of_confirms_empties_the_window(order: list[int]) -> None:
    walker = confirms(window=20, sent=20)
    walk(walker, b"".join(ack(tag) for tag in order))
    assert (walker.unconfirmed, walker.room(), walker.acked_count) == (0, 20, 20)


@pytest.mark.parametrize("cut", range(len(ack(1) + returned() + ack(2))))
def test_frames_may_be_cut_at_any_byte(cut: int) -> None:
    walker = confirms(sent=2)
    data = ack(1) + returned() + ack(2)
    rest = walk(walker, data[:cut])
    assert walk(walker, rest + data[cut:]) == b""
    assert (walker.acked_count, walker.returned_count) == (2, 1)


def test_a_confirm_of_the_wrong_length_is_reported() -> None:
    with pytest.raises(CheckFailed, match="length"):
        walk(confirms(sent=1), frame(1, ack(1)[7:-1] + b"\0"))


@pytest.mark.parametrize("foreign", [HEARTBEAT, CHANNEL_CLOSE])
def test_other_frames_are_left_to_the_caller(foreign: bytes) -> None:
    walker = confirms(sent=2)
    rest = walk(walker, ack(1) + foreign + ack(2))
    assert rest == foreign + ack(2)
    assert walker.foreign_bytes == len(foreign)


def test_the_time_to_each_confirm_is_recorded() -> None:
    latency = Histogram()
    walker = confirms(sent=3, latency=latency)
    walk(walker, ack(1), now=NOW + 50)
    walk(walker, ack(3, multiple=1), now=NOW + 70)
    assert [latency.percentile(percent) for percent in (1, 50, 100)] == [50, 70, 70]
