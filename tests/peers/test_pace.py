"""Who asks for much has a share of each turn, and nobody waits for its end."""

import pytest

from leveret.engine.shard import Shard
from leveret.peers.pace import METHOD, Pace
from leveret.peers.pace import SHARE as SHARE_IN_ALL
from leveret.peers.service import Definitions
from leveret.wire.amqp091.methods import (
    BasicConsume,
    BasicDeliver,
    BasicPublish,
    BasicQos,
    BasicQosOk,
    ChannelClose,
    ConnectionClose,
    ConnectionCloseOk,
    ExchangeDeclare,
    QueueBind,
    QueueDeclare,
    QueueDeclareOk,
    encode_method,
)
from tests.peers.client_peer import Server

SHARE = SHARE_IN_ALL // METHOD  # of methods
QOS = encode_method(1, BasicQos(prefetch_count=5))
FLOOD = 3 * SHARE + 10


class Peer:
    """A peer that has so many shares to come."""

    def __init__(self, name, pace, log, count):
        self.name, self.pace, self.log, self.count = name, pace, log, count

    def have_share(self):
        if self.count == 0:
            return False
        self.log.append(self.name)
        self.count -= 1
        if self.count:
            self.pace.rest(self)
        return True


def turns(shard):
    """All that are pending; how many there were."""
    count = 0
    while shard.pending:
        shard.turn()
        count += 1
    return count


def test_in_each_turn_one_of_those_who_rest_has_its_share_in_order():
    shard, log = Shard(), []
    pace = Pace(shard)
    for name, count in (("a", 3), ("b", 1), ("c", 2)):
        pace.rest(Peer(name, pace, log, count))
    assert turns(shard) == 6
    assert log == ["a", "b", "c", "a", "c", "a"]


def test_who_has_nothing_to_do_any_more_takes_nobodys_turn():
    shard, log = Shard(), []
    pace = Pace(shard)
    for name, count in (("a", 0), ("b", 1), ("c", 0)):
        pace.rest(Peer(name, pace, log, count))
    assert turns(shard) == 2
    assert log == ["b"]
    pace.rest(Peer("d", pace, log, 1))
    turns(shard)
    assert log == ["b", "d"]


def answers(client, kind=BasicQosOk):
    return sum(isinstance(message.method, kind) for message in client.take())


def test_a_flood_of_methods_is_answered_share_by_share(server, client):
    client.put(QOS * FLOOD)  # a share with the read, and one in each turn, which answers() takes
    assert [answers(client) for _ in range(4)] == [2 * SHARE, SHARE, 10, 0]
    assert not server.shard.pending


def test_while_it_rests_a_client_is_not_read(server, client):
    client.put(QOS * SHARE)
    assert len(client.peer.receive_buffer()) == 0
    server.shard.turn()
    assert len(client.peer.receive_buffer()) > 0


def test_who_asks_for_little_never_rests(server, client):
    for _ in range(SHARE):
        client.put(QOS * (SHARE - 1))
        assert answers(client) == SHARE - 1
    assert not server.shard.pending


def test_a_neighbour_is_served_at_once_however_many_rest(server):
    flooding = [server.client() for _ in range(20)]
    neighbour = server.client()
    for client in flooding:
        client.put(QOS * FLOOD)
    assert neighbour.call(QueueDeclare(queue="q")).queue == "q"
    neighbour.call(BasicConsume(queue="q", no_ack=True))
    (message,) = neighbour.publish("", "q", b"x")
    assert isinstance(message.method, BasicDeliver)


def test_messages_of_known_routes_never_rest(server, client):
    client.call(QueueDeclare(queue="q"))
    client.put(client.publication("", "q", b"x") * FLOOD)
    assert server.host.queues["q"].message_count == FLOOD


def test_a_flood_of_routing_keys_rests_as_methods_do(server, client):
    flood = [client.publication("amq.topic", str(number), b"x") for number in range(FLOOD)]
    client.call(QueueDeclare(queue="q"))
    client.call(QueueBind(queue="q", exchange="amq.topic", routing_key="#"))
    client.put(b"".join(flood))
    assert server.host.queues["q"].message_count in (SHARE_IN_ALL - 1, SHARE_IN_ALL)
    turns(server.shard)
    assert server.host.queues["q"].message_count == FLOOD


def test_a_flood_of_messages_whose_content_decides_rests_too(server, client):
    client.call(ExchangeDeclare(exchange="e", type="headers"))
    client.call(QueueDeclare(queue="q"))
    client.call(QueueBind(queue="q", exchange="e", routing_key=""))
    client.put(client.publication("e", "", b"x") * FLOOD)
    assert server.host.queues["q"].message_count in (SHARE_IN_ALL - 2, SHARE_IN_ALL - 1)
    turns(server.shard)
    assert server.host.queues["q"].message_count == FLOOD


def test_who_rests_is_not_taken_for_silent(server, client):
    client.put(QOS * SHARE)
    client.wait(1_000_000)
    assert not client.peer.finished


def test_a_client_that_goes_while_it_rests_is_gone(server, client):
    client.put(QOS * FLOOD)
    client.peer.received(0, server.now, server.tick)
    client.peer.lost()
    turns(server.shard)
    assert client.peer.finished
    assert server.broker.channel_count == 0


def test_an_error_after_a_rest_is_told_and_ends_it(server, client):
    client.put(QOS * SHARE + encode_method(2, BasicQos(prefetch_count=1)) + QOS * FLOOD)
    turns(server.shard)
    *_, close = client.take()
    assert isinstance(close.method, ConnectionClose)
    assert answers(client) == 0


def test_the_broker_may_close_who_rests(server, client):
    client.put(QOS * FLOOD)
    client.take()
    client.peer.shut_down("going down")
    (close,) = client.take()
    assert isinstance(close.method, ConnectionClose)
    client.send(ConnectionCloseOk(), channel=0)
    assert client.peer.finished
    turns(server.shard)


class SlowStore(Definitions):
    def __init__(self):
        self.done = None

    def when_durable(self, done):
        self.done = done
        return False


@pytest.mark.parametrize("rest_ends_first", [True, False])
def test_who_rests_and_waits_goes_on_when_it_does_neither(rest_ends_first):
    slow = SlowStore()
    server = Server(slow)
    client = server.client()
    client.put(QOS * (SHARE - 1) + encode_method(1, QueueDeclare(queue="q")) + QOS)
    ends = [lambda: server.shard.turn(), lambda: slow.done(server.now, server.tick)]
    for end in ends if rest_ends_first else reversed(ends):
        assert len(client.peer.receive_buffer()) == 0
        end()
    assert len(client.peer.receive_buffer()) > 0
    *_, declared, last = client.take()
    assert [type(each.method) for each in (declared, last)] == [QueueDeclareOk, BasicQosOk]


def test_a_channel_that_fails_with_its_route_fails_as_ever(server, client):
    flood = [client.publication("amq.topic", str(number), b"x") for number in range(SHARE - 1)]
    client.put(b"".join(flood) + encode_method(1, BasicPublish(exchange="none", routing_key="")))
    (close,) = client.take()
    assert isinstance(close.method, ChannelClose)
