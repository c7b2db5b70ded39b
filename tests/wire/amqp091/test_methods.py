"""Each method's bytes, written by hand, and what malformed arguments are answered."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leveret.wire.amqp091.errors import ProtocolError
from leveret.wire.amqp091.methods import (
    METHODS,
    AccessRequest,
    AccessRequestOk,
    BasicAck,
    BasicCancel,
    BasicCancelOk,
    BasicConsume,
    BasicConsumeOk,
    BasicDeliver,
    BasicGet,
    BasicGetEmpty,
    BasicGetOk,
    BasicNack,
    BasicPublish,
    BasicQos,
    BasicQosOk,
    BasicRecover,
    BasicRecoverAsync,
    BasicRecoverOk,
    BasicReject,
    BasicReturn,
    ChannelClose,
    ChannelCloseOk,
    ChannelFlow,
    ChannelFlowOk,
    ChannelOpen,
    ChannelOpenOk,
    ConfirmSelect,
    ConfirmSelectOk,
    ConnectionBlocked,
    ConnectionClose,
    ConnectionCloseOk,
    ConnectionOpen,
    ConnectionOpenOk,
    ConnectionSecure,
    ConnectionSecureOk,
    ConnectionStart,
    ConnectionStartOk,
    ConnectionTune,
    ConnectionTuneOk,
    ConnectionUnblocked,
    ConnectionUpdateSecret,
    ConnectionUpdateSecretOk,
    ExchangeBind,
    ExchangeBindOk,
    ExchangeDeclare,
    ExchangeDeclareOk,
    ExchangeDelete,
    ExchangeDeleteOk,
    ExchangeUnbind,
    ExchangeUnbindOk,
    QueueBind,
    QueueBindOk,
    QueueDeclare,
    QueueDeclareOk,
    QueueDelete,
    QueueDeleteOk,
    QueuePurge,
    QueuePurgeOk,
    QueueUnbind,
    QueueUnbindOk,
    TxCommit,
    TxCommitOk,
    TxRollback,
    TxRollbackOk,
    TxSelect,
    TxSelectOk,
    decode_method,
    decode_method_payload,
    encode_method,
)

NOTHING = b"\0\0\0\0"  # an empty table
K_TRUE = b"\0\0\0\x04\x01kt\x01"  # {"k": True}
TICKET = b"\0\0"

VECTORS = [  # method, class id, method id, arguments
    (
        ConnectionStart(
            version_major=0,
            version_minor=9,
            server_properties={"k": True},
            mechanisms=b"PLAIN",
            locales=b"en_US",
        ),
        (10, 10, b"\0\x09" + K_TRUE + b"\0\0\0\x05PLAIN\0\0\0\x05en_US"),
    ),
    (
        ConnectionStartOk(
            client_properties={}, mechanism="PLAIN", response=b"\0g\0g", locale="en_US"
        ),
        (10, 11, NOTHING + b"\x05PLAIN\0\0\0\x04\0g\0g\x05en_US"),
    ),
    (ConnectionSecure(challenge=b"\xff"), (10, 20, b"\0\0\0\x01\xff")),
    (ConnectionSecureOk(response=b"\0a"), (10, 21, b"\0\0\0\x02\0a")),
    (
        ConnectionTune(channel_max=2047, frame_max=131072, heartbeat=60),
        (10, 30, b"\x07\xff\0\x02\0\0\0\x3c"),
    ),
    (
        ConnectionTuneOk(channel_max=1, frame_max=2**32 - 1, heartbeat=0),
        (10, 31, b"\0\x01\xff\xff\xff\xff\0\0"),
    ),
    (ConnectionOpen(virtual_host="/", reserved_2=True), (10, 40, b"\x01/\0\x01")),
    (ConnectionOpenOk(), (10, 41, b"\0")),
    (
        ConnectionClose(reply_code=541, reply_text="x", class_id=60, method_id=40),
        (10, 50, b"\x02\x1d\x01x\0\x3c\0\x28"),
    ),
    (ConnectionCloseOk(), (10, 51, b"")),
    (ConnectionBlocked(reason="disk"), (10, 60, b"\x04disk")),
    (ConnectionUnblocked(), (10, 61, b"")),
    (ConnectionUpdateSecret(new_secret=b"s", reason="r"), (10, 70, b"\0\0\0\x01s\x01r")),
    (ConnectionUpdateSecretOk(), (10, 71, b"")),
    (ChannelOpen(), (20, 10, b"\0")),
    (ChannelOpenOk(), (20, 11, b"\0\0\0\0")),
    (ChannelFlow(active=True), (20, 20, b"\x01")),
    (ChannelFlowOk(active=False), (20, 21, b"\0")),
    (
        ChannelClose(reply_code=404, reply_text="", class_id=50, method_id=10),
        (20, 40, b"\x01\x94\0\0\x32\0\x0a"),
    ),
    (ChannelCloseOk(), (20, 41, b"")),
    (
        AccessRequest(
            realm="/x", exclusive=True, passive=False, active=False, write=True, read=False
        ),
        (30, 10, b"\x02/x\x09"),
    ),
    (AccessRequestOk(ticket=1), (30, 11, b"\0\x01")),
    (
        ExchangeDeclare(
            exchange="e", type="topic", durable=True, internal=True, arguments={"k": True}
        ),
        (40, 10, TICKET + b"\x01e\x05topic\x0a" + K_TRUE),
    ),
    (ExchangeDeclareOk(), (40, 11, b"")),
    (
        ExchangeDelete(exchange="e", if_unused=True, no_wait=True),
        (40, 20, TICKET + b"\x01e\x03"),
    ),
    (ExchangeDeleteOk(), (40, 21, b"")),
    (
        ExchangeBind(destination="d", source="s", routing_key="r", no_wait=True),
        (40, 30, TICKET + b"\x01d\x01s\x01r\x01" + NOTHING),
    ),
    (ExchangeBindOk(), (40, 31, b"")),
    (
        ExchangeUnbind(destination="d", source="s", routing_key="", arguments={"k": True}),
        (40, 40, TICKET + b"\x01d\x01s\0\0" + K_TRUE),
    ),
    (ExchangeUnbindOk(), (40, 51, b"")),
    (
        QueueDeclare(queue="q", durable=True, auto_delete=True),
        (50, 10, TICKET + b"\x01q\x0a" + NOTHING),
    ),
    (
        QueueDeclare(queue="", passive=True, exclusive=True, no_wait=True),
        (50, 10, TICKET + b"\0\x15" + NOTHING),
    ),
    (
        QueueDeclareOk(queue="q", message_count=1, consumer_count=2),
        (50, 11, b"\x01q\0\0\0\x01\0\0\0\x02"),
    ),
    (
        QueueBind(queue="q", exchange="e", routing_key="a.b", arguments={"k": True}),
        (50, 20, TICKET + b"\x01q\x01e\x03a.b\0" + K_TRUE),
    ),
    (QueueBindOk(), (50, 21, b"")),
    (
        QueueUnbind(queue="q", exchange="e", routing_key="r"),
        (50, 50, TICKET + b"\x01q\x01e\x01r" + NOTHING),
    ),
    (QueueUnbindOk(), (50, 51, b"")),
    (QueuePurge(queue="q", no_wait=True), (50, 30, TICKET + b"\x01q\x01")),
    (QueuePurgeOk(message_count=258), (50, 31, b"\0\0\x01\x02")),
    (
        QueueDelete(queue="q", if_unused=True, if_empty=False, no_wait=True),
        (50, 40, TICKET + b"\x01q\x05"),
    ),
    (QueueDeleteOk(message_count=0), (50, 41, b"\0\0\0\0")),
    (
        BasicQos(prefetch_size=1, prefetch_count=300, global_=True),
        (60, 10, b"\0\0\0\x01\x01\x2c\x01"),
    ),
    (BasicQosOk(), (60, 11, b"")),
    (
        BasicConsume(queue="q", consumer_tag="t", no_ack=True, exclusive=True),
        (60, 20, TICKET + b"\x01q\x01t\x06" + NOTHING),
    ),
    (BasicConsumeOk(consumer_tag="t"), (60, 21, b"\x01t")),
    (BasicCancel(consumer_tag="t", no_wait=True), (60, 30, b"\x01t\x01")),
    (BasicCancelOk(consumer_tag="t"), (60, 31, b"\x01t")),
    (
        BasicPublish(exchange="e", routing_key="r", mandatory=True),
        (60, 40, TICKET + b"\x01e\x01r\x01"),
    ),
    (
        BasicPublish(exchange="", routing_key="\udcff", immediate=True),
        (60, 40, TICKET + b"\0\x01\xff\x02"),
    ),
    (
        BasicReturn(reply_code=312, reply_text="NO_ROUTE", exchange="e", routing_key="r"),
        (60, 50, b"\x01\x38\x08NO_ROUTE\x01e\x01r"),
    ),
    (
        BasicDeliver(
            consumer_tag="t", delivery_tag=2**40, redelivered=True, exchange="", routing_key="r"
        ),
        (60, 60, b"\x01t\0\0\x01\0\0\0\0\0\x01\0\x01r"),
    ),
    (BasicGet(queue="q", no_ack=True), (60, 70, TICKET + b"\x01q\x01")),
    (
        BasicGetOk(
            delivery_tag=7, redelivered=False, exchange="e", routing_key="r", message_count=9
        ),
        (60, 71, b"\0\0\0\0\0\0\0\x07\0\x01e\x01r\0\0\0\x09"),
    ),
    (BasicGetEmpty(), (60, 72, b"\0")),
    (BasicAck(delivery_tag=1, multiple=True), (60, 80, b"\0\0\0\0\0\0\0\x01\x01")),
    (BasicReject(delivery_tag=1, requeue=False), (60, 90, b"\0\0\0\0\0\0\0\x01\0")),
    (BasicRecoverAsync(requeue=True), (60, 100, b"\x01")),
    (BasicRecover(requeue=False), (60, 110, b"\0")),
    (BasicRecoverOk(), (60, 111, b"")),
    (
        BasicNack(delivery_tag=2**64 - 1, multiple=False, requeue=True),
        (60, 120, b"\xff\xff\xff\xff\xff\xff\xff\xff\x02"),
    ),
    (ConfirmSelect(no_wait=True), (85, 10, b"\x01")),
    (ConfirmSelectOk(), (85, 11, b"")),
    (TxSelect(), (90, 10, b"")),
    (TxSelectOk(), (90, 11, b"")),
    (TxCommit(), (90, 20, b"")),
    (TxCommitOk(), (90, 21, b"")),
    (TxRollback(), (90, 30, b"")),
    (TxRollbackOk(), (90, 31, b"")),
]


@pytest.mark.parametrize(("method", "wire"), VECTORS, ids=lambda value: type(value).__name__)
def test_a_method_has_these_bytes(method, wire):
    class_id, method_id, arguments = wire
    payload = bytes((0, class_id, 0, method_id)) + arguments
    frame = b"\x01\x12\x34" + len(payload).to_bytes(4, "big") + payload + b"\xce"
    assert (encode_method(0x1234, method), decode_method_payload(payload)) == (frame, method)


def test_every_method_has_a_vector():
    assert {type(method) for method, _ in VECTORS} == set(METHODS.values())


@pytest.mark.parametrize(("method", "wire"), VECTORS, ids=lambda value: type(value).__name__)
def test_short_and_long_arguments_are_a_syntax_error(method, wire):
    arguments = wire[2]
    for malformed in [arguments[:cut] for cut in range(len(arguments))] + [arguments + b"\0"]:
        with pytest.raises(ProtocolError) as caught:
            decode_method(method.METHOD_ID, malformed)
        assert caught.value.kind == "syntax_error"


def test_bits_that_no_field_uses_are_ignored():
    assert decode_method(ChannelFlow.METHOD_ID, b"\xff") == ChannelFlow(active=True)


def test_a_length_that_lies_is_a_syntax_error():
    with pytest.raises(ProtocolError) as caught:
        decode_method(QueueDelete.METHOD_ID, TICKET + b"\x7fq\0")
    assert (caught.value.kind, caught.value.text) == ("syntax_error", "arguments end early")


def test_what_follows_the_arguments_is_counted():
    with pytest.raises(ProtocolError, match="2 bytes follow the arguments"):
        decode_method(TxSelect.METHOD_ID, b"ab")


def test_an_unknown_method_is_command_invalid():
    with pytest.raises(ProtocolError) as caught:
        decode_method_payload(b"\0\x3c\0\x4d")
    assert (caught.value.kind, caught.value.text) == ("command_invalid", "unknown method 60, 77")


@pytest.mark.parametrize("payload", [b"", b"\0\x3c\0"])
def test_a_frame_without_method_id_is_a_syntax_error(payload):
    with pytest.raises(ProtocolError, match="method frame ends early"):
        decode_method_payload(payload)


@pytest.mark.parametrize(
    "method",
    [
        BasicGet(queue="q" * 256),
        QueuePurgeOk(message_count=2**32),
        BasicAck(delivery_tag=-1),
        ConnectionTune(channel_max=2**16, frame_max=0, heartbeat=0),
    ],
)
def test_a_value_that_its_field_cannot_hold_is_refused(method):
    with pytest.raises(ValueError, match=r"holds 255 bytes|does not fit its field"):
        encode_method(0, method)


WIRE_TYPES = {
    "Bit": st.booleans(),
    "Octet": st.integers(0, 2**8 - 1),
    "Short": st.integers(0, 2**16 - 1),
    "Long": st.integers(0, 2**32 - 1),
    "LongLong": st.integers(0, 2**64 - 1),
    "ShortStr": st.binary(max_size=255).map(lambda b: b.decode("utf-8", "surrogateescape")),
    "LongStr": st.binary(max_size=300),
    "Table": st.dictionaries(st.text(max_size=3), st.integers(-9, 9) | st.text(max_size=3)),
}
any_method = st.one_of(
    [
        st.builds(kind, **{name: WIRE_TYPES[field] for name, field in kind.FIELDS.items()})
        for kind in METHODS.values()
    ]
)


@given(st.integers(0, 2**16 - 1), any_method)
def test_every_method_round_trips(channel, method):
    frame = encode_method(channel, method)
    assert decode_method_payload(frame[7:-1]) == method


@given(st.sampled_from(sorted(METHODS)), st.binary(max_size=60))
def test_garbage_is_a_method_or_a_syntax_error(method_id, arguments):
    try:
        method = decode_method(method_id, arguments)
    except ProtocolError as error:
        assert error.kind == "syntax_error"
    else:
        assert method.METHOD_ID == method_id
