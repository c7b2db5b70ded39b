"""Consumers whose queue goes away."""

import pytest

from leveret.wire.amqp091.methods import (
    BasicAck,
    BasicCancel,
    BasicConsume,
    ChannelOpen,
    ConnectionStartOk,
    QueueDeclare,
    QueueDelete,
    QueueDeleteOk,
)
from tests.peers.client_peer import START_OK, Incoming

CANCELLED = Incoming(1, BasicCancel(consumer_tag="t", no_wait=True))


def logged_in(**capabilities):
    return ConnectionStartOk(
        client_properties={"capabilities": capabilities},
        mechanism=START_OK.mechanism,
        response=START_OK.response,
        locale="en_US",
    )


@pytest.fixture
def consumer(client):
    """A client with the consumer `t` of the queue `q`, and one message."""
    client.call(QueueDeclare(queue="q"))
    client.fill("q", 1)
    client.send(BasicConsume(queue="q", consumer_tag="t"))
    return client


def test_the_client_is_told_when_its_queue_is_deleted(server, consumer):
    assert server.client().call(QueueDelete(queue="q")) == QueueDeleteOk(message_count=0)
    assert consumer.take() == [CANCELLED]


def test_who_deletes_the_queue_is_told_before_the_reply(consumer):
    answers = consumer.send(QueueDelete(queue="q"))
    assert answers == [CANCELLED, Incoming(1, QueueDeleteOk(message_count=0))]


@pytest.mark.parametrize("capabilities", [{}, {"consumer_cancel_notify": False}])
def test_a_client_that_does_not_know_of_it_is_told_nothing(server, capabilities):
    client = server.client(start_ok=logged_in(**capabilities))
    client.call(QueueDeclare(queue="q"))
    client.send(BasicConsume(queue="q", consumer_tag="t"))
    assert client.call(QueueDelete(queue="q")) == QueueDeleteOk(message_count=0)


def test_what_a_deleted_queue_had_delivered_may_still_be_acknowledged(consumer):
    consumer.send(QueueDelete(queue="q"))
    assert consumer.send(BasicAck(delivery_tag=1)) == []


def test_the_tag_of_a_cancelled_consumer_is_free(consumer):
    consumer.send(QueueDelete(queue="q"))
    consumer.call(QueueDeclare(queue="q"))
    assert consumer.call(BasicConsume(queue="q", consumer_tag="t")).consumer_tag == "t"


def test_consumers_on_all_channels_are_told(consumer):
    consumer.call(ChannelOpen(), 2)
    consumer.call(BasicConsume(queue="q", consumer_tag="u"), 2)
    *told, _ = consumer.send(QueueDelete(queue="q"))
    assert told == [CANCELLED, Incoming(2, BasicCancel(consumer_tag="u", no_wait=True))]
