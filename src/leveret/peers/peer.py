"""The face of a peer, whatever its protocol: what the server does sockets and clocks for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from leveret.broker.statistics import ChannelStatistics, PeerStatistics


class Peer(Protocol):
    """`now` is the date and `tick` the monotonic time, both in milliseconds.

    A peer that has something to send is announced by the shard (`take_outputs`), by its owner; so
    is one that can be read again (`take_resumed`).
    """

    @property
    def finished(self) -> bool:
        """The connection is over: close the socket once `send_buffer` is empty."""

    def receive_buffer(self) -> memoryview:
        """Where the next bytes received go; empty while none are to be read."""

    def received(self, count: int, now: int, tick: int) -> bool:
        """So many bytes were put there; 0: the other side has closed its end.

        True: they were a flood, and more of it should wait until others have been heard.
        """

    def go_on(self, now: int, tick: int) -> None:
        """Handle what was received and could not be handled then, if it can be now.

        Called after the shard has named the peer among the resumed.
        """

    def block(self, reason: str) -> None:
        """Memory is short, and the peer publishes: tell it, if it can take that.

        It is not read while memory is full. May be called again.
        """

    def unblock(self, now: int, tick: int) -> None:
        """Memory is not short any more: tell it, and go on with it."""

    @property
    def is_held(self) -> bool:
        """It is not read because memory is full."""

    @property
    def holds_deliveries(self) -> bool:
        """There is something to acknowledge, which would make room."""

    def closes(self, unread: bytes) -> bool:
        """Whether a peer that is held wants to go, as `unread` or what was received says."""

    def trickle(self, count: int, now: int, tick: int) -> memoryview:
        """Let about so many bytes through although it is held; `received` may follow."""

    def send_buffer(self) -> memoryview:
        """What is to be sent; empty if there is nothing."""

    def sent(self, count: int, tick: int) -> None:
        """So many bytes of `send_buffer` have been sent."""

    def deadline(self) -> int | None:
        """The tick at which `due` is to be called, whatever else happens; None: never."""

    def due(self, now: int, tick: int) -> None:
        """The deadline has come: send a heartbeat, or give up on a silent client."""

    def statistics(self) -> PeerStatistics:
        """What an operator may want to know of it."""

    def channel_statistics(self) -> Iterable[ChannelStatistics]:
        """The same of each of its channels."""

    def shut_down(self, text: str) -> None:
        """Ask the client to go, and say why."""

    def lost(self) -> None:
        """The socket is closed: give back all that the client held. May be called again."""
