"""Channels: opened, closed from both sides, failed; the queue declared last; channel.flow."""

import pytest

from leveret.broker.limits import Limits
from leveret.wire.amqp091.methods import (
    BasicAck,
    BasicConsume,
    BasicGet,
    BasicGetOk,
    ChannelClose,
    ChannelCloseOk,
    ChannelFlow,
    ChannelFlowOk,
    ChannelOpen,
    ChannelOpenOk,
    ConfirmSelect,
    QueueDeclare,
    QueueDeclareOk,
    QueuePurge,
    encode_method,
)
from leveret.wire.amqp091.methods import ConnectionTuneOk as TuneOk
from tests.peers.client_peer import Server, closed

CLOSE = ChannelClose(reply_code=200, reply_text="bye")
NO_QUEUE = QueueDeclare(queue="missing", passive=True)


@pytest.fixture
def failed(client):
    """A client whose channel 1 has been closed by the server, and has not answered."""
    client.call(QueueDeclare(queue="q"))
    assert client.refused(NO_QUEUE)[0] == 404
    return client


def test_channels_are_opened_and_closed(client):
    assert client.call(ChannelOpen(), 7) == ChannelOpenOk()
    assert client.call(CLOSE, 7) == ChannelCloseOk()
    assert client.call(ChannelOpen(), 7) == ChannelOpenOk()


def test_a_channel_number_is_within_what_was_negotiated(client):
    assert client.call(ChannelOpen(), 2047) == ChannelOpenOk()
    text = "NOT_ALLOWED - channel number 2048 is above the negotiated channel_max (2047)"
    assert client.ended(ChannelOpen(), 2048) == (530, text, 20, 10)


def test_a_channel_is_opened_once(client):
    text = "CHANNEL_ERROR - second 'channel.open' seen"
    assert client.ended(ChannelOpen()) == (504, text, 20, 10)


@pytest.mark.parametrize("method", [QueueDeclare(queue="q"), CLOSE, ChannelCloseOk()])
def test_a_channel_is_opened_before_it_is_used(client, method):
    code, text, *ids = client.ended(method, 2)
    assert (code, text) == (504, "CHANNEL_ERROR - expected 'channel.open'")
    assert ids == [method.METHOD_ID >> 16, method.METHOD_ID & 0xFFFF]


def test_a_message_is_published_on_an_open_channel(client):
    (end,) = client.publish("", "q", b"body", channel=2)
    assert closed(end) == (504, "CHANNEL_ERROR - expected 'channel.open'", 60, 40)


def test_no_more_channels_are_open_than_was_negotiated(server):
    client = server.client(tune_ok=TuneOk(channel_max=2, frame_max=8192, heartbeat=0))
    assert client.call(ChannelOpen(), 2) == ChannelOpenOk()
    text = "NOT_ALLOWED - number of channels opened (2) has reached the negotiated channel_max (2)"
    assert client.ended(ChannelOpen(), 3) == (530, text, 20, 10)


def test_what_a_closed_channel_held_goes_back(client):
    client.call(QueueDeclare(queue="q"))
    client.fill("q", 3)
    client.send(BasicConsume(queue="q"))
    assert client.call(CLOSE) == ChannelCloseOk()
    client.call(ChannelOpen(), 2)
    again = QueueDeclareOk(queue="q", message_count=3, consumer_count=0)
    assert client.call(QueueDeclare(queue="q", passive=True), 2) == again
    ((_, got, body, _),) = client.send(BasicGet(queue="q"), channel=2)
    assert (type(got), got.redelivered, body) == (BasicGetOk, True, b"0")


def test_a_soft_error_closes_its_channel_alone(client):
    client.call(ChannelOpen(), 2)
    text = "NOT_FOUND - no queue 'missing' in vhost '/'"
    assert client.refused(NO_QUEUE) == (404, text, 50, 10)
    assert isinstance(client.call(QueueDeclare(queue="q"), 2), QueueDeclareOk)


def test_a_failed_channel_hears_nothing(failed):
    assert failed.send(QueueDeclare(queue="other"), ChannelOpen(), BasicAck(delivery_tag=9)) == []
    assert failed.publish("", "q", b"body") == []
    assert failed.publish("nowhere", "", b"body") == []
    assert "other" not in failed.server.host.queues
    assert failed.server.host.queues["q"].message_count == 0


def test_a_failed_channel_gives_back_what_it_held_at_once(client):
    client.call(QueueDeclare(queue="q"))
    client.fill("q", 2)
    client.send(BasicConsume(queue="q"))
    queue = client.server.host.queues["q"]
    assert (queue.consumer_count, queue.message_count) == (1, 0)
    client.refused(NO_QUEUE)
    assert (queue.consumer_count, queue.message_count) == (0, 2)


def test_a_failed_channel_is_free_when_the_client_has_answered(failed):
    assert failed.send(ChannelCloseOk()) == []
    assert failed.call(ChannelOpen()) == ChannelOpenOk()


def test_a_close_that_crosses_ours_is_answered(failed):
    assert failed.call(CLOSE) == ChannelCloseOk()
    assert failed.send(ChannelOpen()) == []
    assert failed.send(ChannelCloseOk()) == []
    assert failed.call(ChannelOpen()) == ChannelOpenOk()


def test_a_failed_channel_counts_until_the_client_has_answered(server):
    client = server.client(tune_ok=TuneOk(channel_max=1, frame_max=8192, heartbeat=0))
    client.refused(NO_QUEUE)
    assert client.ended(ChannelOpen(), 2)[0] == 530


def test_confirms_come_before_the_close(client):
    client.call(QueueDeclare(queue="q"))
    client.call(ConfirmSelect())
    client.put(client.publication("", "q", b"x") + encode_method(1, CLOSE))
    assert [message.method for message in client.take()] == [
        BasicAck(delivery_tag=1, multiple=False),
        ChannelCloseOk(),
    ]


def test_an_empty_queue_name_means_the_one_declared_last(client):
    client.call(QueueDeclare(queue="first"))
    client.call(QueueDeclare(queue="second"))
    client.fill("second", 2)
    assert client.call(QueuePurge(queue="")).message_count == 2


def test_without_a_declared_queue_an_empty_name_is_not_found(client):
    client.call(ChannelOpen(), 2)
    client.call(QueueDeclare(queue="q"), 2)
    text = "NOT_FOUND - no previously declared queue"
    assert client.refused(QueuePurge(queue="")) == (404, text, 50, 30)


def test_flow_may_be_asked_for_but_not_stopped(client):
    assert client.call(ChannelFlow(active=True)) == ChannelFlowOk(active=True)
    text = "NOT_IMPLEMENTED - active=false"
    assert client.ended(ChannelFlow(active=False)) == (540, text, 20, 20)


def test_the_channels_of_all_connections_have_a_limit():
    server = Server(limits=Limits(channels_max=3))
    one, other = server.client(), server.client()
    assert one.call(ChannelOpen(), 2) == ChannelOpenOk()
    text = (
        "NOT_ALLOWED - number of channels opened on node 'leveret@test' has reached "
        "the maximum allowed limit of 3"
    )
    assert other.ended(ChannelOpen(), 2) == (530, text, 20, 10)
    assert one.call(CLOSE, 2) == ChannelCloseOk()
    one.peer.lost()
    assert server.broker.channel_count == 0
    assert server.client().call(ChannelOpen(), 3) == ChannelOpenOk()
