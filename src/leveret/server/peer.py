"""The two faces the server sees of the layers below it: a peer, and the shard it belongs to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from leveret.server.address import Address


class Peer(Protocol):
    """One side of one connection, in whatever protocol: bytes in, bytes out.

    It has a hash of its own identity. Its memory is asked for anew before each use.
    """

    finished: bool
    """Nothing more to say: once `send_buffer()` is empty the socket may be closed."""

    def receive_buffer(self) -> memoryview:
        """Where to put what comes in; empty while nothing is to be read.

        Its size is the most that is read in one turn: 64 KB, so that a flood takes turns.
        """

    def received(self, count: int, now: int, tick: int) -> None:
        """So many bytes are in the receive buffer; 0: the other side has closed its end."""

    def send_buffer(self) -> memoryview:
        """All that is to be sent."""

    def sent(self, count: int, tick: int) -> None:
        """So many bytes of the send buffer have been sent."""

    def deadline(self) -> int | None:
        """The tick at which `due` is to be called. It comes nearer only by `received`."""

    def due(self, now: int, tick: int) -> None: ...

    def shut_down(self, text: str) -> None:
        """Tell the other side that the server ends the connection."""

    def lost(self) -> None:
        """The socket has gone: release everything. Nothing else is called afterwards."""


class Shard(Protocol):
    pending: bool
    """`turn` has something to do, now or after the next `sent`."""

    def turn(self) -> None:
        """Deliver what can be delivered."""

    def take_outputs(self) -> Sequence[object]:
        """The peers with new output since this was last asked."""


OpenPeer = Callable[[Address, int], Peer]
"""Makes the peer of a new connection from the address of the other side and the tick."""
