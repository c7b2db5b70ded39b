"""Every method of the specification and of RabbitMQ's extensions: the one table of their fields.

A method frame's payload is class id u16, method id u16, arguments. The names are the
specification's (`global_` and `no_wait` aside, where it says `global` and once `nowait`);
`records` explains how a class becomes bytes. A new method is a new class here.
"""

from __future__ import annotations

import struct
from types import MappingProxyType
from typing import ClassVar, Final

from leveret.wire.amqp091 import frames
from leveret.wire.amqp091.errors import ProtocolError
from leveret.wire.amqp091.records import (
    Bit,
    Long,
    LongLong,
    LongStr,
    Octet,
    Record,
    Short,
    ShortStr,
    Table,
    encode_fields,
)

NO_ARGUMENTS: Final[Table] = MappingProxyType({})

_IDS: Final = struct.Struct("!I")


class Method(Record):
    METHOD_ID: ClassVar[int]  # class id << 16 | method id


def decode_method(method_id: int, arguments: bytes) -> Method:
    """The method of that id.

    Raises ProtocolError: "syntax_error" for bad arguments, "command_invalid" for an unknown id.
    """
    kind = METHODS.get(method_id)
    if kind is None:
        text = f"unknown method {method_id >> 16}, {method_id & 0xFFFF}"
        raise ProtocolError("command_invalid", text)
    return kind.decode(arguments)


def decode_method_payload(payload: bytes) -> Method:
    """The method in a method frame's payload; raises as `decode_method` does."""
    if len(payload) < _IDS.size:
        raise ProtocolError("syntax_error", "method frame ends early")
    return decode_method(_IDS.unpack_from(payload)[0], payload[_IDS.size :])


def encode_method(channel: int, method: Method) -> bytes:
    """The whole frame; ValueError for a value that its field cannot hold."""
    payload = _IDS.pack(method.METHOD_ID) + encode_fields(method)
    return frames.encode_frame(frames.METHOD, channel, payload)


# connection


class ConnectionStart(Method):
    METHOD_ID = 10 << 16 | 10
    version_major: Octet
    version_minor: Octet
    server_properties: Table
    mechanisms: LongStr
    locales: LongStr


class ConnectionStartOk(Method):
    METHOD_ID = 10 << 16 | 11
    client_properties: Table
    mechanism: ShortStr
    response: LongStr
    locale: ShortStr


class ConnectionSecure(Method):
    METHOD_ID = 10 << 16 | 20
    challenge: LongStr


class ConnectionSecureOk(Method):
    METHOD_ID = 10 << 16 | 21
    response: LongStr


class ConnectionTune(Method):
    METHOD_ID = 10 << 16 | 30
    channel_max: Short
    frame_max: Long
    heartbeat: Short


class ConnectionTuneOk(Method):
    METHOD_ID = 10 << 16 | 31
    channel_max: Short
    frame_max: Long
    heartbeat: Short


class ConnectionOpen(Method):
    METHOD_ID = 10 << 16 | 40
    virtual_host: ShortStr
    reserved_1: ShortStr = ""
    reserved_2: Bit = False


class ConnectionOpenOk(Method):
    METHOD_ID = 10 << 16 | 41
    reserved_1: ShortStr = ""


class ConnectionClose(Method):
    METHOD_ID = 10 << 16 | 50
    reply_code: Short
    reply_text: ShortStr
    class_id: Short = 0
    method_id: Short = 0


class ConnectionCloseOk(Method):
    METHOD_ID = 10 << 16 | 51


class ConnectionBlocked(Method):
    METHOD_ID = 10 << 16 | 60
    reason: ShortStr


class ConnectionUnblocked(Method):
    METHOD_ID = 10 << 16 | 61


class ConnectionUpdateSecret(Method):
    METHOD_ID = 10 << 16 | 70
    new_secret: LongStr
    reason: ShortStr


class ConnectionUpdateSecretOk(Method):
    METHOD_ID = 10 << 16 | 71


# channel


class ChannelOpen(Method):
    METHOD_ID = 20 << 16 | 10
    reserved_1: ShortStr = ""


class ChannelOpenOk(Method):
    METHOD_ID = 20 << 16 | 11
    reserved_1: LongStr = b""


class ChannelFlow(Method):
    METHOD_ID = 20 << 16 | 20
    active: Bit


class ChannelFlowOk(Method):
    METHOD_ID = 20 << 16 | 21
    active: Bit


class ChannelClose(Method):
    METHOD_ID = 20 << 16 | 40
    reply_code: Short
    reply_text: ShortStr
    class_id: Short = 0
    method_id: Short = 0


class ChannelCloseOk(Method):
    METHOD_ID = 20 << 16 | 41


# access


class AccessRequest(Method):
    METHOD_ID = 30 << 16 | 10
    realm: ShortStr = "/data"
    exclusive: Bit = False
    passive: Bit = True
    active: Bit = True
    write: Bit = True
    read: Bit = True


class AccessRequestOk(Method):
    METHOD_ID = 30 << 16 | 11
    ticket: Short = 1


# exchange


class ExchangeDeclare(Method):
    METHOD_ID = 40 << 16 | 10
    reserved_1: Short = 0
    exchange: ShortStr
    type: ShortStr
    passive: Bit = False
    durable: Bit = False
    auto_delete: Bit = False
    internal: Bit = False
    no_wait: Bit = False
    arguments: Table = NO_ARGUMENTS


class ExchangeDeclareOk(Method):
    METHOD_ID = 40 << 16 | 11


class ExchangeDelete(Method):
    METHOD_ID = 40 << 16 | 20
    reserved_1: Short = 0
    exchange: ShortStr
    if_unused: Bit = False
    no_wait: Bit = False


class ExchangeDeleteOk(Method):
    METHOD_ID = 40 << 16 | 21


class ExchangeBind(Method):
    METHOD_ID = 40 << 16 | 30
    reserved_1: Short = 0
    destination: ShortStr
    source: ShortStr
    routing_key: ShortStr
    no_wait: Bit = False
    arguments: Table = NO_ARGUMENTS


class ExchangeBindOk(Method):
    METHOD_ID = 40 << 16 | 31


class ExchangeUnbind(Method):
    METHOD_ID = 40 << 16 | 40
    reserved_1: Short = 0
    destination: ShortStr
    source: ShortStr
    routing_key: ShortStr
    no_wait: Bit = False
    arguments: Table = NO_ARGUMENTS


class ExchangeUnbindOk(Method):
    METHOD_ID = 40 << 16 | 51  # not 41


# queue


class QueueDeclare(Method):
    METHOD_ID = 50 << 16 | 10
    reserved_1: Short = 0
    queue: ShortStr
    passive: Bit = False
    durable: Bit = False
    exclusive: Bit = False
    auto_delete: Bit = False
    no_wait: Bit = False
    arguments: Table = NO_ARGUMENTS


class QueueDeclareOk(Method):
    METHOD_ID = 50 << 16 | 11
    queue: ShortStr
    message_count: Long
    consumer_count: Long


class QueueBind(Method):
    METHOD_ID = 50 << 16 | 20
    reserved_1: Short = 0
    queue: ShortStr
    exchange: ShortStr
    routing_key: ShortStr
    no_wait: Bit = False
    arguments: Table = NO_ARGUMENTS


class QueueBindOk(Method):
    METHOD_ID = 50 << 16 | 21


class QueueUnbind(Method):
    METHOD_ID = 50 << 16 | 50
    reserved_1: Short = 0
    queue: ShortStr
    exchange: ShortStr
    routing_key: ShortStr
    arguments: Table = NO_ARGUMENTS


class QueueUnbindOk(Method):
    METHOD_ID = 50 << 16 | 51


class QueuePurge(Method):
    METHOD_ID = 50 << 16 | 30
    reserved_1: Short = 0
    queue: ShortStr
    no_wait: Bit = False


class QueuePurgeOk(Method):
    METHOD_ID = 50 << 16 | 31
    message_count: Long


class QueueDelete(Method):
    METHOD_ID = 50 << 16 | 40
    reserved_1: Short = 0
    queue: ShortStr
    if_unused: Bit = False
    if_empty: Bit = False
    no_wait: Bit = False


class QueueDeleteOk(Method):
    METHOD_ID = 50 << 16 | 41
    message_count: Long


# basic


class BasicQos(Method):
    METHOD_ID = 60 << 16 | 10
    prefetch_size: Long = 0
    prefetch_count: Short
    global_: Bit = False


class BasicQosOk(Method):
    METHOD_ID = 60 << 16 | 11


class BasicConsume(Method):
    METHOD_ID = 60 << 16 | 20
    reserved_1: Short = 0
    queue: ShortStr
    consumer_tag: ShortStr = ""
    no_local: Bit = False
    no_ack: Bit = False
    exclusive: Bit = False
    no_wait: Bit = False
    arguments: Table = NO_ARGUMENTS


class BasicConsumeOk(Method):
    METHOD_ID = 60 << 16 | 21
    consumer_tag: ShortStr


class BasicCancel(Method):
    METHOD_ID = 60 << 16 | 30
    consumer_tag: ShortStr
    no_wait: Bit = False


class BasicCancelOk(Method):
    METHOD_ID = 60 << 16 | 31
    consumer_tag: ShortStr


class BasicPublish(Method):
    METHOD_ID = 60 << 16 | 40
    reserved_1: Short = 0
    exchange: ShortStr
    routing_key: ShortStr
    mandatory: Bit = False
    immediate: Bit = False


class BasicReturn(Method):
    METHOD_ID = 60 << 16 | 50
    reply_code: Short
    reply_text: ShortStr
    exchange: ShortStr
    routing_key: ShortStr


class BasicDeliver(Method):
    METHOD_ID = 60 << 16 | 60
    consumer_tag: ShortStr
    delivery_tag: LongLong
    redelivered: Bit
    exchange: ShortStr
    routing_key: ShortStr


class BasicGet(Method):
    METHOD_ID = 60 << 16 | 70
    reserved_1: Short = 0
    queue: ShortStr
    no_ack: Bit = False


class BasicGetOk(Method):
    METHOD_ID = 60 << 16 | 71
    delivery_tag: LongLong
    redelivered: Bit
    exchange: ShortStr
    routing_key: ShortStr
    message_count: Long


class BasicGetEmpty(Method):
    METHOD_ID = 60 << 16 | 72
    reserved_1: ShortStr = ""


class BasicAck(Method):
    METHOD_ID = 60 << 16 | 80
    delivery_tag: LongLong
    multiple: Bit = False


class BasicReject(Method):
    METHOD_ID = 60 << 16 | 90
    delivery_tag: LongLong
    requeue: Bit = True


class BasicRecoverAsync(Method):
    METHOD_ID = 60 << 16 | 100
    requeue: Bit


class BasicRecover(Method):
    METHOD_ID = 60 << 16 | 110
    requeue: Bit


class BasicRecoverOk(Method):
    METHOD_ID = 60 << 16 | 111


class BasicNack(Method):
    METHOD_ID = 60 << 16 | 120
    delivery_tag: LongLong
    multiple: Bit = False
    requeue: Bit = True


# tx


class TxSelect(Method):
    METHOD_ID = 90 << 16 | 10


class TxSelectOk(Method):
    METHOD_ID = 90 << 16 | 11


class TxCommit(Method):
    METHOD_ID = 90 << 16 | 20


class TxCommitOk(Method):
    METHOD_ID = 90 << 16 | 21


class TxRollback(Method):
    METHOD_ID = 90 << 16 | 30


class TxRollbackOk(Method):
    METHOD_ID = 90 << 16 | 31


# confirm


class ConfirmSelect(Method):
    METHOD_ID = 85 << 16 | 10
    no_wait: Bit = False


class ConfirmSelectOk(Method):
    METHOD_ID = 85 << 16 | 11


METHODS: Final[dict[int, type[Method]]] = {kind.METHOD_ID: kind for kind in Method.__subclasses__()}
