"""That the judge of conversations would see what is wrong."""

import pytest

from leveret.peers.amqp091.connection import Connection
from leveret.wire.amqp091 import frames
from tests.fuzz import conversation
from tests.fuzz.conversation import converse

OPEN = bytes(1)  # the connection is opened; nothing more is said
A_METHOD = bytes((0, 0, 0, 0, 0, 0, 1))


def test_saying_nothing_is_fine():
    converse(OPEN)


@pytest.mark.parametrize("error", [ValueError, RecursionError])
def test_an_error_that_gets_out_is_seen(monkeypatch, error):
    def received(*_arguments):
        raise error

    monkeypatch.setattr(Connection, "received", received)
    with pytest.raises(error):
        converse(OPEN)


def test_a_mistake_of_ours_is_seen(monkeypatch):
    def handle(*_arguments):
        raise KeyError("a mistake")

    begin = conversation.begin

    def begun(*arguments):
        client = begin(*arguments)
        monkeypatch.setattr(Connection, "_handle_on_channel", handle)
        return client

    monkeypatch.setattr(conversation, "begin", begun)
    monkeypatch.setattr(conversation, "check_neighbour", lambda _neighbour: None)
    with pytest.raises(AssertionError, match="a mistake"):
        converse(A_METHOD)


def test_an_answer_that_no_client_can_read_is_seen(monkeypatch):
    begin = conversation.begin

    def begun(*arguments):
        client = begin(*arguments)
        client.peer.successor.engine.write(frames.encode_frame(1, 0, b"\0\0\0\0"))
        return client

    monkeypatch.setattr(conversation, "begin", begun)
    with pytest.raises(AssertionError, match="what no client can read"):
        converse(OPEN)


def test_what_is_left_behind_is_seen(monkeypatch):
    monkeypatch.setattr(Connection, "lost", lambda _connection: None)
    monkeypatch.setattr(Connection, "finish", lambda _connection: None)
    with pytest.raises(AssertionError):
        converse(OPEN)
