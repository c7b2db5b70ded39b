"""Frames: the envelopes of everything but the first eight bytes.

    type u8   channel u16   size u32   payload: size bytes   end 0xCE

A message is a method frame that has content, one header frame, and body frames until the body is
complete. Header frame: class u16, weight u16 (zero), body size u64, properties.
"""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

from leveret.wire.amqp091.errors import ProtocolError

PROTOCOL_HEADER: Final = b"AMQP\x00\x00\x09\x01"

METHOD: Final = 1
HEADER: Final = 2
BODY: Final = 3
HEARTBEAT: Final = 8

FRAME_END: Final = 0xCE
OVERHEAD_SIZE: Final = 8  # what frame_max counts beside the payload
HEARTBEAT_FRAME: Final = b"\x08\x00\x00\x00\x00\x00\x00\xce"

BASIC_CLASS_ID: Final = 60  # the only class with content

_ENVELOPE: Final = struct.Struct("!BHI")
_CONTENT_HEADER: Final = struct.Struct("!HHQ")
_END: Final = bytes((FRAME_END,))


class Frame(NamedTuple):
    type: int
    channel: int
    payload: bytes


class ContentHeader(NamedTuple):
    body_size: int
    properties: bytes  # as `properties.decode_properties` reads them


def encode_frame(type: int, channel: int, payload: bytes) -> bytes:
    return _ENVELOPE.pack(type, channel, len(payload)) + payload + _END


def encode_content(channel: int, properties: bytes, body: bytes, *, frame_max: int) -> bytes:
    """The header frame and the body's frames, none of them larger than `frame_max`."""
    header = _CONTENT_HEADER.pack(BASIC_CLASS_ID, 0, len(body)) + properties
    frames = [encode_frame(HEADER, channel, header)]
    payload_max = frame_max - OVERHEAD_SIZE
    for start in range(0, len(body), payload_max):
        frames.append(encode_frame(BODY, channel, body[start : start + payload_max]))
    return b"".join(frames)


def decode_content_header(payload: bytes) -> ContentHeader:
    """Raises ProtocolError("syntax_error")."""
    if len(payload) < _CONTENT_HEADER.size:
        raise ProtocolError("syntax_error", "content header ends early")
    class_id, _weight, body_size = _CONTENT_HEADER.unpack_from(payload)
    if class_id != BASIC_CLASS_ID:
        raise ProtocolError("syntax_error", f"content header of class {class_id}")
    return ContentHeader(body_size, payload[_CONTENT_HEADER.size :])


class FrameParser:
    """Cuts received bytes into frames: for clients. (The broker's frames are cut by the engine.)"""

    def __init__(self, *, frame_max: int) -> None:
        self.frame_max = frame_max  # may be changed when it has been negotiated
        self._buffer = bytearray()

    def receive(self, data: bytes) -> list[Frame]:
        """The frames that `data` completes; ProtocolError("frame_error") for a bad one."""
        self._buffer += data
        frames: list[Frame] = []
        start = 0
        while (frame := self._frame_at(start)) is not None:
            frames.append(frame)
            start += OVERHEAD_SIZE + len(frame.payload)
        del self._buffer[:start]
        return frames

    def _frame_at(self, start: int) -> Frame | None:
        payload_start = start + _ENVELOPE.size
        if len(self._buffer) < payload_start:
            return None
        type_code, channel, size = _ENVELOPE.unpack_from(self._buffer, start)
        if size + OVERHEAD_SIZE > self.frame_max:
            text = f"frame of {size + OVERHEAD_SIZE} bytes exceeds frame_max {self.frame_max}"
            raise ProtocolError("frame_error", text)
        end = payload_start + size
        if len(self._buffer) <= end:
            return None
        if self._buffer[end] != FRAME_END:
            raise ProtocolError("frame_error", f"frame ends with {self._buffer[end]}")
        return Frame(type_code, channel, bytes(self._buffer[payload_start:end]))
