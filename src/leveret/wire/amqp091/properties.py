"""A message's properties: flags of 16 bits say which are there, the values follow in order.

content_type is bit 15, content_encoding 14, ... reserved 2; bits 1 and 0 are zero
(bit 0 would announce a second word of flags, which no class has).
"""

from __future__ import annotations

import struct
from collections.abc import Container
from typing import Final

from leveret.wire.amqp091 import tables
from leveret.wire.amqp091.errors import ProtocolError
from leveret.wire.amqp091.records import (
    CODECS,
    LongLong,
    Octet,
    Record,
    ShortStr,
    Table,
    decode_fields,
)


class BasicProperties(Record):
    """None: not sent."""

    content_type: ShortStr | None = None
    content_encoding: ShortStr | None = None
    headers: Table | None = None
    delivery_mode: Octet | None = None  # 1 transient, 2 persistent
    priority: Octet | None = None
    correlation_id: ShortStr | None = None
    reply_to: ShortStr | None = None
    expiration: ShortStr | None = None  # milliseconds, in decimal
    message_id: ShortStr | None = None
    timestamp: LongLong | None = None  # seconds since 1970
    type: ShortStr | None = None
    user_id: ShortStr | None = None
    app_id: ShortStr | None = None
    reserved: ShortStr | None = None


_FLAGS: Final = struct.Struct("!H")
_FIRST_FLAG: Final = 15
_UNUSED_FLAGS: Final = 0b11


def decode_properties(data: bytes) -> BasicProperties:
    """The property part of a content header. Raises ProtocolError("syntax_error")."""
    if len(data) < _FLAGS.size:
        raise ProtocolError("syntax_error", "content properties end early")
    (flags,) = _FLAGS.unpack_from(data)
    if flags & _UNUSED_FLAGS:
        raise ProtocolError("syntax_error", "content properties have unknown flags")
    present = {
        name: kind
        for place, (name, kind) in enumerate(BasicProperties.FIELDS.items())
        if flags >> (_FIRST_FLAG - place) & 1
    }
    return BasicProperties(**decode_fields(present, data[_FLAGS.size :]))


def encode_properties(properties: BasicProperties) -> bytes:
    """Flags and values; ValueError for a value that its field cannot hold."""
    flags = 0
    values = b""
    for place, (name, kind) in enumerate(BasicProperties.FIELDS.items()):
        value = getattr(properties, name)
        if value is not None:
            flags |= 1 << (_FIRST_FLAG - place)
            values += CODECS[kind][1](value)
    return _FLAGS.pack(flags) + values


def without_header(data: bytes, name: str) -> bytes:
    """Properties that have headers, less one of these, else byte for byte as they were.

    For properties that can be decoded.
    """
    return rewritten(data, without_headers=(name,))


def rewritten(
    data: bytes,
    *,
    without_headers: Container[str] = (),
    added_headers: bytes = b"",
    without: Container[str] = (),
) -> bytes:
    """Properties less some fields and headers, and with these headers, else byte for byte as they
    were. For properties that can be decoded.
    """
    (flags,) = _FLAGS.unpack_from(data)
    offset = _FLAGS.size
    written = []
    for place, (name, kind) in enumerate(BasicProperties.FIELDS.items()):
        flag = 1 << (_FIRST_FLAG - place)
        start = offset
        if name == "headers":
            kept = b""
            if flags & flag:
                kept, offset = tables.without_fields(data, offset, without_headers)
            if flags & flag or added_headers:
                flags |= flag
                written.append(tables.encode_longstr(added_headers + kept))
        elif flags & flag:
            _, offset = CODECS[kind][0](data, offset)
            if name in without:
                flags &= ~flag
            else:
                written.append(data[start:offset])
    return _FLAGS.pack(flags) + b"".join(written)
