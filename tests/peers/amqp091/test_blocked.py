"""A connection that publishes while memory is full: what it is told, heard, and let go of."""

import pytest

from leveret.engine.memory import Memory
from leveret.wire.amqp091.methods import (
    BasicAck,
    BasicConsume,
    ConnectionBlocked,
    ConnectionClose,
    ConnectionCloseOk,
    ConnectionStartOk,
    ConnectionTuneOk,
    ConnectionUnblocked,
    QueueDeclare,
    encode_method,
)
from tests.peers.client_peer import START_OK, ClientPeer, Incoming, Server, closed

LIMIT = 1 << 30
REASON = "low on memory"
CAPABLE = ConnectionStartOk(
    client_properties={"capabilities": {"connection.blocked": True}},
    mechanism=START_OK.mechanism,
    response=START_OK.response,
    locale=START_OK.locale,
)
HEARTBEAT_MS = 10_000
TUNE_OK = ConnectionTuneOk(channel_max=2047, frame_max=131072, heartbeat=HEARTBEAT_MS // 1000)
CLOSE = ConnectionClose(reply_code=200, reply_text="bye")
HEARTBEAT = Incoming(0, None)


@pytest.fixture
def server() -> Server:
    return Server(memory=Memory(LIMIT))


@pytest.fixture
def client(server: Server) -> ClientPeer:
    """One that has published to a queue, and can be told that it is blocked."""
    client = server.client(start_ok=CAPABLE, tune_ok=TUNE_OK)
    client.call(QueueDeclare(queue="q"))
    client.publish("", "q", b"first")
    return client


def fill(client: ClientPeer) -> None:
    """Memory is full, and the server says so to the client."""
    client.server.shard.memory.take(LIMIT)
    client.peer.successor.block(REASON)


def drain(client: ClientPeer) -> None:
    memory = client.server.shard.memory
    memory.give(LIMIT)
    memory.relax()
    client.peer.successor.unblock(client.server.now, client.server.tick)


def test_a_client_that_can_take_it_is_told_once_that_it_is_and_that_it_is_not(client):
    fill(client)
    client.peer.successor.block(REASON)
    assert client.take() == [Incoming(0, ConnectionBlocked(reason=REASON))]
    drain(client)
    client.peer.successor.unblock(client.server.now, client.server.tick)
    assert client.take() == [Incoming(0, ConnectionUnblocked())]


def test_other_clients_and_closing_ones_are_not_told(server):
    client = server.client()
    fill(client)
    drain(client)
    assert client.take() == []
    starting = server.connect()
    starting.start()
    starting.peer.block(REASON)
    assert starting.take() == []


def test_a_client_of_which_nothing_is_known_yet_is_blocked_by_nothing(server):
    newcomer = server.connect().peer
    newcomer.block(REASON)
    newcomer.unblock(server.now, server.tick)
    newcomer.go_on(server.now, server.tick)
    assert (newcomer.is_held, newcomer.holds_deliveries, newcomer.closes(b"")) == (False,) * 3
    assert len(newcomer.trickle(100, server.now, server.tick)) == 0
    assert len(newcomer.send_buffer()) == 0


def test_what_a_blocked_client_sends_is_taken_when_it_is_blocked_no_more(client):
    fill(client)
    assert client.publish("", "q", b"second")[0].method == ConnectionBlocked(reason=REASON)
    assert (client.peer.successor.is_held, len(client.unread) > 0) == (True, True)
    drain(client)
    client.put(b"")
    assert client.take() == [Incoming(0, ConnectionUnblocked())]
    assert client.call(QueueDeclare(queue="q", passive=True)).message_count == 2


def test_heartbeats_are_sent_while_a_client_is_blocked_and_not_asked_for(client):
    fill(client)
    client.publish("", "q", b"second")
    assert client.wait(20 * HEARTBEAT_MS) == [HEARTBEAT] * 40
    assert not client.peer.successor.finished
    drain(client)
    client.put(b"")
    assert len(client.wait(2 * HEARTBEAT_MS - 1)) > 0
    assert not client.peer.successor.finished
    client.wait(1)
    assert client.peer.successor.finished


def test_of_a_blocked_client_that_sends_nothing_a_heartbeat_is_all_that_is_held_up(client):
    fill(client)
    assert not client.peer.successor.is_held
    client.wait(HEARTBEAT_MS)
    client.put(b"\x08\0\0\0\0\0\0\xce")
    client.wait(20 * HEARTBEAT_MS)
    assert (client.peer.successor.is_held, client.peer.successor.finished) == (True, False)


def test_a_trickle_lets_an_acknowledgement_through(client):
    client.send(BasicConsume(queue="q", consumer_tag="t"))
    fill(client)
    client.publish("", "q", b"second")
    client.unread += encode_method(1, BasicAck(delivery_tag=1))
    assert client.peer.successor.holds_deliveries
    buffer = client.peer.successor.trickle(4096, client.server.now, client.server.tick)
    buffer[: len(client.unread)] = client.unread
    client.peer.successor.received(len(client.unread), client.server.now, client.server.tick)
    client.take()
    assert client.server.host.queues["q"].store.unacked_count == 1, "the second, of its own"
    assert client.peer.successor.is_held


def test_a_goodbye_is_seen_behind_what_was_published_and_is_answered(client):
    fill(client)
    client.publish("", "q", b"second")
    assert not client.peer.successor.closes(client.unread)
    client.unread += encode_method(0, CLOSE)
    assert client.peer.successor.closes(client.unread)
    buffer = client.peer.successor.trickle(1 << 20, client.server.now, client.server.tick)
    buffer[: len(client.unread)] = client.unread
    client.peer.successor.received(len(client.unread), client.server.now, client.server.tick)
    assert client.take()[-1] == Incoming(0, ConnectionCloseOk())
    assert client.peer.successor.finished


def test_a_blocked_client_that_is_sent_home_is_heard_again(client):
    fill(client)
    client.publish("", "q", b"second")
    client.peer.successor.shut_down("shutdown")
    assert closed(client.take()[-1])[0] == 320
    client.put(encode_method(0, ConnectionCloseOk()))
    assert (client.peer.successor.finished, client.unread) == (True, b"")
    assert client.server.host.queues["q"].store.ready_count == 1


def test_what_a_blocked_client_held_goes_back_when_it_has_gone(client):
    client.send(BasicConsume(queue="q", consumer_tag="t"))
    fill(client)
    client.publish("", "q", b"second")
    client.peer.successor.lost()
    store = client.server.host.queues["q"].store
    assert (store.ready_count, store.unacked_count, store.consumer_count) == (1, 0, 0)
    assert list(client.server.shard.publishers) == []


def test_who_does_not_read_its_answers_is_not_taken_for_silent(client):
    for _ in range(10):
        client.peer.successor.engine.write(bytes(100_000))
    client.put(encode_method(1, QueueDeclare(queue="q", passive=True)) * 6_000)
    assert client.peer.successor.engine.paused
    tick = client.server.tick
    client.server.tick = tick + 10 * HEARTBEAT_MS
    client.peer.successor.due(client.server.now, client.server.tick)
    assert not client.peer.successor.finished
    client.peer.successor.sent(900_000, client.server.tick)
    deadline = client.peer.successor.deadline()
    assert deadline is not None and deadline > client.server.tick
