"""Bytes for sockets that are spoken to without a client: one publish, and how long its delivery is.

All of it on channel 1, where a Session has opened one.
"""

from __future__ import annotations

from leveret.bench.session import CHANNEL, FRAME_MAX
from leveret.wire.amqp091.frames import OVERHEAD_SIZE, encode_content
from leveret.wire.amqp091.methods import BasicPublish, encode_method

NO_PROPERTIES = b"\0\0"
PERSISTENT = b"\x10\0\2"
CONFIRM_BYTES = 21
CONTENT_HEADER_BYTES = 22


def publish(
    routing_key: str, body: bytes, *, exchange: str = "", properties: bytes = NO_PROPERTIES
) -> bytes:
    method = BasicPublish(exchange=exchange, routing_key=routing_key)
    content = encode_content(CHANNEL, properties, body, frame_max=FRAME_MAX)
    return encode_method(CHANNEL, method) + content


def delivered_bytes(tag: str, routing_key: str, size: int, *, exchange: str = "") -> int:
    """What a delivery is long: basic.deliver, header, and one body frame."""
    names = 1 + len(tag) + 1 + len(exchange) + 1 + len(routing_key)
    return (8 + 4 + names + 8 + 1) + (8 + 14) + (8 + size)


def content_begun(routing_key: str, *, size: int, received: int) -> bytes:
    """A publish of `size` bytes to the default exchange, of which so many follow."""
    method = encode_method(CHANNEL, BasicPublish(exchange="", routing_key=routing_key))
    frame_max = received + OVERHEAD_SIZE
    content = encode_content(CHANNEL, NO_PROPERTIES, bytes(size), frame_max=frame_max)
    return method + content[: CONTENT_HEADER_BYTES + frame_max]
