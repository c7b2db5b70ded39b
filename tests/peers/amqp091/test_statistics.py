"""What operators are told of a client's connection, channels and consumers."""

import pytest

from leveret.broker.statistics import PeerStatistics
from leveret.peers.amqp091.statistics import PROTOCOL
from leveret.wire.amqp091.methods import (
    BasicConsume,
    BasicQos,
    ChannelClose,
    ChannelOpen,
    ConfirmSelect,
    ConnectionClose,
    ConnectionStartOk,
    QueueDeclare,
    TxSelect,
)
from tests.peers.client_peer import START_OK

NAMED = ConnectionStartOk(
    client_properties={"product": "test", "connection_name": "me"},
    mechanism=START_OK.mechanism,
    response=START_OK.response,
    locale="en_US",
)


def channels_of(client):
    return list(client.peer.channel_statistics())


def test_of_an_open_connection_everything_is_known(server):
    client = server.client(start_ok=NAMED)
    server.tick += 500
    told = client.peer.statistics()
    assert told == PeerStatistics(
        state="running",
        protocol=PROTOCOL,
        user="guest",
        virtual_host="/",
        name="me",
        client_properties={"product": "test", "connection_name": "me"},
        channel_count=1,
        channel_max=2047,
        frame_max=131072,
        heartbeat_s=60,
        heard_tick=server.tick - 500,
        received_bytes=told.received_bytes,
        sent_bytes=told.sent_bytes,
        is_blocked=False,
    )
    assert 0 < told.received_bytes < told.sent_bytes


def test_before_the_header_and_before_the_login_little_is_known(server):
    client = server.connect()
    assert client.peer.statistics() == PeerStatistics(state="pre_init")
    assert list(client.peer.channel_statistics()) == []
    client.start()
    told = client.peer.statistics()
    assert (told.state, told.protocol, told.user, told.virtual_host) == (
        "starting",
        PROTOCOL,
        "",
        "",
    )


def test_a_publisher_that_waits_for_memory_is_blocked(server, client):
    client.call(QueueDeclare(queue="q"))
    client.publish("", "q")
    client.peer.successor.block("low on memory")
    assert client.peer.statistics().state == "blocking"
    server.shard.memory.hold()
    client.put(client.publication("", "q"))
    assert client.peer.statistics().state == "blocked"
    server.shard.memory.let_go()
    server.shard.memory.relax()
    client.peer.successor.unblock(server.now, server.tick)
    assert client.peer.statistics().state == "running"


def test_a_connection_that_has_gone_is_closed(client):
    client.call(ConnectionClose(reply_code=200, reply_text="", class_id=0, method_id=0), channel=0)
    assert client.peer.statistics().state == "closed"


def test_channels_tell_what_they_are_for(client):
    client.call(QueueDeclare(queue="q"))
    client.call(ChannelOpen(), channel=2)
    client.call(ConfirmSelect())
    client.call(TxSelect(), channel=2)
    client.call(BasicQos(prefetch_count=5))
    client.call(BasicQos(prefetch_count=9, global_=True), channel=2)
    client.fill("q", 2)
    client.send(BasicConsume(queue="q", consumer_tag="t"))
    one, two = channels_of(client)
    assert one.pid.endswith(".1")
    assert (one.number, one.user, one.virtual_host) == (1, "guest", "/")
    assert (one.confirm, one.transactional) == (True, False)
    assert (one.consumer_count, one.unacked_count, one.unconfirmed_count) == (1, 2, 0)
    assert (one.prefetch_count, one.global_prefetch_count) == (5, 0)
    assert (two.confirm, two.transactional) == (False, True)
    assert (two.prefetch_count, two.global_prefetch_count) == (0, 9)


def test_a_channel_that_goes_meanwhile_is_left_out(client):
    client.call(ChannelOpen(), channel=2)
    channels = client.peer.channel_statistics()
    assert next(channels).number == 1
    client.call(ChannelClose(reply_code=200, reply_text="", class_id=0, method_id=0), channel=2)
    assert list(channels) == []


@pytest.mark.parametrize("no_ack", [True, False])
def test_consumers_tell_how_they_consume(server, client, no_ack):
    client.call(QueueDeclare(queue="q"))
    client.call(BasicQos(prefetch_count=5))
    client.fill("q", 1)
    client.send(
        BasicConsume(queue="q", consumer_tag="t", no_ack=no_ack, arguments={"x-priority": 3})
    )
    (subscription,) = server.host.queues["q"].subscriptions
    told = subscription.statistics()
    assert told.channel_pid == next(iter(client.peer.channel_statistics())).pid
    assert (told.consumer_tag, told.ack_required, told.active) == ("t", not no_ack, True)
    assert (told.prefetch_count, told.priority, told.exclusive) == (5, 3, False)
    assert told.unacked_count == (0 if no_ack else 1)


def test_an_exclusive_queues_owner_has_the_connections_pid(server, client):
    client.call(QueueDeclare(queue="q", exclusive=True))
    assert server.host.queues["q"].owner.pid == str(client)
