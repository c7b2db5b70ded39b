"""Whether connection.close is among the frames to come."""

import pytest

from leveret.engine.amqp091.lookahead import has_close
from tests.engine.client import CONNECTION_CLOSE, CONNECTION_CLOSE_OK, message, method_frame

CLOSE = method_frame(0, CONNECTION_CLOSE, b"\0\xc8\0\0\0\0\0")
MESSAGES = message(b"q", CLOSE) * 3


@pytest.mark.parametrize(
    ("data", "skip", "closes"),
    [
        (b"", 0, False),
        (CLOSE, 0, True),
        (CLOSE[:11], 0, True),
        (CLOSE[:10], 0, False),
        (MESSAGES, 0, False),
        (MESSAGES + CLOSE, 0, True),
        (MESSAGES[10:] + CLOSE, len(MESSAGES) - 10, True),
        (MESSAGES[10:], len(MESSAGES), False),
        (method_frame(1, CONNECTION_CLOSE), 0, False),
        (method_frame(0, CONNECTION_CLOSE_OK), 0, False),
        (b"\2" + CLOSE[1:], 0, False),
        (b"\xff" * 100, 0, False),
    ],
)
def test_a_close_is_found_where_a_frame_begins(data, skip, closes):
    assert has_close(data, skip) == closes
