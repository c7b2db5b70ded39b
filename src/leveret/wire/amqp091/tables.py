"""Strings and field tables, in the dialect that RabbitMQ and its clients speak.

    shortstr   size u8    bytes
    longstr    size u32   bytes
    table      size u32   ( shortstr name, field value ) ...
    array      size u32   ( field value ) ...
    value      type u8    then, by type:

    t bool        b int8     s int16    I int32    l L int64     f float     S longstr   F table
    V nothing     B uint8    u uint16   i uint32   T timestamp   d double    x bytes     A array
    D decimal: scale u8, value u32

The specification's own letters differ (there `s` is a shortstr and `L` unsigned); no client in use
follows it. Text becomes `str`, with surrogate escapes for what is not UTF-8, so that every string
round-trips. Of a number the value is kept, not the width: it is written as I if it fits, else as l.
Of a name that comes twice the last value counts.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple, TypeAlias

from leveret.wire.amqp091.errors import ProtocolError

TABLE_DEPTH_MAX: Final = 64  # real ones nest two or three deep; Python recurses to a thousand

SHORTSTR_BYTES_MAX: Final = 255  # its size is one byte


class Timestamp(int):
    """Seconds since 1970. An `int`, because the wire can say years that `datetime` cannot."""


class Decimal(NamedTuple):
    """`value` divided by ten to the power of `scale`."""

    scale: int
    value: int


FieldValue: TypeAlias = (
    "bool | int | float | str | bytes | Timestamp | Decimal"
    " | Sequence[FieldValue] | Mapping[str, FieldValue] | None"
)
Table: TypeAlias = Mapping[str, FieldValue]


def decode_table(data: bytes, offset: int = 0) -> tuple[dict[str, FieldValue], int]:
    """The table at `offset`, its size included, and the offset behind it.

    Raises ProtocolError("syntax_error").
    """
    try:
        return _decode_table(data, offset, 0)
    except (struct.error, IndexError):
        raise ProtocolError("syntax_error", "field table ends early") from None


def encode_table(table: Table) -> bytes:
    """The table with its size; ValueError or TypeError for what no field can hold."""
    fields = [encode_shortstr(name) + _encode_value(value) for name, value in table.items()]
    return encode_longstr(b"".join(fields))


def without_field(data: bytes, offset: int, name: str) -> tuple[bytes, int]:
    """The table at `offset` less one field, else byte for byte as it was, and the offset behind it.

    For a table that can be decoded.
    """
    end = _end_of_sized(data, offset)
    offset += _SIZE.size
    kept: list[bytes] = []
    while offset < end:
        start = offset
        found, offset = decode_shortstr(data, offset)
        _, offset = _decode_value(data, offset, 0)
        if found != name:
            kept.append(data[start:offset])
    return encode_longstr(b"".join(kept)), end


def decode_shortstr(data: bytes, offset: int) -> tuple[str, int]:
    """May raise IndexError at the end of the data, as decode_longstr may struct.error."""
    start = offset + 1
    end = start + data[offset]
    if end > len(data):
        raise IndexError
    return data[start:end].decode("utf-8", "surrogateescape"), end


def encode_shortstr(text: str) -> bytes:
    encoded = text.encode("utf-8", "surrogateescape")
    if len(encoded) > SHORTSTR_BYTES_MAX:
        raise ValueError(f"a shortstr holds {SHORTSTR_BYTES_MAX} bytes, not {len(encoded)}")
    return bytes((len(encoded),)) + encoded


def decode_longstr(data: bytes, offset: int) -> tuple[bytes, int]:
    end = _end_of_sized(data, offset)
    return data[offset + 4 : end], end


def encode_longstr(value: bytes) -> bytes:
    return _SIZE.pack(len(value)) + value


CLASSES: Final[Mapping[str, Callable[..., object]]] = {"Decimal": Decimal, "Timestamp": Timestamp}
"""Values that JSON knows nothing of, by the names under which arguments are kept."""

_SIZE: Final = struct.Struct("!I")

# The types of fixed size: how they are packed, and what they become.
_FIXED: Final[dict[int, tuple[struct.Struct, Callable[..., FieldValue]]]] = {
    ord("t"): (struct.Struct("!?"), bool),
    ord("b"): (struct.Struct("!b"), int),
    ord("B"): (struct.Struct("!B"), int),
    ord("s"): (struct.Struct("!h"), int),
    ord("u"): (struct.Struct("!H"), int),
    ord("I"): (struct.Struct("!i"), int),
    ord("i"): (struct.Struct("!I"), int),
    ord("l"): (struct.Struct("!q"), int),
    ord("L"): (struct.Struct("!q"), int),
    ord("f"): (struct.Struct("!f"), float),
    ord("d"): (struct.Struct("!d"), float),
    ord("T"): (struct.Struct("!Q"), Timestamp),
    ord("D"): (struct.Struct("!BI"), Decimal),
}


def _end_of_sized(data: bytes, offset: int) -> int:
    end: int = offset + 4 + _SIZE.unpack_from(data, offset)[0]
    if end > len(data):
        raise IndexError
    return end


def _decode_table(data: bytes, offset: int, depth: int) -> tuple[dict[str, FieldValue], int]:
    end = _end_of_sized(data, offset)
    offset += 4
    table: dict[str, FieldValue] = {}
    while offset < end:
        name, offset = decode_shortstr(data, offset)
        table[name], offset = _decode_value(data, offset, depth)
    if offset != end:
        raise ProtocolError("syntax_error", "field crosses the end of its table")
    return table, end


def _decode_array(data: bytes, offset: int, depth: int) -> tuple[list[FieldValue], int]:
    end = _end_of_sized(data, offset)
    offset += 4
    values: list[FieldValue] = []
    while offset < end:
        value, offset = _decode_value(data, offset, depth)
        values.append(value)
    if offset != end:
        raise ProtocolError("syntax_error", "field crosses the end of its array")
    return values, end


def _decode_value(data: bytes, offset: int, depth: int) -> tuple[FieldValue, int]:
    type_code = data[offset]
    offset += 1
    if type_code in _FIXED:
        packing, convert = _FIXED[type_code]
        return convert(*packing.unpack_from(data, offset)), offset + packing.size
    if type_code in b"Sx":
        value, offset = decode_longstr(data, offset)
        return value if type_code == ord("x") else value.decode("utf-8", "surrogateescape"), offset
    if type_code == ord("V"):
        return None, offset
    if type_code not in b"FA":
        raise ProtocolError("syntax_error", f"field type {type_code} is unknown")
    if depth == TABLE_DEPTH_MAX:
        raise ProtocolError("syntax_error", f"field table is over {TABLE_DEPTH_MAX} levels deep")
    decode = _decode_table if type_code == ord("F") else _decode_array
    return decode(data, offset, depth + 1)


def _encode_value(value: FieldValue) -> bytes:
    if isinstance(value, str):
        return b"S" + encode_longstr(value.encode("utf-8", "surrogateescape"))
    if isinstance(value, int):
        return _encode_integer(value)
    if value is None:
        return b"V"
    if isinstance(value, float):
        return b"d" + struct.pack("!d", value)
    if isinstance(value, bytes):
        return b"x" + encode_longstr(value)
    if isinstance(value, Decimal):
        return b"D" + _packed("!BI", *value)
    if isinstance(value, Mapping):
        return b"F" + encode_table(value)
    if isinstance(value, Sequence):
        return b"A" + encode_longstr(b"".join([_encode_value(each) for each in value]))
    raise TypeError(f"no field type for {type(value).__name__}")


def _encode_integer(value: int) -> bytes:
    if isinstance(value, bool):
        return b"t\x01" if value else b"t\x00"
    if isinstance(value, Timestamp):
        return b"T" + _packed("!Q", value)
    if -(2**31) <= value < 2**31:
        return b"I" + _packed("!i", value)
    return b"l" + _packed("!q", value)


def _packed(layout: str, *values: int) -> bytes:
    try:
        return struct.pack(layout, *values)
    except struct.error as error:
        raise ValueError(f"no field holds {values}: {error}") from None
