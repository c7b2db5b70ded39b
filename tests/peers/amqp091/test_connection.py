"""A connection as a whole: cut frames, errors, closing, loss, heartbeats, answers that wait."""

import pytest

from leveret.engine.errors import InvariantError
from leveret.peers.amqp091.connection import Connection
from leveret.peers.amqp091.states import State
from leveret.wire.amqp091 import frames
from leveret.wire.amqp091.methods import (
    BasicAck,
    BasicConsume,
    BasicDeliver,
    BasicGet,
    BasicPublish,
    BasicQos,
    ChannelClose,
    ChannelCloseOk,
    ChannelOpen,
    ChannelOpenOk,
    ConfirmSelect,
    ConnectionClose,
    ConnectionCloseOk,
    ConnectionStartOk,
    ConnectionTuneOk,
    ExchangeDeclare,
    QueueBind,
    QueueDeclare,
    QueueDeclareOk,
    encode_method,
)
from tests.peers.client_peer import OPEN, START_OK, TUNE_OK, Incoming, Server, closed

CLOSE = ConnectionClose(reply_code=200, reply_text="bye")
CLOSE_CHANNEL = ChannelClose(reply_code=200, reply_text="bye")
BAD_END = b"\x01\0\x01\0\0\0\x04\0\x14\0\x0a\xcf"
HEARTBEAT = Incoming(0, None)
SHUTDOWN = "broker forced connection closure with reason 'shutdown'"


class SlowStore:
    """Definitions that are durable when the test says so."""

    def __init__(self):
        self.waiting = []

    def when_durable(self, done):
        self.waiting.append(done)
        return False

    def finish(self, server):
        waiting, self.waiting = self.waiting, []
        for done in waiting:
            done(server.now, server.tick)


def tuned(heartbeat):
    return ConnectionTuneOk(channel_max=2047, frame_max=131072, heartbeat=heartbeat)


# Bytes


def conversation(step):
    """All that a server answers to a client that sends everything in pieces of `step` bytes."""
    client = Server().connect()
    client.step = step
    client.put(frames.PROTOCOL_HEADER)
    methods = [START_OK, TUNE_OK, OPEN]
    client.put(b"".join(encode_method(0, method) for method in methods))
    methods = [
        ChannelOpen(),
        QueueDeclare(queue="q", arguments={"x-max-length": 10}),
        QueueBind(queue="", exchange="amq.topic", routing_key="a.*"),
        ConfirmSelect(),
        BasicConsume(queue="q", consumer_tag="t"),
    ]
    client.put(b"".join(encode_method(1, method) for method in methods))
    client.put(client.publication("amq.topic", "a.b", bytes(300)))
    client.put(client.publication("nowhere", "", b"x"))
    client.put(encode_method(1, ChannelCloseOk()) + frames.HEARTBEAT_FRAME)
    client.put(encode_method(0, CLOSE))
    return client.take_bytes(), client.peer.finished


def test_frames_may_be_cut_at_any_byte():
    whole = conversation(0)
    assert whole[1]
    assert conversation(1) == whole


def test_the_messages_of_two_channels_may_be_interleaved(client):
    client.call(ChannelOpen(), 2)
    client.call(QueueDeclare(queue="q"))
    client.frame_max = 16
    one = client.publication("", "q", b"a" * 20)
    two = client.publication("", "q", b"b" * 20, channel=2)
    parser = frames.FrameParser(frame_max=200)
    pairs = zip(parser.receive(one), parser.receive(two), strict=True)
    client.put(b"".join(frames.encode_frame(*frame) for pair in pairs for frame in pair))
    assert client.send(BasicGet(queue="q"))[0].body == b"a" * 20
    assert client.send(BasicGet(queue="q"))[0].body == b"b" * 20


@pytest.mark.parametrize(
    "data",
    [
        BAD_END,
        b"\x01\0\x01\0\xff\xff\xff",
        b"\x09\0\0\0\0\0\0\xce",
    ],
    ids=["end", "size", "type"],
)
def test_a_bad_frame_is_the_end_of_the_conversation(client, data):
    client.put(data + encode_method(1, QueueDeclare(queue="q")))
    ((*_, close, _, _),) = client.take()
    assert (close.reply_code, close.reply_text[:14]) == (501, "FRAME_ERROR - ")
    client.wait(999)
    assert not client.peer.finished
    client.wait(1)
    assert client.peer.finished
    assert "q" not in client.server.host.queues


# Errors


def test_a_heartbeat_has_no_channel(client):
    client.put(b"\x08\0\x01\0\0\0\0\xce")
    ((*_, close, _, _),) = client.take()
    assert close.reply_code == 505


def test_an_unknown_method_is_command_invalid(client):
    client.put(b"\x01\0\x01\0\0\0\x04\0\x3c\0\x4d\xce")
    (end,) = client.take()
    assert closed(end) == (503, "COMMAND_INVALID - unimplemented method", 60, 77)


@pytest.mark.parametrize(
    ("channel", "payload", "ids"),
    [
        (0, b"\0\x0a\0\x32\0", (10, 50)),
        (1, b"\0\x32\0\x0a\0\0", (50, 10)),
        (1, b"\0\x14\0\x28", (20, 40)),
        (2, b"\0\x14\0\x0a\x05x", (20, 10)),
    ],
)
def test_malformed_arguments_are_a_syntax_error(client, channel, payload, ids):
    client.put(frames.encode_frame(frames.METHOD, channel, payload))
    (end,) = client.take()
    assert closed(end) == (502, "SYNTAX_ERROR - arguments end early", *ids)


def test_a_long_text_is_cut(client):
    name = "é" * 127
    _, text, *_ = client.refused(QueueDeclare(queue=name, passive=True))
    assert text.startswith("NOT_FOUND - no queue 'éé")
    assert text.endswith("é...")
    assert len(text.encode()) in (254, 255)


def test_our_own_mistake_is_reported_and_not_explained(server, client):
    mistake = ZeroDivisionError("secret")
    server.host.declare_exchange = failing(mistake)
    end = client.ended(ExchangeDeclare(exchange="e", type="fanout"))
    assert end == (541, "INTERNAL_ERROR", 0, 0)
    assert server.reports == [mistake]


def test_our_own_mistake_while_routing_is_reported_too(server, client):
    mistake = KeyError("secret")
    server.host.route = failing(mistake)
    (end,) = client.publish("amq.fanout", "", b"body")
    assert closed(end) == (541, "INTERNAL_ERROR", 0, 0)
    assert server.reports == [mistake]


def test_a_broken_invariant_is_not_survived(server, client):
    server.host.declare_exchange = failing(InvariantError("the count is wrong"))
    with pytest.raises(InvariantError, match="the count is wrong"):
        client.send(ExchangeDeclare(exchange="e", type="fanout"))
    assert server.reports == []


def test_a_running_connection_has_a_virtual_host(server):
    connection = Connection(server.service, owner=None, is_loopback=True, deadline=0)
    connection.state, connection.channel_max = State.RUNNING, 1
    with pytest.raises(InvariantError, match="without a virtual host"):
        connection.method(1, ChannelOpen.METHOD_ID, b"\0")


def failing(error):
    def fail(*arguments, **options):
        raise error

    return fail


# Closing


def open_with_everything(server):
    """A client with an exclusive queue, a consumer and two unacknowledged messages."""
    client = server.client()
    client.call(QueueDeclare(queue="mine", exclusive=True))
    client.call(QueueDeclare(queue="q"))
    client.fill("q", 3)
    client.call(BasicQos(prefetch_count=2))
    client.send(BasicConsume(queue="q"), BasicConsume(queue="mine"))
    queue = server.host.queues["q"]
    assert (queue.consumer_count, queue.message_count, queue.store.unacked_count) == (1, 1, 2)
    return client


def by_close(client):
    assert client.call(CLOSE, channel=0) == ConnectionCloseOk()


def by_end(client):
    client.peer.received(0, client.server.now, client.server.tick)


def by_loss(client):
    client.peer.lost()


def by_error(client):
    client.ended(ChannelOpen())


def by_shut_down(client):
    client.peer.shut_down(SHUTDOWN)


def by_silence(client):
    client.wait(120_000)
    assert client.peer.finished


WAYS = [by_close, by_end, by_loss, by_error, by_shut_down, by_silence]


@pytest.mark.parametrize("way", WAYS)
def test_however_it_ends_all_goes_back(server, way):
    client = open_with_everything(server)
    way(client)
    queue = server.host.queues["q"]
    assert (queue.consumer_count, queue.message_count, queue.store.unacked_count) == (0, 3, 0)
    assert "mine" not in server.host.queues
    client.peer.lost()
    assert client.take_bytes() == b""
    assert client.peer.finished


def test_our_close_is_the_last_that_is_said(client):
    client.call(ConfirmSelect())
    client.put(client.publication("", "nowhere", b"x"))
    client.put(encode_method(1, ChannelOpen()))
    confirmed, end = client.take()
    assert confirmed.method == BasicAck(delivery_tag=1)
    assert closed(end)[0] == 504


@pytest.mark.parametrize("way", [by_error, by_shut_down])
def test_our_close_is_given_ten_seconds_for_its_answer(server, client, way):
    way(client)
    client.take()
    assert client.wait(9_999) == []
    assert not client.peer.finished
    client.wait(1)
    assert client.peer.finished


@pytest.mark.parametrize("way", [by_error, by_shut_down])
def test_after_our_close_only_the_end_is_heard(server, client, way):
    way(client)
    client.take()
    assert client.send(QueueDeclare(queue="q"), ChannelOpen(), CLOSE_CHANNEL) == []
    assert client.publish("", "q", b"x" * 40_000) == []
    assert client.send(START_OK, channel=0) == []
    assert server.host.queues == {}
    client.send(ConnectionCloseOk(), channel=0)
    assert client.peer.finished


def test_a_bad_frame_after_our_close_is_not_answered(client):
    by_shut_down(client)
    client.take()
    client.put(BAD_END)
    assert client.take() == []
    assert not client.peer.finished


def test_shutting_down_is_a_forced_close(client):
    client.peer.shut_down(SHUTDOWN)
    client.peer.shut_down(SHUTDOWN)
    (end,) = client.take()
    assert closed(end) == (320, f"CONNECTION_FORCED - {SHUTDOWN}", 0, 0)


def test_shutting_down_a_handshake_says_nothing(server):
    client = server.connect()
    client.start()
    client.peer.shut_down(SHUTDOWN)
    assert (client.peer.finished, client.take()) == (True, [])


def test_nothing_is_due_after_the_end(client):
    by_close(client)
    assert client.peer.deadline() is None
    client.peer.due(client.server.now, client.server.tick + 10**9)
    assert client.take() == []


# Heartbeats


def test_a_heartbeat_is_sent_after_half_of_it(server):
    client = server.client(tune_ok=tuned(10))
    assert client.wait(4_999) == []
    assert client.wait(1) == [HEARTBEAT]


def test_whatever_is_sent_is_as_good_as_a_heartbeat(server):
    client = server.client(tune_ok=tuned(10))
    client.wait(4_000)
    client.call(QueueDeclare(queue="q"))
    assert client.wait(4_999) == []
    assert client.wait(1) == [HEARTBEAT]


def test_a_silent_client_is_gone_after_two_heartbeats(server):
    client = server.client(tune_ok=tuned(10))
    client.wait(19_999)
    assert not client.peer.finished
    assert ConnectionClose not in [type(message.method) for message in client.wait(1)]
    assert client.peer.finished


def test_a_client_that_sends_heartbeats_stays(server):
    client = server.client(tune_ok=tuned(10))
    for _ in range(5):
        client.wait(15_000)
        client.put(frames.HEARTBEAT_FRAME)
    assert not client.peer.finished


def test_a_heartbeat_is_sent_once_however_often_time_is_looked_at(server):
    client = server.client(tune_ok=tuned(10))
    for tick in range(server.tick + 4_990, server.tick + 5_010):
        client.peer.due(server.now, tick)
    assert bytes(client.peer.send_buffer()) == frames.HEARTBEAT_FRAME


def test_a_heartbeat_of_zero_switches_them_off(server):
    client = server.client(tune_ok=tuned(0))
    assert client.peer.deadline() is None
    assert client.wait(10**9) == []
    assert not client.peer.finished


# Answers that wait


@pytest.fixture
def slow():
    return SlowStore()


@pytest.fixture
def slow_server(slow):
    return Server(slow)


def test_a_declaration_is_answered_when_it_is_durable(slow_server, slow):
    client = slow_server.client()
    assert client.send(QueueDeclare(queue="q"), QueueDeclare(queue="r")) == []
    assert (len(slow.waiting), "r" in slow_server.host.queues) == (1, False)
    slow.finish(slow_server)
    ((_, reply, *_),) = client.take()
    assert isinstance(reply, QueueDeclareOk)
    assert reply.queue == "q"
    assert "r" in slow_server.host.queues


def test_what_comes_after_it_waits_but_deliveries_do_not(slow_server, slow):
    client, publisher = slow_server.client(), slow_server.client()
    publisher.send(QueueDeclare(queue="q", no_wait=True))
    client.send(BasicConsume(queue="q", consumer_tag="t", no_ack=True))
    client.send(ExchangeDeclare(exchange="e", type="fanout"))
    assert len(client.peer.receive_buffer()) == 0
    assert client.send(ChannelOpen(), channel=2) == []
    publisher.publish("", "q", b"meanwhile")
    ((_, method, body, _),) = client.take()
    assert (type(method), body) == (BasicDeliver, b"meanwhile")
    slow.finish(slow_server)
    client.put(b"")
    assert [message.method for message in client.take()][1:] == [ChannelOpenOk()]


def test_who_is_not_read_is_not_taken_for_silent(slow_server, slow):
    client = slow_server.client(tune_ok=tuned(10))
    client.send(QueueDeclare(queue="q"))
    client.wait(100_000)
    assert not client.peer.finished
    slow.finish(slow_server)
    client.wait(19_999)
    assert not client.peer.finished
    client.wait(1)
    assert client.peer.finished


@pytest.mark.parametrize("way", [by_end, by_loss])
def test_an_answer_that_comes_too_late_is_not_sent(slow_server, slow, way):
    client = slow_server.client()
    client.send(QueueDeclare(queue="q"))
    way(client)
    slow.finish(slow_server)
    assert client.take() == []


def test_a_close_does_not_wait_for_it(slow_server, slow):
    client = slow_server.client()
    client.send(QueueDeclare(queue="q"))
    by_shut_down(client)
    assert closed(client.take()[0])[0] == 320
    slow.finish(slow_server)
    assert client.send(ConnectionCloseOk(), channel=0) == []
    assert client.peer.finished


def test_what_nobody_waits_for_does_not_hold_anything_up(slow_server, slow):
    client = slow_server.client()
    assert client.send(QueueDeclare(queue="q", no_wait=True), QueueDeclare(queue="q")) == []
    assert len(slow.waiting) == 1
    assert client.send(BasicAck(delivery_tag=1), BasicPublish(exchange="", routing_key="")) == []


# What the operator is told


def test_the_operator_is_told_why_a_connection_or_channel_was_closed(server, client):
    client.send(QueueDeclare(queue="none", passive=True))
    client.send(QueueDeclare(queue="q"), channel=2)
    soft = "NOT_FOUND - no queue 'none' in vhost '/'"
    hard = "CHANNEL_ERROR - expected 'channel.open'"
    assert server.told == [("info", "channel closed", soft), ("warning", "closed", hard)]


def test_the_operator_is_told_of_a_refused_login(server):
    client = server.connect()
    client.start()
    wrong = {"mechanism": "PLAIN", "response": b"\0guest\0wrong", "locale": "en_US"}
    client.send(ConnectionStartOk(client_properties={}, **wrong), channel=0)
    ((level, event, detail),) = server.told
    assert (level, event) == ("warning", "login refused")
    assert detail == "user 'guest' - invalid credentials"


def test_the_operator_is_told_of_an_unknown_header(server):
    server.connect().put(b"\x16\x03\x01\x02ABC\xff")
    detail = "\x16\x03\x01\x02ABC\\xff"
    assert server.told == [("warning", "unknown protocol header", detail)]


def test_the_operator_is_told_of_silence(server):
    server.connect().wait(10_000)
    started = server.connect()
    started.start()
    started.wait(10_000)
    server.client().wait(120_000)
    assert server.told == [
        ("warning", "handshake timeout", "no protocol header"),
        ("warning", "handshake timeout", "starting"),
        ("warning", "missed heartbeats", "nothing came"),
    ]


def test_the_operator_is_not_told_of_what_he_asked_for_or_of_who_does_not_answer(server, client):
    client.peer.shut_down("going down")
    client.wait(20_000)
    assert client.peer.finished
    assert server.told == []


# What takes several turns


@pytest.fixture
def holder(client):
    """A client that holds messages, on a server that can do nothing at once in this turn."""
    client.call(QueueDeclare(queue="q"))
    client.fill("q", 3)
    client.send(BasicConsume(queue="q"))
    client.server.shard.chores.spend(1 << 14)
    return client


def put(client, method, channel=1):
    """Gives it to the peer, and has no turn."""
    client.put(encode_method(channel, method))
    return len(client.peer.send_buffer())


def ready(client):
    return client.server.host.queues["q"].message_count


@pytest.mark.parametrize(
    ("method", "reply", "channel"),
    [(CLOSE_CHANNEL, ChannelCloseOk, 1), (CLOSE, ConnectionCloseOk, 0)],
)
def test_a_close_is_answered_when_all_has_been_given_back(holder, method, reply, channel):
    assert put(holder, method, channel) == 0
    assert ready(holder) == 0
    assert [each.method for each in holder.take()] == [reply()]
    assert ready(holder) == 3
    assert holder.peer.finished == (channel == 0)


def test_what_comes_behind_a_long_command_waits_for_it(holder):
    put(holder, CLOSE_CHANNEL)
    holder.put(encode_method(1, ChannelOpen()))
    assert holder.unread
    assert [each.method for each in holder.take()] == [ChannelCloseOk()]
    holder.put(b"")
    assert [each.method for each in holder.take()] == [ChannelOpenOk()]


def test_a_client_that_waits_for_a_long_command_is_not_taken_for_dead(server):
    client = server.client(tune_ok=tuned(1))
    client.call(QueueDeclare(queue="q"))
    client.fill("q", 3)
    client.send(BasicConsume(queue="q"))
    server.shard.chores.spend(1 << 14)
    put(client, CLOSE_CHANNEL)
    server.tick += 10_000
    client.peer.due(server.now, server.tick)
    assert not client.peer.finished
    assert client.take()[-1].method == ChannelCloseOk()


def test_a_client_that_is_lost_gives_back_all_the_same(holder):
    put(holder, CLOSE, 0)
    holder.peer.lost()
    holder.server.shard.turn()
    assert (ready(holder), holder.peer.finished) == (3, True)
    assert not holder.peer.send_buffer()


def test_a_connection_that_is_closed_meanwhile_hears_no_late_answer(holder):
    put(holder, CLOSE_CHANNEL)
    holder.peer.shut_down(SHUTDOWN)
    answers = [each.method for each in holder.take()]
    assert ChannelCloseOk() not in answers
    assert isinstance(answers[-1], ConnectionClose)


def test_a_connection_that_closes_waits_for_all_its_channels(holder):
    holder.put(encode_method(2, ChannelOpen()))
    holder.put(encode_method(2, BasicGet(queue="q")))
    put(holder, CLOSE, 0)
    assert holder.take()[-1].method == ConnectionCloseOk()
    assert ready(holder) == 3
