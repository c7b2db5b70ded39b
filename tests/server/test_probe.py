"""Whether the other end is there, as the system tells it."""

import socket
import sys

import pytest

from leveret.server.probe import INFO_BYTES, is_silent, owes_answer

PROBES, UNACKED, LAST_ACK_RECEIVED = 3, 24, 56


def info(*, probes: int = 0, unacked: int = 0, silent_ms: int = 0) -> bytes:
    made = bytearray(INFO_BYTES)
    made[PROBES] = probes
    made[UNACKED : UNACKED + 4] = unacked.to_bytes(4, sys.byteorder)
    made[LAST_ACK_RECEIVED : LAST_ACK_RECEIVED + 4] = silent_ms.to_bytes(4, sys.byteorder)
    return bytes(made)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({}, False),
        ({"silent_ms": 10**6}, False),
        ({"unacked": 1, "silent_ms": 29_999}, False),
        ({"unacked": 1, "silent_ms": 30_000}, True),
        ({"probes": 2, "silent_ms": 30_000}, False),
        ({"probes": 3, "silent_ms": 30_000}, True),
    ],
)
def test_who_was_asked_and_says_nothing_for_long_is_silent(told, expected):
    assert owes_answer(info(**told)) is expected


def test_a_socket_whose_other_end_is_there_is_not_silent():
    with socket.create_server(("127.0.0.1", 0)) as server:
        with socket.create_connection(server.getsockname()) as client:
            accepted, _ = server.accept()
            with accepted:
                client.sendall(b"x")
                assert not is_silent(client)
                assert not is_silent(accepted)
