"""A session whose other end is in the test."""

from __future__ import annotations

import socket
from typing import Any

from leveret.bench.session import Session


class LocalSession(Session):
    """Has no broker: `peer` is the other end of its socket. Keeps the frames it is given."""

    def __init__(self) -> None:
        self.socket, self.peer = socket.socketpair()
        self.socket.setblocking(False)
        self.peer.setblocking(False)
        self.taken: list[bytes] = []
        self.blocked = False

    def take(self, frame: bytes) -> None:
        self.taken.append(frame)

    def close(self) -> None:
        self.socket.close()

    def __enter__(self) -> LocalSession:
        return self

    def __exit__(self, *_: Any) -> None:
        self.socket.close()
        self.peer.close()
