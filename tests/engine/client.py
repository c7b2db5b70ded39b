"""A shard with clients: bytes in, what the client was sent out. No sockets, no broker.

world = World()                          a shard, a virtual host's routes
queue = world.queue(b"key")              a queue, bound by that routing key
client = world.connect()                 a connection with channel 1 open
client.publish(b"key", b"hello")
client.consume(queue)
world.turn()
client.events()                          -> [Message(channel=1, ..., body=b"hello")]
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from leveret.engine.amqp091.channel import Channel
from leveret.engine.amqp091.connection import Connection
from leveret.engine.amqp091.consumer import ChannelConsumer
from leveret.engine.chores import Chore
from leveret.engine.errors import PeerViolation
from leveret.engine.memory import Memory
from leveret.engine.queue import Queue
from leveret.engine.route import Exchange, Route, RouteCache
from leveret.engine.shard import Shard
from leveret.wire.amqp091.frames import (
    PROTOCOL_HEADER,
    Frame,
    FrameParser,
    decode_content_header,
    encode_content,
    encode_frame,
)

FRAME_MAX = 131072
CONNECTION_CLOSE = 10 << 16 | 50
CONNECTION_CLOSE_OK = 10 << 16 | 51
CHANNEL_OPEN = 20 << 16 | 10
CHANNEL_OPEN_OK = 20 << 16 | 11
CHANNEL_CLOSE = 20 << 16 | 40
CHANNEL_CLOSE_OK = 20 << 16 | 41
CONSUME = 60 << 16 | 20
PUBLISH = 60 << 16 | 40
DELIVER = 60 << 16 | 60
GET = 60 << 16 | 70
GET_OK = 60 << 16 | 71
ACK = 60 << 16 | 80
REJECT = 60 << 16 | 90
NACK = 60 << 16 | 120
CONFIRM_SELECT = 85 << 16 | 10
CONFIRM_SELECT_OK = 85 << 16 | 11

SOFT = {"not_found", "access_refused", "precondition_failed", "resource_locked"}
NO_PROPERTIES = b"\0\0"
NOW = 1_000_000


@dataclass(frozen=True, slots=True)
class Message:
    """basic.deliver, or basic.get-ok (`consumer` is None), with its content."""

    channel: int
    consumer: bytes | None
    delivery_tag: int
    redelivered: bool
    exchange: bytes
    routing_key: bytes
    properties: bytes
    body: bytes
    message_count: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """A confirm: `method` is ACK or NACK."""

    channel: int
    method: int
    delivery_tag: int
    multiple: bool


@dataclass(frozen=True, slots=True)
class Other:
    """Any other method."""

    channel: int
    method: int
    arguments: bytes


Event = Message | Answer | Other


# What a client sends


def method_frame(channel: int, method: int, arguments: bytes = b"") -> bytes:
    return encode_frame(1, channel, struct.pack("!I", method) + arguments)


def short_string(text: bytes) -> bytes:
    return bytes((len(text),)) + text


def publish_frame(
    routing_key: bytes, *, channel: int = 1, exchange: bytes = b"", flags: int = 0
) -> bytes:
    names = short_string(exchange) + short_string(routing_key)
    return method_frame(channel, PUBLISH, b"\0\0" + names + bytes((flags,)))


def header_frame(size: int, properties: bytes = NO_PROPERTIES, *, channel: int = 1) -> bytes:
    return encode_frame(2, channel, struct.pack("!HHQ", 60, 0, size) + properties)


def body_frame(part: bytes, *, channel: int = 1) -> bytes:
    return encode_frame(3, channel, part)


def message(
    routing_key: bytes,
    body: bytes,
    properties: bytes = NO_PROPERTIES,
    *,
    channel: int = 1,
    exchange: bytes = b"",
    mandatory: bool = False,
    frame_max: int = FRAME_MAX,
) -> bytes:
    method = publish_frame(routing_key, channel=channel, exchange=exchange, flags=mandatory)
    return method + encode_content(channel, properties, body, frame_max=frame_max)


def ack_frame(tag: int, *, multiple: bool = False, channel: int = 1) -> bytes:
    return method_frame(channel, ACK, struct.pack("!QB", tag, multiple))


def nack_frame(
    tag: int, *, multiple: bool = False, requeue: bool = True, channel: int = 1
) -> bytes:
    return method_frame(channel, NACK, struct.pack("!QB", tag, multiple | requeue << 1))


def reject_frame(tag: int, *, requeue: bool = True, channel: int = 1) -> bytes:
    return method_frame(channel, REJECT, struct.pack("!QB", tag, requeue))


# What a client is sent


def events_of(frames: list[Frame]) -> list[Event]:
    rest = iter(frames)
    return [event_of(frame, rest) for frame in rest]


def event_of(frame: Frame, rest: Iterator[Frame]) -> Event:
    assert frame.type == 1, f"content without a method: {frame}"
    method = int.from_bytes(frame.payload[:4], "big")
    arguments = frame.payload[4:]
    if method in (ACK, NACK):
        tag, flags = struct.unpack("!QB", arguments)
        return Answer(frame.channel, method, tag, bool(flags))
    if method in (DELIVER, GET_OK):
        return message_of(frame.channel, method, arguments, rest)
    return Other(frame.channel, method, arguments)


def message_of(channel: int, method: int, arguments: bytes, rest: Iterator[Frame]) -> Message:
    consumer = None
    if method == DELIVER:
        consumer, arguments = cut_short_string(arguments)
    tag, redelivered = struct.unpack_from("!Q?", arguments)
    exchange, arguments = cut_short_string(arguments[9:])
    routing_key, arguments = cut_short_string(arguments)
    count = int.from_bytes(arguments, "big")
    properties, body = content_of(channel, rest)
    names = exchange, routing_key
    return Message(channel, consumer, tag, redelivered, *names, properties, body, count)


def cut_short_string(data: bytes) -> tuple[bytes, bytes]:
    end = 1 + data[0]
    return data[1:end], data[end:]


def content_of(channel: int, rest: Iterator[Frame]) -> tuple[bytes, bytes]:
    header = next(rest)
    assert (header.type, header.channel) == (2, channel)
    size, properties = decode_content_header(header.payload)
    body = b""
    while len(body) < size:
        part = next(rest)
        assert (part.type, part.channel) == (3, channel)
        body += part.payload
    assert len(body) == size
    return properties, body


# Both ends


class World:
    """A shard, and a virtual host whose routing keys lead to `bound`'s queues."""

    def __init__(
        self, memory: Memory | None = None, *, journal: bool = False, shard: Shard | None = None
    ) -> None:
        self.shard = shard or Shard(1, memory, journal=journal)
        self.routes = RouteCache(1)
        self.exchange = Exchange()
        self.bound: dict[bytes, list[Queue]] = {}

    def queue(self, *routing_keys: bytes) -> Queue:
        queue = self.shard.open_queue()
        for routing_key in routing_keys:
            self.bound.setdefault(routing_key, []).append(queue)
        self.exchange.changed()
        return queue

    def kept_queue(self, *routing_keys: bytes, everything: bool = False) -> Queue:
        queue = self.queue(*routing_keys)
        self.shard.keep_queue(queue, everything=everything)
        return queue

    def close_queue(self, queue: Queue) -> None:
        """As a broker does it: no route leads there any more."""
        self.shard.close_queue(queue)
        for queues in self.bound.values():
            if queue in queues:
                queues.remove(queue)
        self.exchange.changed()

    def limit(self, queue: Queue, ready_count: int | None) -> None:
        """The queue refuses more ready messages than that."""
        rules = self.shard.rulebook.rules_of(queue)
        rules.limit_length(count_max=ready_count, bytes_max=None, refusing=True)

    def connect(self, *, frame_max: int = FRAME_MAX) -> "Client":
        client = Client(self)
        client.connection.tune(frame_max, 0)
        client.send(PROTOCOL_HEADER)
        client.open_channel(1)
        return client

    def turn(self) -> None:
        """All turns that are pending."""
        while self.shard.pending:
            self.shard.turn()


class Client:
    """One connection, and the control plane that a broker would have behind it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.parser = FrameParser(frame_max=2 * FRAME_MAX)
        self.headers: list[bytes] = []
        self.methods: list[tuple[int, int, bytes]] = []
        self.violations: list[PeerViolation] = []
        self.returns: list[tuple[int, bytes, bytes, bytes, bytes]] = []
        self.routed: list[tuple[int, bytes, bytes]] = []
        self.looked_into: list[tuple[int, bytes, bytes, bytes, bytes]] = []
        self.by_content: Callable[[bytes], tuple[list[Queue], bytes]] | None = None
        self.on_method: dict[int, Callable[[int, bytes], None]] = {
            CONNECTION_CLOSE: self._close,
            CHANNEL_OPEN: self._open_channel,
            CHANNEL_CLOSE: self._close_channel,
            CONFIRM_SELECT: self._select_confirm,
        }
        self.connection = Connection(world.shard, self, self)
        self.connection.enter(world.routes)

    # The client

    def send(self, data: bytes, *, step: int = 1 << 20) -> None:
        """Has the broker receive `data`, at most `step` bytes at a time."""
        assert not self.offer(data, step=step), "the connection is paused"

    def offer(self, data: bytes, *, step: int = 1 << 20) -> bytes:
        """The same, as far as the broker takes it; returns the rest."""
        rest = memoryview(data)
        while rest:
            room = self.connection.receive_buffer()
            count = min(len(room), len(rest), step)
            if not count:
                break
            room[:count] = rest[:count]
            self.connection.received(count, NOW)
            rest = rest[count:]
        return bytes(rest)

    def publish(
        self,
        routing_key: bytes,
        body: bytes = b"",
        properties: bytes = NO_PROPERTIES,
        **options: Any,
    ) -> None:
        self.send(message(routing_key, body, properties, **options))

    def take(self, count: int = 1 << 40) -> bytes:
        """Takes at most `count` bytes of what there is for the client."""
        taken = bytearray()
        while count and (pending := self.connection.send_buffer()):
            taken += pending[:count]
            sent = len(pending[:count])
            del pending
            self.connection.sent(sent)
            count -= sent
        return bytes(taken)

    def take_turns(self) -> bytes:
        """Takes what there is, turn for turn, until there is no more: an output can be full."""
        taken = b""
        while self.world.shard.pending or len(self.connection.send_buffer()):
            self.world.turn()
            taken += self.take()
        return taken

    def events(self) -> list[Event]:
        """What it was sent since the last call; what is incomplete comes with the next."""
        return events_of(self.parser.receive(self.take()))

    def messages(self) -> list[Message]:
        return [event for event in self.events() if isinstance(event, Message)]

    def bodies(self) -> list[bytes]:
        return [event.body for event in self.messages()]

    def tags(self) -> list[int]:
        return [event.delivery_tag for event in self.messages()]

    # What a broker does for it

    def open_channel(self, number: int) -> Channel:
        return self.connection.open_channel(number)

    def channel(self, number: int = 1) -> Channel:
        channel = self.connection.channel(number)
        assert channel is not None
        return channel

    def consume(
        self,
        queue: Queue,
        *,
        channel: int = 1,
        tag: bytes = b"tag",
        no_ack: bool = False,
        prefetch: int = 0,
        priority: int = 0,
    ) -> ChannelConsumer:
        return self.channel(channel).consume(queue, tag, no_ack, prefetch, priority)

    def violation(self) -> tuple[str, str, int, int]:
        """The one rule that the client has broken."""
        (error,) = self.violations
        return error.kind, error.text, error.channel, error.method

    # The control plane, as the connection calls it

    def protocol_header(self, header: bytes) -> None:
        self.headers.append(header)

    def method(self, channel: int, method: int, arguments: bytes) -> None:
        self.methods.append((channel, method, arguments))
        if handler := self.on_method.get(method):
            handler(channel, arguments)

    def route(self, channel: int, exchange: bytes, routing_key: bytes) -> Route:
        self.routed.append((channel, exchange, routing_key))
        if exchange == b"missing":
            raise PeerViolation("not_found", "no exchange 'missing' in vhost '/'", channel, PUBLISH)
        queues = [queue.number for queue in self.world.bound.get(routing_key, [])]
        if exchange == b"by content":
            route = Route(self.world.exchange, (), by_content=True)
        else:
            route = Route(self.world.exchange, queues)
        self.world.routes.put(exchange, routing_key, route)
        return route

    def route_content(
        self,
        channel: int,
        exchange: bytes,
        routing_key: bytes,
        properties: bytes,
        body: memoryview,
    ) -> tuple[Route, bytes]:
        """By the rule that the test has set: properties -> queues, properties to go on with."""
        self.looked_into.append((channel, exchange, routing_key, properties, bytes(body)))
        assert self.by_content is not None
        queues, properties = self.by_content(properties)
        return Route(self.world.exchange, [queue.number for queue in queues]), properties

    def check_copies(self, channel: int, properties: bytes) -> None:
        assert self.by_content is not None
        self.by_content(properties)

    def returned(
        self, channel: int, exchange: bytes, routing_key: bytes, properties: bytes, body: bytes
    ) -> None:
        self.returns.append((channel, exchange, routing_key, properties, body))

    def began(self, chore: Chore) -> None:
        self.connection.pause()
        chore.when_done(lambda: self.connection.resume(NOW))

    def violated(self, error: Exception) -> None:
        if not isinstance(error, PeerViolation):
            raise error
        self.violations.append(error)
        if error.kind in SOFT:
            self.connection.fail_channel(error.channel)
        else:
            self.connection.drain()

    def _close(self, _channel: int, _arguments: bytes) -> None:
        self.connection.drain()
        self.connection.write(method_frame(0, CONNECTION_CLOSE_OK))

    def _open_channel(self, channel: int, _arguments: bytes) -> None:
        self.connection.open_channel(channel)
        self.connection.write(method_frame(channel, CHANNEL_OPEN_OK, bytes(4)))

    def _close_channel(self, channel: int, _arguments: bytes) -> None:
        self.connection.close_channel(channel)
        self.connection.write(method_frame(channel, CHANNEL_CLOSE_OK))

    def _select_confirm(self, channel: int, _arguments: bytes) -> None:
        self.channel(channel).select_confirm()
        self.connection.write(method_frame(channel, CONFIRM_SELECT_OK))
