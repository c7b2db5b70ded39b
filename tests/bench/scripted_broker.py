"""A broker's side of a connection, played by a function on a thread of its own."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from leveret.bench.uri import Address
from leveret.wire.amqp091.frames import PROTOCOL_HEADER, Frame, FrameParser
from leveret.wire.amqp091.methods import (
    ChannelOpen,
    ChannelOpenOk,
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

M = TypeVar("M", bound=Method)


class Side:
    """What the script does to the client that has connected."""

    def __init__(self, connected: socket.socket) -> None:
        self.socket = connected
        self._parser = FrameParser(frame_max=131072)
        self._frames: list[Frame] = []

    def send(self, method: Method, channel: int = 1) -> None:
        self.socket.sendall(encode_method(channel, method))

    def expect(self, kind: type[M]) -> M:
        while not self._frames:
            received = self.socket.recv(65536)
            assert received, f"closed instead of {kind.__name__}"
            self._frames = self._parser.receive(received)
        method = decode_method_payload(self._frames.pop(0).payload)
        assert isinstance(method, kind), f"{method} instead of {kind.__name__}"
        return method

    def start(self) -> ConnectionStartOk:
        """Up to the client's login."""
        assert self.socket.recv(8) == PROTOCOL_HEADER
        start = ConnectionStart(
            version_major=0,
            version_minor=9,
            server_properties={},
            mechanisms=b"PLAIN",
            locales=b"en_US",
        )
        self.send(start, channel=0)
        return self.expect(ConnectionStartOk)

    def open(self, *, channel_max: int = 10, frame_max: int = 8192) -> ConnectionTuneOk:
        """Up to the open channel."""
        self.start()
        tune = ConnectionTune(channel_max=channel_max, frame_max=frame_max, heartbeat=60)
        self.send(tune, channel=0)
        tune_ok = self.expect(ConnectionTuneOk)
        self.expect(ConnectionOpen)
        self.send(ConnectionOpenOk(), channel=0)
        self.expect(ChannelOpen)
        self.send(ChannelOpenOk())
        return tune_ok


@contextmanager
def playing(script: Callable[[Side], None]) -> Iterator[Address]:
    """The address of a broker that plays `script` to its only client; fails as the script does."""
    failures: list[BaseException] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def play() -> None:
            try:
                connected, _ = listener.accept()
                connected.settimeout(5)
                with connected:
                    script(Side(connected))
            except BaseException as error:
                failures.append(error)

        thread = threading.Thread(target=play)
        thread.start()
        yield Address("127.0.0.1", listener.getsockname()[1], "guest", "guest", "/")
        thread.join()
    if failures:
        raise failures[0]
