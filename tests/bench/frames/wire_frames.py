"""Hand-made frames, as a broker sends them."""

from __future__ import annotations

import struct

ONE_BYTE_PROPERTIES = b"\x10\x00\x01"  # delivery_mode 1


def frame(kind: int, payload: bytes, channel: int = 1, end: bytes = b"\xce") -> bytes:
    return struct.pack("!BHI", kind, channel, len(payload)) + payload + end


def deliver(tag: int, routing_key: bytes = b"key", redelivered: int = 0) -> bytes:
    names = b"\x01x" + bytes([len(routing_key)]) + routing_key
    arguments = b"\x05ctag1" + struct.pack("!QB", tag, redelivered) + names
    return frame(1, struct.pack("!HH", 60, 60) + arguments)


def header(body_size: int, properties: bytes = ONE_BYTE_PROPERTIES) -> bytes:
    return frame(2, struct.pack("!HHQ", 60, 0, body_size) + properties)


def message(tag: int, body: bytes = b"0123456789abcdef", routing_key: bytes = b"key") -> bytes:
    content = header(len(body)) + (frame(3, body) if body else b"")
    return deliver(tag, routing_key) + content


def ack(tag: int, multiple: int = 0) -> bytes:
    return frame(1, struct.pack("!HHQB", 60, 80, tag, multiple))


def nack(tag: int, multiple: int = 0) -> bytes:
    return frame(1, struct.pack("!HHQB", 60, 120, tag, multiple))


def returned(body: bytes = b"body") -> bytes:
    arguments = struct.pack("!H", 312) + b"\x08NO_ROUTE\x01x\x03key"
    return frame(1, struct.pack("!HH", 60, 50) + arguments) + header(len(body)) + frame(3, body)


HEARTBEAT = frame(8, b"", channel=0)
CHANNEL_CLOSE = frame(1, struct.pack("!HHH", 20, 40, 404) + b"\x09NOT_FOUND" + bytes(4))
