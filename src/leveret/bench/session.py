"""A connection and its one channel, spoken to synchronously until the load begins."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from contextlib import suppress
from typing import TypeVar

from leveret.bench.errors import BenchError
from leveret.bench.uri import Address
from leveret.wire.amqp091.errors import ProtocolError
from leveret.wire.amqp091.frames import HEARTBEAT, METHOD, PROTOCOL_HEADER, Frame, FrameParser
from leveret.wire.amqp091.methods import (
    BasicCancel,
    ChannelClose,
    ChannelOpen,
    ChannelOpenOk,
    ConnectionBlocked,
    ConnectionClose,
    ConnectionCloseOk,
    ConnectionOpen,
    ConnectionOpenOk,
    ConnectionStart,
    ConnectionStartOk,
    ConnectionTune,
    ConnectionTuneOk,
    ConnectionUnblocked,
    Method,
    decode_method_payload,
    encode_method,
)

CHANNEL = 1
FRAME_MAX = 131072
CHANNEL_MAX = 2047
SECONDS_MAX = 10  # for each answer
DISCARD_BYTES = 1 << 18
ENVELOPE_BYTES = 7
CAPABILITIES = {
    "publisher_confirms": True,
    "basic.nack": True,
    "consumer_cancel_notify": True,
    "connection.blocked": True,
    "authentication_failure_close": True,
}

M = TypeVar("M", bound=Method)


class Session:
    """Logged in, with channel 1 open. `socket` is the caller's once the load begins.

    `heartbeat_s` 0: none are exchanged. Else to send them is the caller's task.
    """

    def __init__(self, address: Address, *, heartbeat_s: int = 0) -> None:
        self.address = address
        self.heartbeat_s = heartbeat_s
        self.blocked = False
        self.frame_max = FRAME_MAX
        self.socket = _connect(address)
        self._parser = FrameParser(frame_max=FRAME_MAX)
        try:
            self._log_in()
            self.call(ChannelOpen(), ChannelOpenOk)
        except BaseException:
            self.socket.close()
            raise

    def call(self, method: Method, reply: type[M], channel: int = CHANNEL) -> M:
        """Sends one method and waits for its reply."""
        return self.call_all([method], reply, channel)[0]

    def call_all(
        self, methods: Sequence[Method], reply: type[M], channel: int = CHANNEL
    ) -> list[M]:
        """Sends methods in one go, and waits for a reply to each."""
        self._send(b"".join(encoded(method, channel) for method in methods))
        return [self._wait(reply) for _ in methods]

    def tell(self, method: Method) -> None:
        """Sends one method that has no reply."""
        self._send(encoded(method))

    def take(self, frame: bytes) -> None:
        """A frame that came between the load's. BenchError if it ends the run."""
        for parsed in self._parse(frame):
            self._take(parsed)

    def close(self) -> None:
        """Says goodbye, and discards what is still on its way."""
        closing = ConnectionClose(reply_code=200, reply_text="goodbye")
        closed = encode_method(0, ConnectionCloseOk())
        tail = b""
        with self.socket, suppress(OSError):  # it may have gone already, which is as good
            self.socket.settimeout(SECONDS_MAX)
            self.socket.sendall(encode_method(0, closing))
            while not tail.endswith(closed) and (received := self.socket.recv(DISCARD_BYTES)):
                tail = (tail + received)[-len(closed) :]

    def _log_in(self) -> None:
        self._send(PROTOCOL_HEADER)
        self._wait(ConnectionStart)
        address = self.address
        response = b"\0" + address.user.encode() + b"\0" + address.password.encode()
        self._send(
            encode_method(
                0,
                ConnectionStartOk(
                    client_properties={"product": "leveret bench", "capabilities": CAPABILITIES},
                    mechanism="PLAIN",
                    response=response,
                    locale="en_US",
                ),
            )
        )
        try:
            tune = self._wait(ConnectionTune)
        except ConnectionLost as error:
            text = f"{error} during the login: is the password of {address.user!r} right?"
            raise BenchError(text) from None
        self.frame_max = min(tune.frame_max or FRAME_MAX, FRAME_MAX)
        channel_max = min(tune.channel_max or CHANNEL_MAX, CHANNEL_MAX)
        tune_ok = ConnectionTuneOk(
            channel_max=channel_max, frame_max=self.frame_max, heartbeat=self.heartbeat_s
        )
        self._send(encode_method(0, tune_ok))
        self.call(ConnectionOpen(virtual_host=address.virtual_host), ConnectionOpenOk, channel=0)

    def _leave(self) -> None:
        """Answers the broker's goodbye."""
        with suppress(OSError):  # the broker may have gone already
            self.socket.sendall(encode_method(0, ConnectionCloseOk()))
        self.socket.close()

    def _send(self, data: bytes) -> None:
        try:
            self.socket.sendall(data)
        except OSError as error:
            raise ConnectionLost(f"the connection was lost: {error}") from None

    def _wait(self, kind: type[M]) -> M:
        while True:
            for frame in self._parse(self._read_frame()):
                method = self._take(frame)
                if isinstance(method, kind):
                    return method

    def _read_frame(self) -> bytes:
        """Exactly one frame: what follows it may be the load's."""
        envelope = self._read(ENVELOPE_BYTES)
        if envelope.startswith(b"AMQP"):
            raise BenchError(f"{self.address.host}:{self.address.port} speaks no AMQP 0-9-1")
        return envelope + self._read(int.from_bytes(envelope[3:7], "big") + 1)

    def _read(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            try:
                received = self.socket.recv(count - len(data))
            except TimeoutError:
                raise BenchError(f"no answer from the broker in {SECONDS_MAX} s") from None
            except OSError as error:
                raise ConnectionLost(f"the connection was lost: {error}") from None
            if not received:
                raise ConnectionLost("the broker closed the connection")
            data += received
        return data

    def _parse(self, data: bytes) -> list[Frame]:
        try:
            return self._parser.receive(data)
        except ProtocolError as error:
            raise BenchError(f"the broker sent a bad frame: {error.text}") from None

    def _take(self, frame: Frame) -> Method | None:
        if frame.type == HEARTBEAT:
            return None
        if frame.type != METHOD:
            raise BenchError(f"the broker sent a frame of type {frame.type} out of turn")
        method = decode_method_payload(frame.payload)
        if isinstance(method, ConnectionClose):
            self._leave()
        if isinstance(method, ConnectionClose | ChannelClose):
            raise BenchError(f"the broker answered {method.reply_code} {method.reply_text}")
        if isinstance(method, BasicCancel):
            raise BenchError("the broker cancelled a consumer: its queue has gone")
        if isinstance(method, ConnectionBlocked | ConnectionUnblocked):
            self.blocked = isinstance(method, ConnectionBlocked)
        return method


class ConnectionLost(BenchError):
    """The broker closed the connection without saying why."""


def encoded(method: Method, channel: int = CHANNEL) -> bytes:
    """The method's frame; BenchError for values that no frame can hold."""
    try:
        return encode_method(channel, method)
    except (TypeError, ValueError) as error:
        raise BenchError(f"{type(method).__name__}: {error}") from None


def _connect(address: Address) -> socket.socket:
    where = f"{address.host}:{address.port}"
    try:
        connected = socket.create_connection((address.host, address.port), timeout=SECONDS_MAX)
    except ConnectionRefusedError:
        raise BenchError(f"nothing listens on {where}: is the broker running?") from None
    except OSError as error:
        raise BenchError(f"no connection to {where}: {error}") from None
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connected
