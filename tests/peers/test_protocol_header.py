"""A connection before its eighth byte, and how the eight bytes choose."""

import pytest

from leveret.wire.amqp091.methods import ConnectionStart

HEADER = b"AMQP\0\0\x09\x01"


@pytest.mark.parametrize("header", [HEADER, b"AMQP\x01\x01\0\x09"])
@pytest.mark.parametrize("step", [0, 1])
def test_amqp_0_9_1_and_0_9_are_spoken(server, header, step):
    client = server.connect()
    client.step = step
    client.put(header)
    ((channel, start, *_),) = client.take()
    assert (channel, type(start)) == (0, ConnectionStart)
    assert (start.version_major, start.version_minor) == (0, 9)


@pytest.mark.parametrize(
    "header",
    [
        b"AMQP\0\0\x09\0",
        b"AMQP\x01\x01\x08\0",
        b"AMQP\0\x01\0\0",
        b"AMQP\x03\x01\0\0",
        b"GET / HT",
        b"\x16\x03\x01\x02\0\x01\0\x01",
        bytes(8),
    ],
)
def test_any_other_header_is_answered_with_ours_and_the_end(server, header):
    client = server.connect()
    client.put(header)
    assert client.peer.finished
    assert client.take_bytes() == HEADER


def test_what_follows_a_refused_header_is_not_heard(server):
    client = server.connect()
    client.put(b"AMQP\0\x01\0\0" + HEADER)
    assert client.take_bytes() == HEADER


def test_nothing_is_said_before_the_eighth_byte(server):
    client = server.connect()
    client.put(HEADER[:7])
    assert (client.take_bytes(), client.peer.finished) == (b"", False)
    client.put(HEADER[7:])
    assert client.take_bytes() != b""


def test_output_is_announced_by_its_owner(server):
    client = server.connect()
    client.put(HEADER)
    assert server.shard.take_outputs() == [client]


def test_a_silent_newcomer_has_ten_seconds(server):
    client = server.connect()
    client.put(HEADER[:3])
    client.wait(9_999)
    assert not client.peer.finished
    client.wait(1)
    assert client.peer.finished


def test_a_newcomer_whose_time_has_not_come_stays(server):
    client = server.connect()
    client.peer.due(server.now, server.tick)
    assert not client.peer.finished


def test_a_newcomer_that_closes_its_end_is_finished(server):
    client = server.connect()
    client.peer.received(0, server.now, server.tick)
    assert client.peer.finished


def test_a_newcomer_goes_without_a_word(server):
    asked, gone = server.connect(), server.connect()
    asked.peer.shut_down("going down")
    gone.peer.lost()
    asked.peer.sent(0, server.tick)
    assert asked.peer.finished
    assert gone.peer.finished
    assert asked.take_bytes() == gone.take_bytes() == b""
