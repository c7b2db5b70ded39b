"""What is late, endless or not text. What is malformed is in the tests of whoever reads it."""

import pytest

from leveret.wire.amqp091 import frames
from leveret.wire.amqp091.methods import (
    BasicConsume,
    BasicConsumeOk,
    BasicGet,
    BasicGetEmpty,
    BasicPublish,
    ConnectionCloseOk,
    ConnectionOpen,
    ConnectionStartOk,
    ExchangeDeclare,
    ExchangeDeclareOk,
    QueueBind,
    QueueBindOk,
    QueueDeclare,
    QueueDeclareOk,
    encode_method,
)
from leveret.wire.amqp091.properties import BasicProperties
from tests.peers.client_peer import OPEN, START_OK, TUNE_OK, closed

NOT_TEXT = b"\xff\xfe\x80".decode("utf-8", "surrogateescape")
HANDSHAKE = frames.PROTOCOL_HEADER + b"".join(
    encode_method(0, method) for method in (START_OK, TUNE_OK, OPEN)
)
PUBLISH = encode_method(1, BasicPublish(exchange="", routing_key="q"))
BAD_END = b"\x08\0\0\0\0\0\0\x00"


def trickle(client, data, *, seconds):
    """One byte each second, as long as it may last."""
    for octet in data[:seconds]:
        if client.peer.finished:
            return
        client.put(bytes((octet,)))
        client.wait(1_000)


# Late


@pytest.mark.parametrize("known", [0, 8, len(HANDSHAKE) - 12])
def test_a_handshake_of_one_byte_a_second_ends_like_any_other_after_ten(server, known):
    client = server.connect()
    client.put(HANDSHAKE[:known])
    trickle(client, HANDSHAKE[known:], seconds=9)
    assert not client.peer.finished
    trickle(client, HANDSHAKE[known + 9 :], seconds=1)
    assert client.peer.finished


@pytest.mark.parametrize(
    "half",
    [
        b"\x01",
        frames.encode_frame(frames.METHOD, 1, bytes(1_000))[:-500],
        PUBLISH,
        PUBLISH + frames.encode_content(1, b"\0\0", bytes(100_000), frame_max=131072)[:-1],
    ],
    ids=["a byte", "a method", "a message without its header", "a large body"],
)
def test_who_stops_in_the_middle_is_gone_after_two_heartbeats(server, client, half):
    client.put(half)
    client.wait(119_999)
    assert not client.peer.finished
    client.wait(1)
    assert client.peer.finished


def test_who_sends_a_frame_byte_by_byte_may_take_its_time(server, client):
    client.wait(60_000)
    method = encode_method(1, QueueDeclare(queue="q"))
    for octet in method:
        client.put(bytes((octet,)))
        client.wait(60_000)
    assert not client.peer.finished
    assert "q" in server.host.queues


@pytest.mark.parametrize("wrong", [BAD_END, encode_method(2, BasicGet(queue="q"))])
def test_after_our_close_no_chatter_gains_time(client, wrong):
    """A second after a frame that was none, ten after any other error."""
    client.put(wrong)
    for _ in range(11):
        client.put(frames.HEARTBEAT_FRAME)
        client.wait(1_000)
    assert client.peer.finished


def test_after_a_refused_login_no_chatter_gains_time(server):
    client = server.connect()
    client.start()
    refused = ConnectionStartOk(
        client_properties={}, mechanism="PLAIN", response=b"\0guest\0wrong", locale="en_US"
    )
    assert client.send(refused, channel=0) == []
    for _ in range(10):
        client.put(encode_method(0, refused))
        client.wait(100)
    assert client.peer.finished
    assert client.take_bytes() == b""


# Endless


def test_a_body_that_never_ends_is_no_message_and_leaves_nothing(server, client):
    client.call(QueueDeclare(queue="q"))
    half = client.publication("", "q", bytes(300_000))[:200_000]
    client.put(half)
    client.put(frames.encode_frame(frames.BODY, 2, b"")[:-1])
    client.peer.received(0, server.now, server.tick)
    client.peer.lost()
    assert server.host.queues["q"].message_count == 0
    assert (server.broker.channel_count, server.reports) == (0, [])


def test_empty_body_frames_for_ever_are_heard_and_change_nothing(server, client):
    client.call(QueueDeclare(queue="q"))
    client.put(client.publication("", "q", b"end")[:-11])
    client.put(frames.encode_frame(frames.BODY, 1, b"") * 10_000)
    assert client.take() == []
    client.put(frames.encode_frame(frames.BODY, 1, b"end"))
    assert server.host.queues["q"].message_count == 1


def test_heartbeats_for_ever_change_nothing(server, client):
    client.put(frames.HEARTBEAT_FRAME * 50_000)
    assert client.take() == []
    assert client.call(QueueDeclare(queue="q")).queue == "q"


# Not text


def test_names_that_are_no_text_are_taken_as_they_are(server, client):
    declared = client.call(QueueDeclare(queue=NOT_TEXT))
    assert declared == QueueDeclareOk(queue=NOT_TEXT, message_count=0, consumer_count=0)
    assert client.call(ExchangeDeclare(exchange=NOT_TEXT, type="topic")) == ExchangeDeclareOk()
    bind = QueueBind(queue=NOT_TEXT, exchange=NOT_TEXT, routing_key=NOT_TEXT)
    assert client.call(bind) == QueueBindOk()
    consume = BasicConsume(queue=NOT_TEXT, consumer_tag=NOT_TEXT, no_ack=True)
    assert client.call(consume) == BasicConsumeOk(consumer_tag=NOT_TEXT)
    (message,) = client.publish(NOT_TEXT, NOT_TEXT, b"x")
    delivery = message.method
    names = (delivery.consumer_tag, delivery.exchange, delivery.routing_key)
    assert names == (NOT_TEXT,) * 3


def test_properties_that_are_no_text_come_back_as_they_were(server, client):
    properties = BasicProperties(
        content_type=NOT_TEXT, headers={NOT_TEXT: NOT_TEXT}, message_id=NOT_TEXT
    )
    client.call(QueueDeclare(queue="q"))
    client.publish("", "q", b"x", properties=properties)
    (message,) = client.send(BasicGet(queue="q"))
    assert message.properties == properties


@pytest.mark.parametrize("type", ["headers", "x-consistent-hash"])
def test_headers_that_are_no_text_are_routed_by(server, client, type):
    arguments = {"hash-header": NOT_TEXT} if type == "x-consistent-hash" else {}
    client.call(ExchangeDeclare(exchange="e", type=type, arguments=arguments))
    client.call(QueueDeclare(queue="q"))
    client.call(QueueBind(queue="q", exchange="e", routing_key="1", arguments={NOT_TEXT: NOT_TEXT}))
    properties = BasicProperties(headers={NOT_TEXT: NOT_TEXT, "CC": [NOT_TEXT]})
    client.publish("e", "k", b"x", properties=properties)
    assert server.host.queues["q"].message_count == 1


def test_an_error_shows_a_name_that_is_no_text_as_it_came(client):
    code, text, *_ = client.refused(BasicGet(queue=NOT_TEXT))
    assert (code, text) == (404, f"NOT_FOUND - no queue '{NOT_TEXT}' in vhost '/'")


def test_a_virtual_host_that_is_no_text_is_not_there(server):
    client = server.connect()
    client.start()
    client.send(START_OK, TUNE_OK, channel=0)
    code, text, *_ = client.ended(ConnectionOpen(virtual_host=NOT_TEXT), channel=0)
    assert (code, text) == (530, f"NOT_ALLOWED - vhost {NOT_TEXT} not found")


@pytest.mark.parametrize(
    ("mechanism", "response", "code"),
    [
        (NOT_TEXT, b"", 503),
        ("PLAIN", b"\0\xff\xfe\0\xff", 403),
        ("AMQPLAIN", b"\xff\xff", 502),
        ("AMQPLAIN", b"\x05LOGINS\0\0\0\x01\xff\x08PASSWORDS\0\0\0\x01\xff", 403),
    ],
)
def test_a_login_that_is_no_text_is_refused_like_any_other(server, mechanism, response, code):
    client = server.connect()
    client.start()
    capabilities = {"authentication_failure_close": True, NOT_TEXT: True}
    start_ok = ConnectionStartOk(
        client_properties={"capabilities": capabilities, NOT_TEXT: NOT_TEXT},
        mechanism=mechanism,
        response=response,
        locale=NOT_TEXT,
    )
    assert client.ended(start_ok, channel=0)[0] == code


# Too late, and out of place


def test_what_is_sent_behind_an_error_is_not_done(server, client):
    client.put(
        encode_method(1, BasicGet(queue="none"))
        + encode_method(1, QueueDeclare(queue="q"))
        + client.publication("", "q", b"x")
    )
    client.take()
    assert dict(server.host.queues) == {}


def test_the_end_of_a_close_that_nobody_began_is_out_of_place(client):
    (end,) = client.send(ConnectionCloseOk(), channel=0)
    text = "CHANNEL_ERROR - unexpected method in connection state running"
    assert closed(end) == (504, text, 10, 51)


def test_an_empty_answer_that_only_servers_give_is_out_of_place(client):
    assert client.ended(BasicGetEmpty())[0] == 503
