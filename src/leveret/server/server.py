"""A server: listens, accepts, and takes leave.

Nothing here is global and nothing is installed in the process, so two servers run in one process,
on one loop or on two.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from leveret.engine.shard import Shard
from leveret.peers.peer import Peer
from leveret.server.address import Address
from leveret.server.admission import Admission, NoRoom
from leveret.server.blocking import no_alarm
from leveret.server.clock import Clock
from leveret.server.config import Config
from leveret.server.connection import Connection
from leveret.server.control import Control, ControlError
from leveret.server.durability import Durability, LogLost
from leveret.server.listener import Listener, open_listeners
from leveret.server.selector import TurnSelector
from leveret.server.spilling import Spilling
from leveret.server.turn import Turn

if TYPE_CHECKING:
    from leveret.server.node import Node

log = logging.getLogger(__name__)

OpenPeer = Callable[[int, Address, int, str | None], Peer]
"""Makes a new connection's peer from its name for the shard, the other side's address, the tick,
and the reason for which it is refused, None if it is not."""

KEEPALIVE_IDLE_S = 60
"""As long as a heartbeat's interval, for who does without."""
KEEPALIVE_PROBE_S = 15
"""With the next: after two minutes it is known, as with heartbeats."""
KEEPALIVE_PROBES_MAX = 4
"""One lost packet proves nothing."""
if sys.platform == "darwin":
    KEEPALIVE_IDLE = socket.TCP_KEEPALIVE
else:
    KEEPALIVE_IDLE = socket.TCP_KEEPIDLE

STOP_TEXT = "broker forced connection closure with reason 'shutdown'"


class Server:
    """Serves the peers that `open_peer` makes, all of them on `shard`. Made within a running loop.

    `failure` is done with the error after which the server could not go on, and stopped.

    `selector` is that loop's own, where the caller made the loop with one; else the server has
    one and hangs it into the loop. `durability` brings to the disk what `shard` has to keep.
    `make_node` makes what operators' commands see, when the first of them comes. `alarm` is told
    when publishers are blocked, and when they are let go; see Blocking.

    `stop_asked` is set when somebody wants it to stop: whoever has started it is to do that.
    """

    def __init__(
        self,
        shard: Shard,
        open_peer: OpenPeer,
        config: Config,
        *,
        clock: Clock | None = None,
        selector: TurnSelector | None = None,
        durability: Durability | None = None,
        make_node: Callable[[], Node] | None = None,
        alarm: Callable[[str, bool], None] = no_alarm,
    ) -> None:
        self.shard = shard
        self.stop_asked = asyncio.Event()
        self._config = config
        self._durability = durability
        self._make_node = make_node
        self._control: Control | None = None
        self._open_peer = open_peer
        self._loop = asyncio.get_running_loop()
        self._selector = selector or TurnSelector()
        self._is_guest = selector is None
        self._turn = Turn(
            shard, clock or Clock(), loop=self._loop, wake=self._wake, fail=self._fail
        )
        self._turn.blocking.alarm = alarm
        self._spilling: Spilling | None = None
        if config.spill_folder is not None:
            self._spilling = Spilling(
                shard, self._turn, folder=config.spill_folder, loop=self._loop
            )
            self._turn.afterwards.append(self._spilling.relieve)
        self._start_tick = self._turn.tick
        self._listeners: list[Listener] = []
        self._connections: set[Connection] = set()
        self._admission = Admission(config.connections_max, config.connections_per_address_max)
        self._refused: set[int] = set()  # the numbers of connections too many
        self._accepted_count = 0
        self._empty: asyncio.Future[None] | None = None
        self.failure: asyncio.Future[Exception] = self._loop.create_future()

    @property
    def addresses(self) -> list[Address]:
        """Where it listens, with the ports that the system chose for port 0."""
        return [listener.address for listener in self._listeners]

    @property
    def connection_count(self) -> int:
        """Those whose socket is open, be they closing or not."""
        return len(self._connections)

    @property
    def connections(self) -> Mapping[object, Connection]:
        """By their numbers, those that take part in turns."""
        return self._turn.connections

    @property
    def uptime_ms(self) -> int:
        """Since it was made, as of the last turn."""
        return self._turn.tick - self._start_tick

    def name_of(self, number: object) -> str:
        """What a connection is called in the log."""
        connection = self._turn.connections.get(number)
        return f"connection {number}" if connection is None else str(connection)

    def address_of(self, number: object) -> Mapping[str, object]:
        """What a connection is called elsewhere, and its socket's ends; nothing if it has gone."""
        connection = self._turn.connections.get(number)
        return {} if connection is None else connection.address()

    async def start(self) -> None:
        """Listen. Raises ListenError, ControlError, and then has left nothing behind."""
        self._selector.turn = self._turn
        if self._is_guest:
            self._loop.add_reader(self._selector.fileno(), self._selector.poll)
        if self._durability is not None:
            self._durability.take_part(self._turn, self._selector)
        try:
            for address in self._config.listen:
                self._listeners += open_listeners(address, self._accept, loop=self._loop)
            self._turn.want()  # what the log has brought back may be due
            self._open_control()
        except BaseException:
            self._release()
            raise

    async def stop(self, text: str = STOP_TEXT) -> None:
        """Stop listening, send everybody home with `text`, and cut off who stays too long."""
        self._close_listeners()
        for connection in tuple(self._connections):
            connection.shut_down(text)
        if self._connections:
            self._empty = self._loop.create_future()
            await asyncio.wait([self._empty], timeout=self._config.stop_ms / 1_000)
        self.close_connections("the time to say goodbye is over")
        if self._durability is not None:
            await self._durability.stop()
        self._release()

    def begin_turn(self) -> None:
        """Take the time, for who does something that is no client's."""
        self._turn.begin()

    def want_turn(self) -> None:
        """Let there be a turn soon: something has been done to the shard."""
        self._turn.want()

    def fail(self, error: Exception) -> None:
        """The state of the shard contradicts itself: no turn is run any more."""
        self._turn.fail(error)

    def close_connections(self, reason: str) -> None:
        """Close all sockets now."""
        for connection in tuple(self._connections):
            connection.close(reason)

    def _accept(self, sock: socket.socket, remote: Address) -> None:
        self._accepted_count += 1
        number = self._accepted_count
        self._turn.begin()
        try:
            refusal = self._admission.enter(remote)
        except NoRoom as error:
            log.warning("connection from %s closed at once: %s", remote, error)
            sock.close()
            return
        if refusal is not None:
            self._refused.add(number)
        try:
            prepare(sock)
            peer = self._open_peer(number, remote, self._turn.tick, refusal)
        except OSError as error:
            log.info("connection from %s lost: %s", remote, error.strerror)
            self._leave(number, remote)
            sock.close()
            return
        except Exception:
            log.critical("connection from %s cannot be served", remote, exc_info=True)
            self._leave(number, remote)
            sock.close()
            return
        connection = Connection(
            number,
            sock,
            remote,
            peer,
            turn=self._turn,
            selector=self._selector,
            linger_ms=self._config.linger_ms,
            closed=self._closed,
        )
        self._connections.add(connection)
        log.debug("%s accepted", connection)
        connection.start()
        self._turn.want()

    def _closed(self, connection: Connection) -> None:
        self._connections.discard(connection)
        self._leave(connection.number, connection.remote)
        if not self._connections and self._empty is not None and not self._empty.done():
            self._empty.set_result(None)

    def _leave(self, number: int, remote: Address) -> None:
        was_refused = number in self._refused
        self._refused.discard(number)
        self._admission.leave(remote, was_refused=was_refused)

    def _fail(self, error: Exception) -> None:
        if isinstance(error, LogLost):
            log.critical("%s", error)
        else:
            log.critical("the broker's state contradicts itself: it stops", exc_info=error)
        if not self.failure.done():
            self.failure.set_result(error)
            self._loop.call_soon(self._close_listeners)
            self._loop.call_soon(self._close_control)
            self._loop.call_soon(self.close_connections, "the broker has failed")

    def _wake(self) -> None:
        if self._is_guest:
            self._loop.call_soon(self._selector.poll)

    def _open_control(self) -> None:
        path = self._config.control_socket
        if path is None or self._make_node is None:
            return
        try:
            self._control = Control(path, self._make_node, loop=self._loop)
        except ControlError as error:
            if self._config.is_control_needed:
                raise
            log.warning("no control socket, so leveret ctl cannot reach this broker: %s", error)

    def _close_control(self) -> None:
        control, self._control = self._control, None
        if control is not None:
            control.close()

    def _close_listeners(self) -> None:
        while self._listeners:
            self._listeners.pop().close()

    def _release(self) -> None:
        """Take the turn and the selector out of the loop."""
        self._close_listeners()
        self._turn.stop()
        if self._spilling is not None:
            self._spilling.close()
        if self._durability is not None:
            self._durability.leave()
        if self._selector.turn is not None:
            self._selector.turn = None
            if self._is_guest:
                self._loop.remove_reader(self._selector.fileno())
                self._selector.close()
        self._close_control()  # last: whoever has asked for the stop waits for its end


def prepare(sock: socket.socket) -> None:
    """Small writes are not to wait, and who has gone without a word is to be noticed.

    Heartbeats notice it too, and sooner, but a client may do without them. Raises OSError.
    """
    sock.setblocking(False)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    sock.setsockopt(socket.IPPROTO_TCP, KEEPALIVE_IDLE, KEEPALIVE_IDLE_S)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, KEEPALIVE_PROBE_S)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, KEEPALIVE_PROBES_MAX)
