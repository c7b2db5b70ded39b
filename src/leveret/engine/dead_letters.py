"""A message that dies in a queue, on its way to where such messages go.

The engine says which message it is and why it has died; where that leads, and what is written into
it, is the model's business. The two ends of the move, here gone and there arrived, are one batch
of the log.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

try:
    import cython
except ImportError:
    from leveret._cython_compat import cython

from leveret.engine.buffer import Buffer

if cython.compiled:
    from cython.cimports.leveret.engine.buffer import Buffer
    from cython.cimports.leveret.engine.records import (
        BODY_LENGTH,
        HEAD_BYTES,
        NAMES_LENGTH,
        PRIORITY,
        PROPERTIES_LENGTH,
        PROTOCOL,
        TARGET_BYTES,
        TARGETS,
    )
else:
    from leveret.engine.records import (
        BODY_LENGTH,
        HEAD_BYTES,
        NAMES_LENGTH,
        PRIORITY,
        PROPERTIES_LENGTH,
        PROTOCOL,
        TARGET_BYTES,
        TARGETS,
    )

EXPIRED = "expired"
REJECTED = "rejected"
TOO_MANY = "maxlen"
DELIVERY_LIMIT = "delivery_limit"

# Of a record's protocol byte: the broker has written into the message how it died before.
DIED = 0x80


class DeadMessage(NamedTuple):
    """As it lies in a queue. `has_died`: what it says of former deaths, the broker has written."""

    exchange: bytes
    routing_key: bytes
    properties: bytes
    body: bytes
    priority: int
    protocol: int
    has_died: bool


class DeadLetters(Protocol):
    """Where the messages of one queue go that die there."""

    def take(self, message: DeadMessage, reason: str) -> None:
        """Sends it there, if there is such a place. It is gone from the queue afterwards."""


def message_at(buffer: Buffer, at: cython.Py_ssize_t) -> DeadMessage:
    """The message whose record begins there."""
    names_length: cython.Py_ssize_t = buffer.u16(at + NAMES_LENGTH)
    properties_length: cython.Py_ssize_t = buffer.u32(at + PROPERTIES_LENGTH)
    body_length: cython.Py_ssize_t = buffer.u32(at + BODY_LENGTH)
    place: cython.Py_ssize_t = at + HEAD_BYTES + TARGET_BYTES * buffer.u32(at + TARGETS)
    return dead_message(
        buffer.bytes_at(place, names_length),
        buffer.bytes_at(place + names_length, properties_length),
        buffer.bytes_at(place + names_length + properties_length, body_length),
        buffer.u8(at + PRIORITY),
        buffer.u8(at + PROTOCOL),
    )


def with_properties(buffer: Buffer, at: cython.Py_ssize_t, properties: bytes) -> Buffer:
    """The record there with other properties, as if no queue held it."""
    names_length: cython.Py_ssize_t = buffer.u16(at + NAMES_LENGTH)
    properties_length: cython.Py_ssize_t = buffer.u32(at + PROPERTIES_LENGTH)
    body_length: cython.Py_ssize_t = buffer.u32(at + BODY_LENGTH)
    place: cython.Py_ssize_t = at + HEAD_BYTES + TARGET_BYTES * buffer.u32(at + TARGETS)
    record: Buffer = Buffer(HEAD_BYTES + names_length + len(properties) + body_length)
    record.copy(0, buffer, at, HEAD_BYTES)
    record.put_u32(PROPERTIES_LENGTH, len(properties))
    record.put_u32(TARGETS, 0)
    record.copy(HEAD_BYTES, buffer, place, names_length)
    record.fill(HEAD_BYTES + names_length, properties)
    record.copy(
        HEAD_BYTES + names_length + len(properties),
        buffer,
        place + names_length + properties_length,
        body_length,
    )
    return record


def dead_message(
    names: bytes, properties: bytes, body: bytes, priority: int, protocol: int
) -> DeadMessage:
    """`names` are exchange and routing key as two short strings."""
    key = 1 + names[0]
    return DeadMessage(
        names[1:key],
        names[key + 1 :],
        properties,
        body,
        priority,
        protocol & ~DIED,
        protocol & DIED != 0,
    )
