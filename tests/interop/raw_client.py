"""A client of nothing but a socket and `struct`, to say what no library would.

It shares no code with Leveret, so that a mistake in the wire layer cannot hide in both.

    0      1         3             7                  size+7 size+8
    +------+---------+-------------+------------------+-----+
    | type | channel | size        | payload          | CE  |
    +------+---------+-------------+------------------+-----+
"""

import socket
import struct
from types import TracebackType
from typing import NamedTuple, Self

from pika import URLParameters

PROTOCOL_HEADER = b"AMQP\x00\x00\x09\x01"
METHOD, HEADER, BODY, HEARTBEAT = 1, 2, 3, 8
FRAME_END = b"\xce"
ANSWER_SECONDS_MAX = 10

START, START_OK = (10, 10), (10, 11)
TUNE, TUNE_OK = (10, 30), (10, 31)
OPEN, OPEN_OK = (10, 40), (10, 41)
CLOSE, CLOSE_OK = (10, 50), (10, 51)
CHANNEL_OPEN, CHANNEL_OPEN_OK = (20, 10), (20, 11)
CHANNEL_CLOSE, CHANNEL_CLOSE_OK = (20, 40), (20, 41)
EXCHANGE_DECLARE = (40, 10)
QUEUE_DECLARE, QUEUE_DECLARE_OK = (50, 10), (50, 11)
QUEUE_BIND = (50, 20)
QUEUE_DELETE, QUEUE_DELETE_OK = (50, 40), (50, 41)
QOS = (60, 10)
CONSUME, CONSUME_OK = (60, 20), (60, 21)
CANCEL, CANCEL_OK = (60, 30), (60, 31)
PUBLISH, DELIVER = (60, 40), (60, 60)
GET, GET_OK, GET_EMPTY = (60, 70), (60, 71), (60, 72)
ACK = (60, 80)
CONFIRM_SELECT, CONFIRM_SELECT_OK = (85, 10), (85, 11)


class Frame(NamedTuple):
    type: int
    channel: int
    payload: bytes

    @property
    def method(self) -> tuple[int, int]:
        assert self.type == METHOD, self
        return struct.unpack_from(">HH", self.payload)

    @property
    def arguments(self) -> bytes:
        return self.payload[4:]


class Closed(NamedTuple):
    """The arguments of connection.close and channel.close."""

    code: int
    text: str
    method: tuple[int, int]

    @classmethod
    def of(cls, frame: Frame) -> Self:
        code, length = struct.unpack_from(">HB", frame.arguments)
        text = frame.arguments[3 : 3 + length].decode()
        return cls(code, text, struct.unpack_from(">HH", frame.arguments, 3 + length))


def shortstr(text: str | bytes) -> bytes:
    data = text.encode() if isinstance(text, str) else text
    return bytes([len(data)]) + data


def longstr(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data


def frame(kind: int, channel: int, payload: bytes) -> bytes:
    return struct.pack(">BHI", kind, channel, len(payload)) + payload + FRAME_END


def method(channel: int, method_id: tuple[int, int], arguments: bytes = b"") -> bytes:
    return frame(METHOD, channel, struct.pack(">HH", *method_id) + arguments)


def declare(channel: int, queue: str, *, arguments: bytes = b"") -> bytes:
    """queue.declare of an exclusive queue."""
    bits = b"\x04"
    return method(channel, QUEUE_DECLARE, b"\0\0" + shortstr(queue) + bits + longstr(arguments))


def publish(channel: int, routing_key: str, *, exchange: str = "", bits: int = 0) -> bytes:
    """basic.publish without its content."""
    names = shortstr(exchange) + shortstr(routing_key)
    return method(channel, PUBLISH, b"\0\0" + names + bytes([bits]))


def header(channel: int, size: int, *, class_id: int = 60, properties: bytes = b"\0\0") -> bytes:
    return frame(HEADER, channel, struct.pack(">HHQ", class_id, 0, size) + properties)


def message(channel: int, routing_key: str, *bodies: bytes) -> bytes:
    """basic.publish to the default exchange, the bodies each in a frame of its own."""
    frames = [frame(BODY, channel, body) for body in bodies]
    size = sum(len(body) for body in bodies)
    return publish(channel, routing_key) + header(channel, size) + b"".join(frames)


def get(channel: int, queue: str) -> bytes:
    return method(channel, GET, b"\0\0" + shortstr(queue) + b"\1")


def consume(channel: int, queue: str, tag: str, *, bits: int) -> bytes:
    """basic.consume; bits: 1 no-local, 2 no-ack, 4 exclusive, 8 nowait."""
    names = shortstr(queue) + shortstr(tag)
    return method(channel, CONSUME, b"\0\0" + names + bytes([bits]) + longstr(b""))


def start_ok(
    *, response: bytes = b"\0guest\0guest", mechanism: str = "PLAIN", properties: bytes = b""
) -> bytes:
    arguments = longstr(properties) + shortstr(mechanism) + longstr(response) + shortstr("en_US")
    return method(0, START_OK, arguments)


def tune_ok(*, channel_max: int = 2047, frame_max: int = 131072, heartbeat: int = 0) -> bytes:
    return method(0, TUNE_OK, struct.pack(">HIH", channel_max, frame_max, heartbeat))


def open_connection(virtual_host: str = "/") -> bytes:
    return method(0, OPEN, shortstr(virtual_host) + b"\0\0")


def open_channel(channel: int) -> bytes:
    return method(channel, CHANNEL_OPEN, b"\0")


class RawClient:
    def __init__(self, url: str) -> None:
        parameters = URLParameters(url)
        address = (parameters.host, parameters.port)
        self.socket = socket.create_connection(address, timeout=ANSWER_SECONDS_MAX)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.received = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.socket.close()

    def send(self, *data: bytes) -> None:
        self.socket.sendall(b"".join(data))

    def _receive(self, size: int) -> bytes:
        while len(self.received) < size:
            data = self.socket.recv(65536)
            if not data:
                raise EOFError(f"closed by the broker, after {self.received!r}")
            self.received += data
        taken, self.received = self.received[:size], self.received[size:]
        return taken

    def receive_rest(self) -> bytes:
        """Everything until the broker closes its end."""
        rest, self.received = self.received, b""
        try:
            while data := self.socket.recv(65536):
                rest += data
        except ConnectionResetError:
            pass  # the same, with unread data on the broker's side
        return rest

    def receive_frame(self) -> Frame:
        kind, channel, size = struct.unpack(">BHI", self._receive(7))
        payload = self._receive(size)
        assert self._receive(1) == FRAME_END
        return Frame(kind, channel, payload)

    def expect(self, method_id: tuple[int, int], channel: int = 0) -> Frame:
        received = self.receive_frame()
        assert (received.method, received.channel) == (method_id, channel), describe(received)
        return received

    def receive_content(self, channel: int) -> bytes:
        """The header and body frames that follow a method; gives the body."""
        head = self.receive_frame()
        assert (head.type, head.channel) == (HEADER, channel), head
        (size,) = struct.unpack_from(">Q", head.payload, 4)
        body = b""
        while len(body) < size:
            part = self.receive_frame()
            assert (part.type, part.channel) == (BODY, channel), part
            body += part.payload
        return body

    def receive_message(self, channel: int) -> bytes:
        """The body of what basic.get gives."""
        self.expect(GET_OK, channel)
        return self.receive_content(channel)

    def expect_close(self) -> Closed:
        """connection.close, answered as it must be."""
        closed = Closed.of(self.expect(CLOSE))
        self.send(method(0, CLOSE_OK))
        return closed

    def expect_closed(self) -> Closed:
        """The same, and the end of the stream; a client that sent no frame may wait for it."""
        closed = self.expect_close()
        assert self.receive_rest() == b""
        return closed

    def start(self) -> None:
        """As far as connection.tune."""
        self.send(PROTOCOL_HEADER)
        self.expect(START)
        self.send(start_ok())
        self.expect(TUNE)

    def open(self, *, channels: int = 1, **limits: int) -> None:
        """The whole handshake, and the first channels."""
        self.start()
        self.open_tuned(channels=channels, **limits)

    def open_tuned(self, *, channels: int = 1, **limits: int) -> None:
        """From connection.tune on; the limits are those of `tune_ok`."""
        self.send(tune_ok(**limits), open_connection())
        self.expect(OPEN_OK)
        for channel in range(1, channels + 1):
            self.send(open_channel(channel))
            self.expect(CHANNEL_OPEN_OK, channel)


def describe(received: Frame) -> str:
    if received.type == METHOD and received.method in (CLOSE, CHANNEL_CLOSE):
        return f"channel {received.channel}: {Closed.of(received)}"
    return str(received)
