"""The texts are RabbitMQ's; that and when they are told, test_connection.py says."""

import pytest

from leveret.engine.amqp091 import bad_frames
from leveret.engine.errors import PeerViolation


@pytest.mark.parametrize(
    ("name", "arguments", "text"),
    [
        ("unknown_type", (9,), "frame of unknown type 9"),
        ("too_large", (3, 99, 98), "type 3, all octets = <<>>: {frame_too_large,99,90}"),
        ("wrong_end", (1, 205), "type 1: {invalid_frame_end_marker,205}"),
        ("bad_heartbeat", (b"\x01\xff",), "type 8, all octets = <<1,255>>: unknown_frame"),
        (
            "bad_heartbeat",
            (bytes(17),),
            f"type 8, first 16 octets = <<{'0,' * 15}0>>: unknown_frame",
        ),
    ],
)
def test_a_bad_frame_is_told_in_rabbitmqs_words(name, arguments, text):
    with pytest.raises(PeerViolation) as raised:
        getattr(bad_frames, name)(*arguments)
    assert (raised.value.kind, raised.value.text) == ("frame_error", text)
