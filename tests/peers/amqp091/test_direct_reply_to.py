"""Requests and replies without a declared queue."""

import pytest

from leveret.wire.amqp091.methods import (
    BasicCancel,
    BasicCancelOk,
    BasicConsume,
    BasicConsumeOk,
    BasicDeliver,
    BasicGet,
    BasicReturn,
    ChannelClose,
    ChannelOpen,
    QueueBind,
    QueueDeclare,
    QueueDeclareOk,
)
from leveret.wire.amqp091.properties import BasicProperties

PSEUDO = "amq.rabbitmq.reply-to"
CONSUME = BasicConsume(queue=PSEUDO, consumer_tag="t", no_ack=True)
ASKING = BasicProperties(headers={"n": 1}, correlation_id="7", reply_to=PSEUDO, message_id="m")


@pytest.fixture
def responder(server):
    """A client that answers what comes to the queue `requests`."""
    responder = server.client()
    responder.call(QueueDeclare(queue="requests"))
    responder.call(BasicConsume(queue="requests", no_ack=True))
    return responder


@pytest.fixture
def requester(client):
    assert client.call(CONSUME) == BasicConsumeOk(consumer_tag="t")
    return client


def ask(requester, responder):
    """Sends a request; returns the reply address that the responder sees."""
    assert requester.publish("", "requests", b"question", properties=ASKING) == []
    (request,) = responder.take()
    assert request.body == b"question"
    return request.properties.reply_to


def test_a_reply_reaches_the_channel_that_asked(requester, responder):
    address = ask(requester, responder)
    responder.publish("", address, b"answer", properties=BasicProperties(correlation_id="7"))
    (reply,) = requester.take()
    assert reply.method == BasicDeliver(
        consumer_tag="t", delivery_tag=1, redelivered=False, exchange="", routing_key=address
    )
    assert (reply.body, reply.properties.correlation_id) == (b"answer", "7")


def test_the_other_properties_of_a_request_stay(requester, responder):
    for _ in range(2):
        requester.publish("", "requests", b"x", properties=ASKING)
    first, second = responder.take()
    assert first.properties == second.properties
    assert first.properties.reply_to.startswith(PSEUDO + ".")
    assert (first.properties.headers, first.properties.correlation_id) == ({"n": 1}, "7")
    assert first.properties.message_id == "m"


def test_another_reply_to_is_left_as_it_is(requester, responder):
    for reply_to in ("mine", PSEUDO + ".forged", PSEUDO[:-1] + "x"):
        requester.publish("", "requests", b"x", properties=BasicProperties(reply_to=reply_to))
        assert responder.take()[0].properties.reply_to == reply_to


def test_a_request_without_a_consumer_is_refused(client):
    (close,) = client.publish("", "requests", b"x", properties=ASKING)
    text = "PRECONDITION_FAILED - fast reply consumer does not exist"
    assert (close.method.reply_code, close.method.reply_text) == (406, text)


def test_a_consumer_is_the_channels_own(requester):
    requester.call(ChannelOpen(), 2)
    (close,) = requester.publish("", "requests", b"x", properties=ASKING, channel=2)
    assert isinstance(close.method, ChannelClose)


def test_a_consumer_must_not_acknowledge(client):
    method = BasicConsume(queue=PSEUDO)
    text = "PRECONDITION_FAILED - reply consumer cannot acknowledge"
    assert client.refused(method) == (406, text, 60, 20)


def test_a_channel_has_one_reply_consumer(requester):
    method = BasicConsume(queue=PSEUDO, consumer_tag="u", no_ack=True)
    text = "PRECONDITION_FAILED - reply consumer already set"
    assert requester.refused(method) == (406, text, 60, 20)


def test_its_tag_is_taken(requester):
    requester.call(QueueDeclare(queue="q"))
    code, *_ = requester.ended(BasicConsume(queue="q", consumer_tag="t"))
    assert code == 530


def test_a_cancelled_consumer_may_be_followed_by_another(requester, responder):
    old = ask(requester, responder)
    assert requester.call(BasicCancel(consumer_tag="t")) == BasicCancelOk(consumer_tag="t")
    responder.publish("", old, b"late")
    assert requester.send(CONSUME) == [(1, BasicConsumeOk(consumer_tag="t"), None, None)]
    assert ask(requester, responder) != old


def test_a_request_after_the_cancel_is_refused(requester):
    requester.call(BasicCancel(consumer_tag="t"))
    (close,) = requester.publish("", "requests", b"x", properties=ASKING)
    assert close.method.reply_code == 406


def test_declaring_an_address_tells_that_somebody_waits(requester, responder):
    address = ask(requester, responder)
    for name in (address, PSEUDO):
        for passive in (True, False):
            method = QueueDeclare(queue=name, passive=passive)
            answer = QueueDeclareOk(queue=name, message_count=0, consumer_count=1)
            assert responder.call(method) == answer


@pytest.mark.parametrize("end", ["channel", "connection"])
def test_declaring_the_address_of_one_who_has_gone_finds_nothing(requester, responder, end):
    address = ask(requester, responder)
    if end == "channel":
        requester.send(ChannelClose(reply_code=200, reply_text="", class_id=0, method_id=0))
    else:
        requester.peer.lost()
    text = f"NOT_FOUND - no queue '{address}' in vhost '/'"
    assert responder.refused(QueueDeclare(queue=address)) == (404, text, 50, 10)


def test_a_reply_to_one_who_has_gone_is_lost_or_comes_back(requester, responder):
    address = ask(requester, responder)
    requester.peer.lost()
    assert responder.publish("", address, b"answer") == []
    (returned,) = responder.publish("", address, b"answer", mandatory=True)
    assert isinstance(returned.method, BasicReturn)


def test_a_mandatory_reply_to_one_who_waits_does_not_come_back(requester, responder):
    address = ask(requester, responder)
    assert responder.publish("", address, b"answer", mandatory=True) == []
    assert [reply.body for reply in requester.take()] == [b"answer"]


@pytest.mark.parametrize("suffix", ["", ".x"])
def test_a_reply_queue_cannot_be_bound(client, suffix):
    method = QueueBind(queue=PSEUDO + suffix, exchange="amq.direct", routing_key="k")
    text = f"ACCESS_REFUSED - operation not permitted on queue '{PSEUDO}{suffix}' in vhost '/'"
    assert client.refused(method) == (403, text, 50, 20)


def test_a_reply_queue_cannot_be_got_from(client):
    assert client.refused(BasicGet(queue=PSEUDO))[0] == 404


def test_another_may_not_consume_from_an_address(requester, responder):
    address = ask(requester, responder)
    assert responder.refused(BasicConsume(queue=address, no_ack=True))[0] == 404
