"""A whole conversation with the real peer, broker and engine, beside a neighbour who behaves.

Whatever is said: nothing is raised, no mistake of ours is reported, all that is answered is sound,
the neighbour goes on working, and when the client has gone nothing of it is left.
"""

from leveret.wire.amqp091 import frames
from leveret.wire.amqp091.errors import ProtocolError
from leveret.wire.amqp091.methods import (
    BasicAck,
    BasicConsume,
    BasicGet,
    BasicGetOk,
    BasicNack,
    ChannelOpen,
    ChannelOpenOk,
    ConfirmSelect,
    ConnectionStart,
    ConnectionTuneOk,
    QueueDeclare,
    QueueDeclareOk,
    TxSelect,
    encode_method,
)
from tests.fuzz import grammar
from tests.fuzz.choices import Choices
from tests.fuzz.mutations import mutated
from tests.peers.client_peer import OPEN, START_OK, ClientPeer, Server

STEPS_MAX = 40
CHANNELS = (1, 2, 0, 3, 2047, 65535)
NEIGHBOURS_QUEUE = "neighbour"
PREDECLARED_EXCHANGES = 6


def converse(data: bytes) -> None:
    """AssertionError, or whatever else was raised, where something is wrong."""
    choices = Choices(data)
    server = Server()
    neighbour = server.client()
    assert isinstance(neighbour.call(QueueDeclare(queue=NEIGHBOURS_QUEUE)), QueueDeclareOk)
    client = begin(choices, server)
    for _ in range(STEPS_MAX):
        if not choices.left or client.peer.finished:
            break
        client.step = choices.pick((0, 0, 0, 0, 0, 0, 100, 1))
        client.put(said(choices))
        if choices.one_in(4):
            listen(client)
        if choices.one_in(16):
            server.tick += choices.pick((1, 10_000, 40_000, 200_000))
            client.peer.due(server.now, server.tick)
    end(client, server, neighbour)


def begin(choices: Choices, server: Server) -> ClientPeer:
    """As a rule with the connection open, because there is more behind that."""
    client = server.connect()
    how = choices.below(8)
    if how == 7:
        return client
    if how == 6:
        client.put(frames.PROTOCOL_HEADER)
        return client
    assert isinstance(client.start(), ConnectionStart)
    client.send(START_OK, channel=0)
    tune_ok = ConnectionTuneOk(
        channel_max=choices.pick((2047, 2)), frame_max=choices.pick((131072, 4096)), heartbeat=60
    )
    client.send(tune_ok, OPEN, channel=0)
    assert client.call(ChannelOpen()) == ChannelOpenOk()
    if how == 5:
        client.send(TxSelect())
    elif how == 4:
        client.send(ConfirmSelect())
    client.send(QueueDeclare(queue="a"))
    return client


def said(choices: Choices) -> bytes:
    """One thing that a client says, as a rule soundly."""
    channel = choices.pick(CHANNELS) if choices.one_in(4) else 1
    kind = choices.below(12)
    if kind < 4:
        data = encode_method(channel, grammar.method(choices))
    elif kind < 7:
        data = grammar.publication(choices, channel)
    elif kind == 7:
        data = settlement(choices, channel)
    elif kind == 8:
        data = taking(choices, channel)
    elif kind == 9:
        data = grammar.loose_content(choices, channel)
    elif kind == 10:
        data = grammar.loose_frame(choices, channel)
    else:
        data = choices.raw(40)
    return mutated(choices, data) if choices.one_in(8) else data


def settlement(choices: Choices, channel: int) -> bytes:
    tag = choices.below(8)
    multiple = choices.one_in(3)
    if choices.one_in(2):
        return encode_method(channel, BasicAck(delivery_tag=tag, multiple=multiple))
    nack = BasicNack(delivery_tag=tag, multiple=multiple, requeue=choices.one_in(2))
    return encode_method(channel, nack)


def taking(choices: Choices, channel: int) -> bytes:
    queue, no_ack = choices.pick(grammar.NAMES[:4]), choices.one_in(2)
    if choices.one_in(2):
        return encode_method(channel, BasicGet(queue=queue, no_ack=no_ack))
    tag = choices.pick(grammar.NAMES[:4])
    return encode_method(channel, BasicConsume(queue=queue, consumer_tag=tag, no_ack=no_ack))


def listen(client: ClientPeer) -> None:
    """All that comes can be read: frames, or our protocol header to who speaks another."""
    if bytes(client.peer.send_buffer()) == frames.PROTOCOL_HEADER:
        client.take_bytes()
    try:
        client.take()
    except ProtocolError as error:
        raise AssertionError(f"we sent what no client can read: {error}") from error


def end(client: ClientPeer, server: Server, neighbour: ClientPeer) -> None:
    listen(client)
    check_neighbour(neighbour)
    client.peer.received(0, server.now, server.tick)
    client.peer.lost()
    assert client.peer.finished
    assert not client.peer.send_buffer()
    check_neighbour(neighbour)
    assert server.reports == [], server.reports
    check_nothing_is_left(server, neighbour)


def check_neighbour(neighbour: ClientPeer) -> None:
    """Others share the virtual host, and may do to its queue what anybody may: not to the rest."""
    declared = neighbour.call(QueueDeclare(queue="of its own", exclusive=True))
    assert isinstance(declared, QueueDeclareOk)
    assert neighbour.publish("", "of its own", b"x") == []
    assert isinstance(neighbour.call(BasicGet(queue="of its own", no_ack=True)), BasicGetOk)


def check_nothing_is_left(server: Server, neighbour: ClientPeer) -> None:
    neighbour.peer.received(0, server.now, server.tick)
    neighbour.peer.lost()
    host = server.host
    for name in tuple(host.queues):
        assert host.queues[name].owner is None
        host.delete_queue(name, connection=None)
    server.shard.turn()
    assert server.shard.records.live_count == 0
    assert host.topology.reply_queues == {}
    assert host.topology.owned == {}
    assert (server.broker.channel_count, host.topology.consumer_count) == (0, 0)
    assert all(not exchange.bindings or exchange.upstream for exchange in host.exchanges.values())
