"""Records of wire fields, declared as classes: what `methods` and `properties` are made of.

A field's annotation names its type on the wire, and its order of declaration is the wire's:

    class QueueDeleteOk(Method):
        message_count: Long

`Record` is what a dataclass would be, without the milliseconds that generating the code of some
seventy dataclasses would add to each start. Fields are given by name. A default is the class's
attribute. Annotations are read as text, so the module says `from __future__ import annotations`.
Nothing assigns to a record once it is made; mypy sees to it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, ClassVar, Final, Self, TypeAlias, dataclass_transform

from leveret.wire.amqp091 import tables
from leveret.wire.amqp091.errors import ProtocolError

Bit: TypeAlias = bool  # neighbours share octets, the first in the lowest bit
Octet: TypeAlias = int
Short: TypeAlias = int
Long: TypeAlias = int
LongLong: TypeAlias = int
ShortStr: TypeAlias = str
LongStr: TypeAlias = bytes
Table: TypeAlias = tables.Table

Decoder: TypeAlias = Callable[[bytes, int], tuple[Any, int]]
Encoder: TypeAlias = Callable[[Any], bytes]


@dataclass_transform(kw_only_default=True, frozen_default=True)
class Record:
    """Fields with a place on the wire; two are equal that hold the same."""

    FIELDS: ClassVar[dict[str, str]] = {}  # name: type on the wire, in the wire's order

    def __init_subclass__(cls) -> None:
        cls.FIELDS = {
            name: annotation.removesuffix(" | None")
            for name, annotation in cls.__annotations__.items()
            if not annotation.startswith("ClassVar")
        }

    def __init__(self, **values: object) -> None:
        if not values.keys() <= self.FIELDS.keys():
            raise TypeError(f"{type(self).__name__} has no {sorted(values.keys() - self.FIELDS)}")
        self.__dict__.update(values)
        for name in self.FIELDS:
            getattr(self, name)  # AttributeError: a field without default was left out

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """The record that `data` holds, and nothing else; ProtocolError("syntax_error")."""
        record = cls.__new__(cls)
        record.__dict__ = decode_fields(cls.FIELDS, data)
        return record

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.FIELDS)

    def __repr__(self) -> str:
        shown = [f"{name}={getattr(self, name)!r}" for name in self.FIELDS]
        return f"{type(self).__name__}({', '.join(shown)})"


def _fixed(layout: str) -> tuple[Decoder, Encoder]:
    packing = struct.Struct(layout)

    def decode(data: bytes, offset: int) -> tuple[int, int]:
        return packing.unpack_from(data, offset)[0], offset + packing.size

    def encode(value: int) -> bytes:
        try:
            return packing.pack(value)
        except struct.error as error:
            raise ValueError(f"{value!r} does not fit its field: {error}") from None

    return decode, encode


# How each type but Bit is read and written.
CODECS: Final[dict[str, tuple[Decoder, Encoder]]] = {
    "Octet": _fixed("!B"),
    "Short": _fixed("!H"),
    "Long": _fixed("!I"),
    "LongLong": _fixed("!Q"),
    "ShortStr": (tables.decode_shortstr, tables.encode_shortstr),
    "LongStr": (tables.decode_longstr, tables.encode_longstr),
    "Table": (tables.decode_table, tables.encode_table),
}

_NO_OCTET: Final = 8  # the bit after an octet's last


def decode_fields(fields: dict[str, str], data: bytes) -> dict[str, Any]:
    """The values of `fields` from `data`, which holds them and nothing else.

    Raises ProtocolError("syntax_error").
    """
    values: dict[str, Any] = {}
    offset = octet = 0
    bit = _NO_OCTET
    try:
        for name, kind in fields.items():
            if kind != "Bit":
                values[name], offset = CODECS[kind][0](data, offset)
                bit = _NO_OCTET
                continue
            if bit == _NO_OCTET:
                octet = data[offset]
                offset += 1
                bit = 0
            values[name] = bool(octet >> bit & 1)
            bit += 1
    except (struct.error, IndexError):
        raise ProtocolError("syntax_error", "arguments end early") from None
    if offset != len(data):
        raise ProtocolError("syntax_error", f"{len(data) - offset} bytes follow the arguments")
    return values


def encode_fields(record: Record) -> bytes:
    """The mirror of `decode_fields`; ValueError for a value that its field cannot hold."""
    encoded = bytearray()
    bit = _NO_OCTET
    for name, kind in record.FIELDS.items():
        value = getattr(record, name)
        if kind != "Bit":
            encoded += CODECS[kind][1](value)
            bit = _NO_OCTET
            continue
        if bit == _NO_OCTET:
            encoded.append(0)
            bit = 0
        encoded[-1] |= bool(value) << bit
        bit += 1
    return bytes(encoded)
