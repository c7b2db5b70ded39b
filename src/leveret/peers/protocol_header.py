"""A new connection: its first eight bytes say which protocol it speaks.

    AMQP 0 0 9 1    AMQP 0-9-1
    AMQP 1 1 0 9    AMQP 0-9, which a client of 0-9-1 is meant by
    others          refused, with the header of a protocol that is spoken here

A new protocol is an entry in PROTOCOLS.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Final

from leveret.peers.amqp091 import connection as amqp091
from leveret.peers.peer import Peer
from leveret.peers.service import Service
from leveret.peers.timing import HANDSHAKE_TIMEOUT

if TYPE_CHECKING:
    from leveret.broker.statistics import ChannelStatistics, PeerStatistics

HEADER_BYTES: Final = 8
NEW: Final = "pre_init"  # what RabbitMQ calls the state before the header has come

PROTOCOLS: Final[Mapping[bytes, Callable[..., Peer]]] = {
    header: amqp091.Connection for header in amqp091.PROTOCOL_HEADERS
}
REFUSING: Final[Callable[..., Peer]] = amqp091.Connection  # it answers any header but its own so


class Newcomer:
    """A peer that becomes another with its eighth byte.

    `owner` is the name under which the shard announces its output. `refusal` is for a connection
    too many: the reason that it is given when it has logged in.
    """

    def __init__(
        self,
        service: Service,
        *,
        owner: object,
        is_loopback: bool,
        tick: int,
        refusal: str | None = None,
    ) -> None:
        self._service = service
        self._owner = owner
        self._is_loopback = is_loopback
        self._refusal = refusal
        self._deadline = tick + service.settings.handshake_ms
        self._header = bytearray(HEADER_BYTES)
        self._count = 0
        self._finished = False
        self._peer: Peer | None = None

    @property
    def successor(self) -> Peer | None:
        """The peer it has become: whoever holds both may leave the newcomer out."""
        return self._peer

    @property
    def finished(self) -> bool:
        return self._peer.finished if self._peer else self._finished

    def receive_buffer(self) -> memoryview:
        if self._peer:
            return self._peer.receive_buffer()
        return memoryview(self._header)[self._count :]

    def received(self, count: int, now: int, tick: int) -> bool:
        if self._peer:
            return self._peer.received(count, now, tick)
        self._finished = count == 0
        self._count += count
        if self._count == HEADER_BYTES:
            self._peer = self._choose(bytes(self._header), now, tick)
        return False

    def go_on(self, now: int, tick: int) -> None:
        if self._peer:
            self._peer.go_on(now, tick)

    def _choose(self, header: bytes, now: int, tick: int) -> Peer:
        make = PROTOCOLS.get(header, REFUSING)
        peer = make(
            self._service,
            owner=self._owner,
            is_loopback=self._is_loopback,
            deadline=self._deadline,
            refusal=self._refusal,
        )
        peer.receive_buffer()[:HEADER_BYTES] = header
        peer.received(HEADER_BYTES, now, tick)
        return peer

    def block(self, reason: str) -> None:
        """It has not published anything."""

    def unblock(self, now: int, tick: int) -> None:
        """It was not blocked."""

    @property
    def is_held(self) -> bool:
        return False

    @property
    def holds_deliveries(self) -> bool:
        return False

    def closes(self, unread: bytes) -> bool:
        return False

    def trickle(self, count: int, now: int, tick: int) -> memoryview:
        return memoryview(b"")

    def send_buffer(self) -> memoryview:
        return self._peer.send_buffer() if self._peer else memoryview(b"")

    def sent(self, count: int, tick: int) -> None:
        if self._peer:
            self._peer.sent(count, tick)

    def deadline(self) -> int | None:
        if self._peer:
            return self._peer.deadline()
        return None if self._finished else self._deadline

    def due(self, now: int, tick: int) -> None:
        if self._peer:
            self._peer.due(now, tick)
        elif tick >= self._deadline:
            self._service.journal.warning(self._owner, HANDSHAKE_TIMEOUT, "no protocol header")
            self._finished = True

    def statistics(self) -> PeerStatistics:
        if self._peer:
            return self._peer.statistics()
        # Not needed before somebody asks.
        from leveret.broker.statistics import PeerStatistics

        return PeerStatistics(state=NEW)

    def channel_statistics(self) -> Iterable[ChannelStatistics]:
        return self._peer.channel_statistics() if self._peer else ()

    def shut_down(self, text: str) -> None:
        if self._peer:
            self._peer.shut_down(text)
        else:
            self._finished = True

    def lost(self) -> None:
        self._finished = True
        if self._peer:
            self._peer.lost()
