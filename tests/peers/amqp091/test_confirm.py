"""confirm.select, and the confirms that follow."""

from leveret.wire.amqp091.methods import (
    BasicAck,
    ChannelOpen,
    ConfirmSelect,
    ConfirmSelectOk,
    QueueDeclare,
)
from tests.peers.client_peer import Incoming


def test_every_message_is_confirmed_from_then_on(client):
    client.call(QueueDeclare(queue="q"))
    assert client.publish("", "q") == []
    assert client.call(ConfirmSelect()) == ConfirmSelectOk()
    assert client.publish("", "q") == [Incoming(1, BasicAck(delivery_tag=1))]
    assert client.call(ConfirmSelect()) == ConfirmSelectOk()
    assert client.publish("", "gone") == [Incoming(1, BasicAck(delivery_tag=2))]


def test_confirms_are_each_channel_s_own(client):
    client.call(ConfirmSelect())
    client.call(ChannelOpen(), 2)
    assert client.publish("", "q", channel=2) == []


def test_with_no_wait_nothing_is_answered(client):
    assert client.send(ConfirmSelect(no_wait=True)) == []
    assert len(client.publish("", "q")) == 1
