"""What is checked of deliveries, and which acks answer them."""

from __future__ import annotations

import struct

import pytest

from leveret.bench.errors import CheckFailed
from leveret.bench.frames.deliveries import Deliveries
from leveret.bench.frames.histogram import Histogram
from leveret.engine.buffer import Buffer
from tests.bench.frames.wire_frames import (
    CHANNEL_CLOSE,
    HEARTBEAT,
    ack,
    deliver,
    frame,
    header,
    message,
)

NOW = 5_000_000


def deliveries(
    *, body_bytes: int = 16, ack_every: int = 0, latency: Histogram | None = None
) -> Deliveries:
    return Deliveries(
        frame_max=1000,
        receive_bytes=4096,
        body_bytes=body_bytes,
        ack_every=ack_every,
        latency=latency,
    )


def walk(walker: Deliveries, data: bytes) -> bytes:
    """Walks `data`; returns what was not taken."""
    end = len(data)
    return data[walker.walk(Buffer(owner=bytearray(data)), 0, end, NOW) :]


def acks_of(walker: Deliveries) -> bytes:
    return walker.acks.bytes_at(0, walker.acks_end)


def stamped(tag: int, at: int) -> bytes:
    return message(tag, struct.pack("!Q", at) + bytes(8))


def run_of(*tags: int) -> bytes:
    return b"".join(message(tag) for tag in tags)


@pytest.mark.parametrize("cut", range(len(run_of(1, 2, 3))))
def test_messages_may_be_cut_at_any_byte(cut: int) -> None:
    walker = deliveries(ack_every=1)
    data = run_of(1, 2, 3)
    rest = walk(walker, data[:cut])
    assert walk(walker, rest + data[cut:]) == b""
    assert walker.received_count == 3
    assert acks_of(walker) == ack(1) + ack(2) + ack(3)


def test_messages_may_come_byte_by_byte() -> None:
    walker = deliveries()
    rest = b""
    for byte in run_of(1, 2, 3):
        rest = walk(walker, rest + bytes([byte]))
    assert (rest, walker.received_count) == (b"", 3)


@pytest.mark.parametrize("wrong", [0, 2, 3, 5, 2**64 - 1])
@pytest.mark.parametrize("key", [b"key", b"other"], ids=["alike", "not alike"])
def test_a_delivery_tag_that_is_not_the_next_is_reported(wrong: int, key: bytes) -> None:
    with pytest.raises(CheckFailed, match=f"delivery tag {wrong} after 3"):
        walk(deliveries(), run_of(1, 2, 3) + message(wrong, routing_key=key))


def test_the_first_delivery_tag_is_one() -> None:
    with pytest.raises(CheckFailed, match="delivery tag 2 after 0"):
        walk(deliveries(), message(2))


@pytest.mark.parametrize("length", [0, 15, 17])
def test_a_body_of_another_length_is_reported(length: int) -> None:
    with pytest.raises(CheckFailed, match=f"a body of {length} bytes, not 16"):
        walk(deliveries(), run_of(1, 2) + message(3, bytes(length)))


def test_without_an_expected_length_any_body_will_do() -> None:
    walker = deliveries(body_bytes=-1)
    walk(walker, message(1, b"") + message(2, b"a") + message(3, bytes(500)) + message(4, b"a"))
    assert walker.received_count == 4


@pytest.mark.parametrize("sizes", [(17,), (10, 7), (0, 16)])
def test_body_frames_that_do_not_add_up_are_reported(sizes: tuple[int, ...]) -> None:
    bodies = b"".join(frame(3, bytes(size)) for size in sizes)
    with pytest.raises(CheckFailed, match="a body frame of"):
        walk(deliveries(), deliver(1) + header(16) + bodies)


def test_a_body_may_come_in_several_frames() -> None:
    walker = deliveries()
    parts = header(16) + frame(3, bytes(10)) + frame(3, bytes(6))
    assert walk(walker, deliver(1) + parts + deliver(2) + parts + message(3)) == b""
    assert walker.received_count == 3


@pytest.mark.parametrize("end_at", [len(deliver(1)), len(deliver(1) + header(16)), 0])
def test_a_frame_without_its_end_is_reported(end_at: int) -> None:
    wrong = bytearray(message(3))
    wrong[end_at - 1] = 0
    with pytest.raises(CheckFailed, match="0xCE"):
        walk(deliveries(), run_of(1, 2) + bytes(wrong))


@pytest.mark.parametrize(
    "data",
    [header(16), frame(3, bytes(16)), deliver(1) + deliver(2), deliver(1) + CHANNEL_CLOSE],
    ids=["header first", "body first", "no header", "close within"],
)
def test_frames_out_of_order_are_reported(data: bytes) -> None:
    with pytest.raises(CheckFailed, match="was due"):
        walk(deliveries(), data)


@pytest.mark.parametrize("lack", range(1, 20))
def test_a_deliver_frame_that_ends_early_is_reported(lack: int) -> None:
    payload = deliver(1)[7:-1]
    with pytest.raises(CheckFailed, match=r"basic.deliver of the wrong length"):
        walk(deliveries(), frame(1, payload[:-lack]) + bytes(100))


def test_a_deliver_frame_that_is_too_long_is_reported() -> None:
    with pytest.raises(CheckFailed, match=r"basic.deliver of the wrong length"):
        walk(deliveries(), frame(1, deliver(1)[7:-1] + b"\0"))


@pytest.mark.parametrize("payload", [bytes(14), b"\0\x3c" + bytes(11)])
def test_a_header_of_no_message_is_reported(payload: bytes) -> None:
    with pytest.raises(CheckFailed, match="content header"):
        walk(deliveries(), deliver(1) + frame(2, payload))


def test_messages_that_differ_are_read_as_well() -> None:
    walker = deliveries()
    keys = [b"a", b"bb", b"a", b"a", b"ccc"]
    messages = [message(tag, routing_key=key) for tag, key in enumerate(keys, 1)]
    again = deliver(6, redelivered=1) + header(16) + frame(3, bytes(16))
    assert walk(walker, b"".join(messages) + again) == b""
    assert walker.received_count == 6


@pytest.mark.parametrize("foreign", [HEARTBEAT, CHANNEL_CLOSE])
def test_a_frame_that_is_no_delivery_is_left_to_the_caller(foreign: bytes) -> None:
    walker = deliveries()
    rest = walk(walker, run_of(1, 2) + foreign + message(3))
    assert rest == foreign + message(3)
    assert walker.foreign_bytes == len(foreign)
    assert walk(walker, rest[walker.foreign_bytes :]) == b""
    assert walker.received_count == 3


def test_a_heartbeat_may_come_within_a_message() -> None:
    walker = deliveries()
    content = header(16) + frame(3, bytes(16))
    rest = walk(walker, deliver(1) + HEARTBEAT + content)
    assert walk(walker, rest[walker.foreign_bytes :]) == b""
    assert walker.received_count == 1


def test_several_messages_are_acknowledged_by_one_ack() -> None:
    walker = deliveries(ack_every=3)
    walk(walker, run_of(*range(1, 9)))
    assert acks_of(walker) == ack(3, multiple=1) + ack(6, multiple=1)
    walker.ack_rest()
    assert acks_of(walker).endswith(ack(8, multiple=1))


def test_nothing_waits_for_an_ack_when_the_last_batch_was_full() -> None:
    walker = deliveries(ack_every=2)
    walk(walker, run_of(1, 2))
    walker.ack_rest()
    assert acks_of(walker) == ack(2, multiple=1)


def test_acks_that_were_not_sent_yet_move_to_the_front() -> None:
    walker = deliveries(ack_every=1)
    walk(walker, run_of(1, 2))
    walker.acks_sent(10)
    assert acks_of(walker) == (ack(1) + ack(2))[10:]
    walk(walker, message(3))
    assert acks_of(walker) == (ack(1) + ack(2) + ack(3))[10:]


def test_no_more_acks_can_be_sent_than_were_written() -> None:
    with pytest.raises(IndexError):
        deliveries().acks_sent(1)


def test_while_there_is_room_the_acks_of_the_smallest_messages_fit() -> None:
    walker = deliveries(body_bytes=0, ack_every=1)
    smallest = frame(1, b"\0\x3c\0\x3c\0" + bytes(11)) + frame(2, b"\0\x3c" + bytes(12))
    tag = 0
    while walker.has_room():
        count = 4096 // len(smallest)
        data = bytearray(smallest * count)
        for index in range(count):
            tag += 1
            struct.pack_into("!Q", data, index * len(smallest) + 12, tag)
        walk(walker, bytes(data))
    assert walker.acks_end == tag * 21


def test_the_age_of_each_message_is_recorded() -> None:
    latency = Histogram()
    walker = deliveries(latency=latency)
    walk(walker, stamped(1, NOW - 100) + stamped(2, NOW - 200) + stamped(3, NOW - 150))
    assert [latency.percentile(percent) for percent in (1, 50, 100)] == [100, 150, 200]


def test_a_message_from_the_future_has_no_age() -> None:
    latency = Histogram()
    walk(deliveries(latency=latency), stamped(1, NOW + 1))
    assert (latency.count, latency.maximum) == (1, 0)


def test_a_body_too_short_for_a_time_has_no_age() -> None:
    latency = Histogram()
    walk(
        deliveries(body_bytes=-1, latency=latency), message(1, b"1234567") + message(2, b"1234567")
    )
    assert latency.count == 0
