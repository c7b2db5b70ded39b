"""One accepted socket and its peer.

    OPEN       bytes go both ways
      v        the peer has finished, or the other side has closed its end
    CLOSING    what is unsent goes out, what comes in is dropped
      v        all has been sent: our end is closed, the peer is released
    LINGERING  until the other side closes its end too, or the time is over
      v
    CLOSED     the socket has gone

Why it lingers: closing a socket with unread input resets it, and a reset overtakes the last thing
that was sent, which is the reason why the connection ends.

The socket object is held and not its descriptor: a descriptor that the system has given to
another connection is never touched. `number` is not used again either.
"""

from __future__ import annotations

import enum
import errno
import logging
import os
import socket
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from leveret.engine.errors import InvariantError
from leveret.peers.peer import Peer
from leveret.peers.protocol_header import Newcomer
from leveret.server.address import Address
from leveret.server.listener import address_of
from leveret.server.poll import ENDED, LOST, READ, WRITE
from leveret.server.probe import PEEK_BYTES, is_silent
from leveret.server.timers import NEVER

if TYPE_CHECKING:
    from leveret.broker.statistics import ChannelStatistics, ConnectionStatistics
    from leveret.server.selector import TurnSelector
    from leveret.server.turn import Turn

log = logging.getLogger(__name__)

DROP_BYTES = 64 * 1024
"""As much as any other read."""
LET_THROUGH_MAX = 1024 * 1024
"""Of what is before a goodbye: all that was received already, and as much as is looked at."""


class State(enum.Enum):
    OPEN = enum.auto()
    CLOSING = enum.auto()
    LINGERING = enum.auto()
    CLOSED = enum.auto()


# An enum's members take Python code to look up, which is much for each read.
OPEN, CLOSING, LINGERING, CLOSED = State


class Connection:
    """`closed` is called once, when the socket has gone. No method raises."""

    __slots__ = (
        "_closed",
        "_ended",
        "_floods",
        "_linger_ms",
        "_linger_until",
        "_newcomer",
        "_peer",
        "_peer_deadline",
        "_receive_buffer",
        "_received",
        "_recv_into",
        "_selector",
        "_send",
        "_send_buffer",
        "_sent",
        "_socket",
        "_turn",
        "_watched",
        "armed",
        "connected_at",
        "in_line",
        "number",
        "probed_tick",
        "ready",
        "remote",
        "state",
    )

    def __init__(
        self,
        number: int,
        sock: socket.socket,
        remote: Address,
        peer: Peer,
        *,
        turn: Turn,
        selector: TurnSelector,
        linger_ms: int,
        closed: Callable[[Connection], None],
    ) -> None:
        self.number = number
        self.remote = remote
        self.state = OPEN
        self.armed = NEVER
        self.connected_at = turn.now
        self.in_line = False
        self.ready = False
        self.probed_tick = 0
        self._closed = closed
        self._ended = False
        self._floods = False
        self._linger_ms = linger_ms
        self._linger_until = NEVER
        self._newcomer = peer if isinstance(peer, Newcomer) else None
        self._selector = selector
        self._socket = sock
        self._turn = turn
        self._watched = 0
        self._recv_into = sock.recv_into
        self._send = sock.send
        self._bind(peer)

    def start(self) -> None:
        """Take part in turns."""
        self._turn.connections[self.number] = self
        self._watch(READ)
        self._arm()

    def __str__(self) -> str:
        return f"connection {self.number} from {self.remote}"

    # What an operator may ask.

    @property
    def pid(self) -> str:
        return str(self.number)

    def statistics(self) -> ConnectionStatistics:
        from leveret.broker.statistics import ConnectionStatistics  # not before somebody asks

        peer = self._peer.statistics()
        local = address_of(self._socket.getsockname())
        heard = peer.heard_tick
        return ConnectionStatistics(
            pid=self.pid,
            peer_host=self.remote.host,
            peer_port=self.remote.port,
            host=local.host,
            port=local.port,
            connected_at=self.connected_at,
            idle_ms=None if heard is None else max(0, self._turn.tick - heard),
            peer=peer,
        )

    def address(self) -> dict[str, object]:
        """Its name, as RabbitMQ has it, and the ends of its socket; nothing if it is closed."""
        try:
            local = address_of(self._socket.getsockname())
        except OSError:
            return {}
        return {
            "name": f"{self.remote.host}:{self.remote.port} -> {local.host}:{local.port}",
            "host": local.host,
            "port": local.port,
            "peer_host": self.remote.host,
            "peer_port": self.remote.port,
            "connected_at": self.connected_at,
        }

    def channel_statistics(self) -> Iterable[ChannelStatistics]:
        return self._peer.channel_statistics()

    # What happens to it in a turn.

    def readable(self) -> None:
        """Read once; who floods waits in line for it."""
        if not self._floods:
            self.read()
            return
        self.ready = True
        if not self.in_line:
            self.in_line = True
            self._turn.floods.append(self)

    def read(self) -> int:
        """Read once; returns how many bytes."""
        self.ready = False
        if self.state is not OPEN:
            self._floods = False
            self._drop_input()
            return 0
        try:
            buffer = self._receive_buffer()
            if not buffer:
                self._rest()
                return 0
        except Exception as error:
            self._break(error)
            return 0
        return self._receive(buffer)

    def _receive(self, buffer: memoryview) -> int:
        turn = self._turn
        try:
            count = self._recv_into(buffer)
            self._floods = self._received(count, turn.now, turn.tick)
            if self._newcomer is not None:
                self._follow(self._newcomer)
            deadline = self._peer_deadline()
        except BlockingIOError:
            return 0
        except OSError as error:
            self._lose(error)
            return 0
        except Exception as error:
            self._break(error)
            return 0
        if deadline is not None and deadline < self.armed:
            self._arm()
        if count == 0:
            self._end()
        elif self._peer.finished:
            turn.touch(self)
        return count

    def flush(self) -> None:
        """Send, unless the socket is known to take nothing now."""
        if not self._watched & WRITE:
            self.writable()
        elif self._peer.finished:
            self._start_closing()

    def writable(self) -> None:
        """Send once."""
        if self.state is LINGERING or self.state is CLOSED:
            return
        try:
            buffer = self._send_buffer()
            size = len(buffer)
            if size:
                count = self._send(buffer)
                self._sent(count, self._turn.tick)
                if count < size:
                    self._watch(self._watched | WRITE)
                    return
        except BlockingIOError:
            self._watch(self._watched | WRITE)
            return
        except OSError as error:
            self._lose(error)
            return
        except Exception as error:
            self._break(error)
            return
        if self._watched & WRITE:
            self._watch(self._watched & ~WRITE)
        if self._peer.finished or self._ended:
            self._close_output()

    def resume(self) -> None:
        """Its peer could not be read for a while, and now can."""
        if self.state is not OPEN:
            return
        try:
            self._peer.go_on(self._turn.now, self._turn.tick)
        except Exception as error:
            self._break(error)
            return
        self._watch(self._watched & WRITE | READ)
        self._arm()
        if self._peer.finished:
            self._turn.touch(self)

    # While memory is full.

    @property
    def is_open(self) -> bool:
        return self.state is OPEN

    def block(self, reason: str) -> None:
        """Its peer publishes, and is told not to."""
        if self.state is OPEN:
            try:
                self._peer.block(reason)
            except Exception as error:
                self._break(error)

    def unblock(self) -> None:
        """Its peer may publish again."""
        if self.state is OPEN:
            try:
                self._peer.unblock(self._turn.now, self._turn.tick)
            except Exception as error:
                self._break(error)

    @property
    def may_make_room(self) -> bool:
        """It is not read, and among what it says could be acknowledgements."""
        return self.state is OPEN and self._peer.is_held and self._peer.holds_deliveries

    def trickle(self, count: int) -> None:
        """Let about so many bytes through."""
        try:
            buffer = self._peer.trickle(count, self._turn.now, self._turn.tick)
        except Exception as error:
            self._break(error)
            return
        if buffer:
            self._receive(buffer)
        elif self._peer.finished:
            self._turn.touch(self)

    def probe(self) -> None:
        """It is not read: find out whether the other side is there, and whether it wants to go."""
        if self.state is not OPEN or self._watched & READ:
            return
        try:
            if is_silent(self._socket):
                self._lose(OSError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT)))
                return
            unread = self._socket.recv(PEEK_BYTES, socket.MSG_PEEK)
        except BlockingIOError:
            unread = None
        except OSError as error:
            self._lose(error)
            return
        if unread == b"":
            self._end()
        else:
            self._hear_close(unread or b"")

    def _hear_close(self, unread: bytes) -> None:
        """Let what is unread through if the other side says goodbye in it."""
        try:
            closes = self._peer.is_held and self._peer.closes(unread)
        except Exception as error:
            self._break(error)
            return
        if closes:
            self.trickle(LET_THROUGH_MAX)

    def _hung_up(self) -> None:
        """It is not read, and the system says that the other side has closed its end or worse."""
        error = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error:
            self._lose(OSError(error, os.strerror(error)))
            return
        self.probe()
        if self.state is OPEN:
            self._end()

    # Its time.

    def deadline(self) -> int | None:
        """The tick at which `due` has something to do."""
        if self.state is CLOSED:
            return None
        if self.state is not OPEN:
            return self._linger_until
        try:
            return self._peer_deadline()
        except Exception as error:
            self._break(error)
            return None

    def due(self) -> None:
        """The deadline has come."""
        if self.state is not OPEN:
            self.close("the other side has not closed its end")
            return
        try:
            self._peer.due(self._turn.now, self._turn.tick)
        except Exception as error:
            self._break(error)
            return
        self._arm()
        self._turn.touch(self)

    # How it ends.

    def shut_down(self, text: str) -> None:
        """Have the peer say goodbye, with `text` as the reason."""
        if self.state is not OPEN:
            return
        try:
            self._peer.shut_down(text)
        except Exception as error:
            self._break(error)
            return
        self._arm()
        self._turn.touch(self)

    def close(self, reason: str) -> None:
        """Close the socket now, whatever is unsent."""
        if self.state is CLOSED:
            return
        self._release()
        self.state = CLOSED
        self._turn.timers.disarm(self)
        self._watch(0)
        self._socket.close()
        log.debug("%s closed: %s", self, reason)
        self._closed(self)

    def _end(self) -> None:
        """The other side has closed its end: no protocol here goes on with half a connection."""
        self._ended = True
        self._watch(self._watched & WRITE)
        self._start_closing()
        self._turn.touch(self)

    def _start_closing(self) -> None:
        if self.state is OPEN:
            self.state = CLOSING
            self._linger()

    def _close_output(self) -> None:
        """All has been sent."""
        self._release()
        if self._ended:
            self.close("both ends are closed")
            return
        self.state = LINGERING
        self._linger()
        self._watch(READ)
        try:
            self._socket.shutdown(socket.SHUT_WR)
        except OSError as error:
            self._lose(error)

    def _linger(self) -> None:
        self._linger_until = self._turn.tick + self._linger_ms
        self._turn.timers.arm(self, self._linger_until)

    def _drop_input(self) -> None:
        if self.state is CLOSED:
            return
        try:
            data = self._socket.recv(DROP_BYTES)
        except BlockingIOError:
            return
        except OSError as error:
            self._lose(error)
            return
        if data:
            return
        self._ended = True
        if self.state is LINGERING:
            self.close("both ends are closed")
        else:
            self._watch(self._watched & ~READ)

    def _lose(self, error: OSError) -> None:
        """The socket reports that it is over."""
        if self.state is OPEN:
            log.info("%s lost: %s", self, error.strerror)
        self.close(str(error))

    def _break(self, error: Exception) -> None:
        """A bug in the layers below: it costs this connection, and the broker if it must."""
        log.critical("%s: %s", self, type(error).__name__, exc_info=error)
        self.close("internal error")
        if isinstance(error, InvariantError):
            self._turn.fail(error)

    def _release(self) -> None:
        """Let the peer go, once; what it held may be another's now."""
        if self._turn.connections.pop(self.number, None) is None:
            return
        self._turn.want()
        try:
            self._peer.lost()
        except Exception as error:
            log.critical("%s: %s", self, type(error).__name__, exc_info=error)
            self._turn.fail(error)

    # Its peer, whose methods are bound once because they are called for every read or send.

    def _bind(self, peer: Peer) -> None:
        self._peer = peer
        self._receive_buffer = peer.receive_buffer
        self._received = peer.received
        self._send_buffer = peer.send_buffer
        self._sent = peer.sent
        self._peer_deadline = peer.deadline

    def _follow(self, newcomer: Newcomer) -> None:
        """Talk to the peer that the newcomer has become, if it has."""
        if newcomer.successor is not None:
            self._newcomer = None
            self._bind(newcomer.successor)

    # Its places in the selector and among the timers.

    def _rest(self) -> None:
        """Its peer is not to be read until it is resumed."""
        if not self._watched & READ:
            self._hung_up()
        elif self._peer.is_held:
            self._watch(self._watched & WRITE | ENDED)
        else:
            self._watch(self._watched & WRITE | LOST)

    def _watch(self, events: int) -> None:
        if events != self._watched:
            self._watched = events
            self._selector.watch(self._socket.fileno(), self, events)

    def _arm(self) -> None:
        deadline = self.deadline()
        if deadline is not None:
            self._turn.timers.arm(self, max(deadline, self._turn.tick + 1))
