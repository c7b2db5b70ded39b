"""A client of the real peer, broker and engine, in memory: bytes in, bytes out, time as numbers."""

from __future__ import annotations

from random import Random
from typing import NamedTuple

from leveret.broker.broker import Broker
from leveret.broker.limits import Limits
from leveret.engine.memory import Memory
from leveret.engine.shard import Shard
from leveret.peers.amqp091 import dead_letter
from leveret.peers.pace import Pace
from leveret.peers.protocol_header import Newcomer
from leveret.peers.service import Definitions, InMemory, Messages, Service
from leveret.peers.settings import Settings
from leveret.wire.amqp091 import frames
from leveret.wire.amqp091.methods import (
    BasicPublish,
    ChannelClose,
    ChannelOpen,
    ChannelOpenOk,
    ConnectionClose,
    ConnectionOpen,
    ConnectionOpenOk,
    ConnectionStart,
    ConnectionStartOk,
    ConnectionTune,
    ConnectionTuneOk,
    Method,
    decode_method_payload,
    encode_method,
)
from leveret.wire.amqp091.properties import BasicProperties, decode_properties, encode_properties

START_OK = ConnectionStartOk(
    client_properties={
        "capabilities": {"consumer_cancel_notify": True, "authentication_failure_close": True}
    },
    mechanism="PLAIN",
    response=b"\0guest\0guest",
    locale="en_US",
)
TUNE_OK = ConnectionTuneOk(channel_max=2047, frame_max=131072, heartbeat=60)
OPEN = ConnectionOpen(virtual_host="/")


class Server:
    """What the server layer is to peers. A test sets `now` and `tick` as it likes."""

    def __init__(
        self,
        definitions: Definitions | None = None,
        messages: Messages | None = None,
        settings: Settings | None = None,
        limits: Limits | None = None,
        memory: Memory | None = None,
    ) -> None:
        self.shard = Shard(0, memory)
        self.shard.contents[0] = dead_letter
        self.broker = Broker(self.shard, Random(1).randbytes, limits)
        self.reports: list[Exception] = []
        self.told: list[tuple[str, str, str]] = []  # what the journal was: level, event, detail
        self.service = Service(
            shard=self.shard,
            broker=self.broker,
            pace=Pace(self.shard),
            report=self.reports.append,
            version="1.2.3",
            cluster_name="leveret@test",
            definitions=definitions or InMemory(),
            messages=messages or InMemory(),
            settings=settings or Settings(),
            journal=self,
        )
        self.now = 1_700_000_000_000
        self.tick = 5_000

    def warning(self, owner: object, event: str, detail: str) -> None:
        assert isinstance(owner, ClientPeer)
        self.told.append(("warning", event, detail))

    def info(self, owner: object, event: str, detail: str) -> None:
        assert isinstance(owner, ClientPeer)
        self.told.append(("info", event, detail))

    @property
    def host(self):
        return self.broker.virtual_host("/")

    def connect(self, *, is_loopback=True, refusal=None) -> ClientPeer:
        """A client that has sent nothing yet."""
        return ClientPeer(self, is_loopback=is_loopback, refusal=refusal)

    def client(self, *, start_ok=START_OK, tune_ok=TUNE_OK) -> ClientPeer:
        """A client with its connection open, and channel 1."""
        client = self.connect()
        assert isinstance(client.start(), ConnectionStart)
        assert isinstance(client.call(start_ok, channel=0), ConnectionTune)
        client.send(tune_ok, channel=0)
        assert client.call(OPEN, channel=0) == ConnectionOpenOk()
        assert client.call(ChannelOpen()) == ChannelOpenOk()
        return client


class Incoming(NamedTuple):
    channel: int
    method: Method | None  # None: a heartbeat
    body: bytes | None = None
    properties: BasicProperties | None = None


class ClientPeer:
    """`step`: how many bytes are put into the peer at a time; 0 for as many as it takes."""

    def __init__(self, server: Server, *, is_loopback: bool, refusal: str | None) -> None:
        self.server = server
        self.peer = Newcomer(
            server.service,
            owner=self,
            is_loopback=is_loopback,
            tick=server.tick,
            refusal=refusal,
        )
        self.step = 0
        self.frame_max = 131072
        self.unread = b""  # what the peer did not want to read yet
        self._frames = frames.FrameParser(frame_max=200_000)

    def start(self) -> Method | None:
        self.put(frames.PROTOCOL_HEADER)
        (start,) = self.take()
        return start.method

    def put(self, data: bytes) -> None:
        """Gives bytes to the peer, which takes them as it pleases."""
        self.unread += data
        while self.unread and len(buffer := self.peer.receive_buffer()):
            count = min(len(buffer), len(self.unread), self.step or len(buffer))
            buffer[:count] = self.unread[:count]
            self.unread = self.unread[count:]
            self.peer.received(count, self.server.now, self.server.tick)

    def take_bytes(self) -> bytes:
        """All that the peer sends, the turn of the shard included."""
        self.server.shard.turn()
        data = bytes(self.peer.send_buffer())
        if data:
            self.peer.sent(len(data), self.server.tick)
        return data

    def take(self) -> list[Incoming]:
        """What came: methods, each with its content, and heartbeats."""
        received: list[Incoming] = []
        size = {}
        for frame in self._frames.receive(self.take_bytes()):
            if frame.type == frames.METHOD:
                received.append(Incoming(frame.channel, decode_method_payload(frame.payload)))
            elif frame.type == frames.HEARTBEAT:
                received.append(Incoming(frame.channel, None))
            elif frame.type == frames.HEADER:
                header = frames.decode_content_header(frame.payload)
                size[frame.channel] = header.body_size
                properties = decode_properties(header.properties)
                received[-1] = received[-1]._replace(body=b"", properties=properties)
            else:
                assert received[-1].channel == frame.channel, "our frames are not interleaved"
                received[-1] = received[-1]._replace(body=received[-1].body + frame.payload)
        for message in received:
            assert message.body is None or message.channel in size
        return received

    def send(self, *methods: Method, channel: int = 1) -> list[Incoming]:
        self.put(b"".join(encode_method(channel, method) for method in methods))
        return self.take()

    def call(self, method: Method, channel: int = 1) -> Method | None:
        """Sends a method and returns what comes: one method, on the same channel."""
        ((number, reply, *_),) = self.send(method, channel=channel)
        assert number == channel
        return reply

    def publication(
        self,
        exchange: str,
        routing_key: str,
        body: bytes = b"",
        *,
        channel: int = 1,
        mandatory: bool = False,
        properties: BasicProperties | None = None,
    ) -> bytes:
        """The frames of a message."""
        method = BasicPublish(exchange=exchange, routing_key=routing_key, mandatory=mandatory)
        encoded = encode_properties(properties or BasicProperties())
        content = frames.encode_content(channel, encoded, body, frame_max=self.frame_max)
        return encode_method(channel, method) + content

    def publish(self, *names: str | bytes, **options: object) -> list[Incoming]:
        """Sends what `publication` makes."""
        self.put(self.publication(*names, **options))
        return self.take()

    def fill(self, queue: str, count: int) -> None:
        """Publishes the bodies b"0", b"1", ..."""
        for number in range(count):
            self.publish("", queue, str(number).encode())

    def refused(self, method: Method, channel: int = 1) -> tuple[int, str, int, int]:
        """What a soft error says: code, text, class and method."""
        close = self.call(method, channel)
        assert isinstance(close, ChannelClose), close
        return close.reply_code, close.reply_text, close.class_id, close.method_id

    def ended(self, method: Method, channel: int = 1) -> tuple[int, str, int, int]:
        """What a hard error says: code, text, class and method."""
        ((number, close, *_),) = self.send(method, channel=channel)
        return closed(Incoming(number, close))

    def wait(self, milliseconds: int) -> list[Incoming]:
        """Time goes by; deadlines are kept on the way."""
        until = self.server.tick + milliseconds
        while (deadline := self.peer.deadline()) is not None and deadline <= until:
            self.server.tick = deadline
            self.peer.due(self.server.now, deadline)
            assert self.peer.deadline() != deadline, "a deadline that was kept comes again"
        self.server.tick = until
        return self.take()


def closed(message: Incoming) -> tuple[int, str, int, int]:
    """What a connection.close says."""
    assert message.channel == 0
    assert isinstance(message.method, ConnectionClose), message.method
    close = message.method
    return close.reply_code, close.reply_text, close.class_id, close.method_id
