"""The properties of messages that the broker writes itself, of what happens in it.

All is in their headers. What comes from operators may be anything that JSON has; what a field table
has no room for is cut, so that no command can make a message that cannot be written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from leveret.broker.names import encoded
from leveret.wire.amqp091.errors import ProtocolError
from leveret.wire.amqp091.properties import BasicProperties, decode_properties, encode_properties
from leveret.wire.amqp091.tables import (
    SHORTSTR_BYTES_MAX,
    TABLE_DEPTH_MAX,
    Decimal,
    FieldValue,
    Long,
    Timestamp,
)

PERSISTENT: Final = 2  # the delivery mode
INT64_MAX: Final = 2**63 - 1
CUT: Final = "..."


def event_properties(headers: Mapping[str, object], timestamp: int) -> bytes:
    return encode_properties(
        BasicProperties(headers=table(headers), delivery_mode=PERSISTENT, timestamp=timestamp)
    )


def trace_properties(node: str, properties: bytes, about: Mapping[str, object]) -> bytes:
    """Those of a copy, from those of the message."""
    known: dict[str, object] = {
        "exchange_name": about["exchange_name"],
        "routing_keys": about["routing_keys"],
        "properties": told_properties(properties),
        "node": node,
    }
    return encode_properties(BasicProperties(headers=table({**known, **about})))


def told_properties(properties: bytes) -> dict[str, object]:
    """Those that the message has, by name; none if they cannot be read."""
    try:
        decoded = decode_properties(properties)
    except ProtocolError:
        return {}
    values = {name: getattr(decoded, name) for name in BasicProperties.FIELDS}
    return {name: value for name, value in values.items() if value is not None}


def table(fields: Mapping[str, object], depth: int = 0) -> dict[str, FieldValue]:
    return {cut(name): value_of(value, depth) for name, value in fields.items()}


def value_of(value: object, depth: int) -> FieldValue:
    """As RabbitMQ writes it: all whole numbers have 64 bits."""
    if value is None or isinstance(value, bool | float | bytes | Timestamp | Decimal):
        return value
    if isinstance(value, int):
        return Long(value) if -INT64_MAX <= value <= INT64_MAX else str(value)
    if isinstance(value, str):
        return writable(value)
    if depth == TABLE_DEPTH_MAX - 1:
        return CUT
    if isinstance(value, Mapping):
        return table(value, depth + 1)
    if isinstance(value, Sequence):
        return [value_of(each, depth + 1) for each in value]
    return str(value)


def writable(text: str) -> str:
    """Less what has no bytes in UTF-8, and stands for no bytes either."""
    try:
        encoded(text)
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text


def cut(name: str) -> str:
    written = encoded(writable(name))
    return written[:SHORTSTR_BYTES_MAX].decode("utf-8", "surrogateescape")
