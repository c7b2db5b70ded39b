"""One AMQP 0-9-1 connection: the face to the server above, the engine's control plane below.

    bytes -> engine -> method, route, returned, violated -> handlers -> broker
                                                               |
    bytes <- engine <--------------------------------- write --+

Whatever goes wrong ends in `fail`, the one place that turns an error into a close: of the channel
if its kind is soft, of the connection if it is hard. Our own mistakes are reported to the
operator, and the client learns only that there was one.

A method that defined something is answered when the definition is durable, and basic.get when the
message is in memory. If that takes time, parsing rests meanwhile; deliveries go on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Final

from leveret.broker.access import Access
from leveret.broker.authentication import LoginRefused
from leveret.broker.errors import BrokerError
from leveret.broker.events import INTERNAL
from leveret.broker.user import User
from leveret.broker.virtual_host import VirtualHost
from leveret.engine.amqp091.connection import Connection as Engine
from leveret.engine.chores import Chore
from leveret.engine.errors import InvariantError, PeerViolation
from leveret.engine.route import Route
from leveret.peers.amqp091 import (
    connection_methods,
    consumer_timeout,
    event_facts,
    message,
    tracing,
)
from leveret.peers.amqp091.channel import Channel
from leveret.peers.amqp091.client import UNKNOWN
from leveret.peers.amqp091.dispatch import (
    CONNECTION_HANDLERS,
    DEFINING_CLASSES,
    HANDLERS,
    check_size,
)
from leveret.peers.amqp091.outcome import Outcome, Unfinished
from leveret.peers.amqp091.states import TRANSITIONS, State
from leveret.peers.pace import LOOKED, MESSAGE, METHOD, SHARE
from leveret.peers.service import Service
from leveret.peers.timing import CLOSE_MS, HANDSHAKE_TIMEOUT, LINGER_MS, Timing
from leveret.wire.amqp091 import frames
from leveret.wire.amqp091.errors import ProtocolError
from leveret.wire.amqp091.methods import (
    BasicReturn,
    ChannelClose,
    ChannelCloseOk,
    ChannelOpen,
    ChannelOpenOk,
    ConnectionBlocked,
    ConnectionClose,
    ConnectionCloseOk,
    ConnectionUnblocked,
    Method,
    decode_method,
    encode_method,
)
from leveret.wire.amqp091.reply_codes import REPLY_CODES, reply_text

if TYPE_CHECKING:
    from leveret.broker.statistics import ChannelStatistics, PeerStatistics

PROTOCOL_HEADERS: Final = (frames.PROTOCOL_HEADER, b"AMQP\x01\x01\x00\x09")

NO_ROUTE: Final = REPLY_CODES["no_route"]
NO_ADDRESS: Final[Mapping[str, object]] = {}


class Connection:
    """A peer. `deadline` is the tick at which the handshake must be over; `refusal` is why no
    virtual host can be opened, None if one can."""

    user: User  # who has logged in
    access: Access  # once the virtual host is open

    def __init__(
        self,
        service: Service,
        *,
        owner: object,
        is_loopback: bool,
        deadline: int,
        refusal: str | None = None,
    ) -> None:
        self.service = service
        self.events = service.broker.events
        self.owner = owner
        self.is_loopback = is_loopback
        self.refusal = refusal
        self.engine = Engine(service.shard, self, owner)
        connection_methods.limit(self.engine, service.settings)
        self.state = State.HEADER
        self.finished = False  # the same as being CLOSED, and asked after each read
        self.timing = Timing(deadline)
        self.capabilities: frozenset[str] = frozenset()
        self.client = UNKNOWN
        self.virtual_host: VirtualHost | None = None
        self.address: Mapping[str, object] = NO_ADDRESS  # once somebody has asked
        self.frame_max = 0
        self.channel_max = 0
        self.channels: dict[int, Channel] = {}
        self.watching: dict[Channel, None] = {}  # that have consumers with a time-out
        self.blocked = False  # the client was told so, if it can take that
        self._now = 0
        self._asked = 0  # since it last had a share of the turn
        self._resting = False
        self._waiting = False  # for chores, or for what was defined to be durable

    # The face

    def receive_buffer(self) -> memoryview:
        return self.engine.receive_buffer()

    def received(self, count: int, now: int, tick: int) -> bool:
        self._now = now
        self._asked = 0
        self.timing.heard(tick)
        if count == 0:
            self.finish()
            return False
        floods: bool = self.engine.received(count, now)
        return floods

    def go_on(self, now: int, tick: int) -> None:
        self._now = now
        self.timing.heard(tick)
        self.engine.go_on(now)

    @property
    def is_held(self) -> bool:
        held: bool = self.engine.held
        return held

    @property
    def holds_deliveries(self) -> bool:
        holds: bool = self.engine.holds_deliveries()
        return holds

    def closes(self, unread: bytes) -> bool:
        closes: bool = self.engine.closes(unread)
        return closes

    def trickle(self, count: int, now: int, tick: int) -> memoryview:
        self._now = now
        self.timing.heard(tick)
        return self.engine.trickle(count, now)

    def send_buffer(self) -> memoryview:
        return self.engine.send_buffer()

    def sent(self, count: int, tick: int) -> None:
        self.timing.spoke(tick)
        if self.engine.paused:
            self.timing.heard(tick)  # it reads, and may be read again from here on
        self.engine.sent(count)

    def deadline(self) -> int | None:
        self.timing.paused = self.engine.paused
        if self.finished:
            return None
        deadline = self.timing.deadline()
        for channel in self.watching:
            if channel.watched is not None and (watched := channel.watched.deadline) is not None:
                deadline = watched if deadline is None else min(deadline, watched)
        return deadline

    def _look_after_consumers(self, tick: int) -> None:
        for channel in tuple(self.watching):
            if (late := channel.look_after_consumers(tick)) is not None:
                words = consumer_timeout.text(channel.number, late)
                self.fail("precondition_failed", words, channel=channel.number)

    def due(self, now: int, tick: int) -> None:
        self._now = now
        self.timing.tick = tick
        self.timing.paused = self.engine.paused
        if self.finished:
            return
        if self.timing.is_over():
            self._give_up()
        elif self.timing.owes_heartbeat():
            self.timing.spoke(tick)
            self.engine.write(frames.HEARTBEAT_FRAME)
        if self.watching:
            self._look_after_consumers(tick)

    @property
    def pid(self) -> str:
        """What operators know it by."""
        return str(self.owner)

    def statistics(self) -> PeerStatistics:
        from leveret.peers.amqp091.statistics import of_connection  # not before somebody asks

        return of_connection(self)

    def channel_statistics(self) -> Iterable[ChannelStatistics]:
        from leveret.peers.amqp091.statistics import of_channels  # as above

        return of_channels(self)

    def shut_down(self, text: str) -> None:
        if self.state is State.RUNNING:
            self.fail("connection_forced", text)
        elif self.state is not State.CLOSING:
            self.finish()

    def lost(self) -> None:
        self.finish()
        self.engine.discard_output()

    def forget_permissions(self) -> None:
        for channel in self.channels.values():
            channel.engine.forget_permissions()

    def trace_changed(self) -> None:
        tracing.follow(self)

    # What the engine asks

    def protocol_header(self, header: bytes) -> None:
        if header in PROTOCOL_HEADERS:
            self.state = State.STARTING
            self.write(0, connection_methods.start(self.service))
        else:
            shown = header.decode("ascii", "backslashreplace")
            self.service.journal.warning(self.owner, "unknown protocol header", shown)
            self.engine.write(frames.PROTOCOL_HEADER)
            self.finish()

    def method(self, channel: int, method_id: int, arguments: bytes) -> None:
        try:
            if channel == 0:
                self._handle(method_id, arguments)
            elif self.state is State.RUNNING:
                self._handle_on_channel(channel, method_id, arguments)
            else:
                text = f"method on channel {channel} in connection state {self.state.value}"
                raise ProtocolError("unexpected_frame", text)
            self._count(METHOD)
        except (ProtocolError, BrokerError) as error:
            self.fail(error.kind, error.text, channel=channel, method_id=method_id)
        finally:
            self.events.actor = INTERNAL

    def route(self, channel: int, exchange: bytes, routing_key: bytes) -> Route:
        virtual_host = self.channels[channel].virtual_host
        looked = virtual_host.looked
        try:
            route = virtual_host.route(
                exchange.decode("utf-8", "surrogateescape"),
                routing_key.decode("utf-8", "surrogateescape"),
                access=self.access,
            )
        except BrokerError as error:
            raise message.violation(error, channel) from None
        self._count(MESSAGE + (virtual_host.looked - looked) // LOOKED)
        return route

    def route_content(
        self,
        channel: int,
        exchange: bytes,
        routing_key: bytes,
        properties: bytes,
        body: memoryview,
    ) -> tuple[Route, bytes]:
        virtual_host = self.channels[channel].virtual_host
        looked = virtual_host.looked
        try:
            published = message.published(
                exchange.decode("utf-8", "surrogateescape"),
                routing_key.decode("utf-8", "surrogateescape"),
                properties,
                body,
                self._now,
            )
            client = None if virtual_host.firehose is None else tracing.client_of(self, channel)
            route = virtual_host.route_message(published, access=self.access, client=client)
        except BrokerError as error:
            raise message.violation(error, channel) from None
        self._count(MESSAGE + (virtual_host.looked - looked) // LOOKED)
        return route, published.properties

    def check_copies(self, channel: int, properties: bytes) -> None:
        try:
            message.published("", "", properties, memoryview(b""), self._now)
        except BrokerError as error:
            raise message.violation(error, channel) from None

    def returned(
        self, channel: int, exchange: bytes, routing_key: bytes, properties: bytes, body: bytes
    ) -> None:
        method = BasicReturn(
            reply_code=NO_ROUTE.code,
            reply_text=NO_ROUTE.name,
            exchange=exchange.decode("utf-8", "surrogateescape"),
            routing_key=routing_key.decode("utf-8", "surrogateescape"),
        )
        self.write(channel, method)
        content = frames.encode_content(channel, properties, body, frame_max=self.frame_max)
        self.engine.write(content)

    def began(self, chore: Chore) -> None:
        self.after([chore])

    def violated(self, error: Exception) -> None:
        if isinstance(error, PeerViolation):
            self.fail(error.kind, error.text, channel=error.channel, method_id=error.method)
        elif isinstance(error, InvariantError):
            raise error
        else:
            self.service.report(error)
            self.fail("internal_error", "")

    # Methods

    def _handle(self, method_id: int, arguments: bytes) -> None:
        state = TRANSITIONS.get((self.state, method_id))
        if state is None:
            text = f"unexpected method in connection state {self.state.value}"
            raise ProtocolError("channel_error", text)
        method = decode_method(method_id, arguments)
        if state is not State.CLOSED:
            self.state = state
        CONNECTION_HANDLERS[method_id](self, method)

    def _handle_on_channel(self, number: int, method_id: int, arguments: bytes) -> None:
        channel = self.channels.get(number)
        if channel is None:
            self._open_channel(number, method_id, arguments)
            return
        self.events.actor = self.user.name
        if method_id in (ChannelClose.METHOD_ID, ChannelCloseOk.METHOD_ID):
            decode_method(method_id, arguments)
            self._close_channel(channel, method_id)
        else:
            handler = HANDLERS.get(method_id)
            if handler is None:
                raise ProtocolError("command_invalid", "unimplemented method")
            if channel.engine.committing:
                text = "unexpected command while processing 'tx.commit'"
                raise ProtocolError("channel_error", text)
            check_size(method_id, len(arguments), self.service.settings.declaration_bytes_max)
            method = decode_method(method_id, arguments)
            self._answer(number, method, handler(channel, method))

    def _answer(self, channel: int, method: Method, outcome: Outcome) -> None:
        if isinstance(outcome, Unfinished):
            chores, reply = outcome
            self.after(chores, lambda: self._answer_at_last(channel, method, reply))
        elif outcome is not None and not getattr(method, "no_wait", False):
            defines = method.METHOD_ID >> 16 in DEFINING_CLASSES
            self._reply(channel, outcome, defines=defines)

    def _answer_at_last(self, channel: int, method: Method, reply: Callable[[], Outcome]) -> None:
        try:
            self._answer(channel, method, reply())
        except (ProtocolError, BrokerError) as error:
            self.fail(error.kind, error.text, channel=channel, method_id=method.METHOD_ID)

    def after(self, chores: Iterable[Chore], then: Callable[[], None] | None = None) -> None:
        """Does something when the chores are done; until then nothing more is heard."""
        waiting = [chore for chore in chores if not chore.done]
        state = self.state

        def done() -> None:
            if all(chore.done for chore in waiting):
                self._waiting = False
                if then is not None and self.state is state:
                    then()
                self._listen(self._now, self.timing.tick)

        if waiting:
            self._waiting = self.timing.paused = True
            self.engine.pause()
            for chore in waiting:
                chore.when_done(done)
        elif then is not None:
            then()

    def _reply(self, channel: int, reply: Method, *, defines: bool) -> None:
        """At once, or when what was defined is durable."""

        def resume(now: int, tick: int) -> None:
            if self.state is State.RUNNING:
                self.write(channel, reply)
                self._waiting = False
                self._listen(now, tick)

        if not defines or self.service.definitions.when_durable(resume):
            self.write(channel, reply)
        else:
            self._waiting = True
            self.engine.pause()

    def _count(self, cost: int) -> None:
        """It has asked for something that takes time: when it has had its share it rests."""
        self._asked += cost
        if self._asked >= SHARE and self.state is State.RUNNING and not self._resting:
            self._resting = True
            self.engine.pause()
            self.service.pace.rest(self)

    def have_share(self) -> bool:
        if not self._resting:
            return False
        self._resting = False
        self._asked = 0
        self._listen(self._now, self.timing.tick)
        return True

    def _listen(self, now: int, tick: int) -> None:
        """Goes on parsing, if it was paused and has no reason to be any more."""
        if not self._waiting and not self._resting:
            self.timing.heard(tick)
            self.engine.resume(now)

    def write(self, channel: int, method: Method) -> None:
        self.engine.write(encode_method(channel, method))

    def block(self, reason: str) -> None:
        if not self.blocked:
            self.blocked = True
            self._tell_blocking(ConnectionBlocked(reason=reason))

    def unblock(self, now: int, tick: int) -> None:
        if self.blocked:
            self.blocked = False
            self._tell_blocking(ConnectionUnblocked())
        if self.engine.held:
            self._now = now
            self.timing.heard(tick)
            self.engine.release(now)

    def _tell_blocking(self, method: ConnectionBlocked | ConnectionUnblocked) -> None:
        if self.state is State.RUNNING and "connection.blocked" in self.capabilities:
            self.write(0, method)

    # Channels

    def _open_channel(self, number: int, method_id: int, arguments: bytes) -> None:
        if len(self.channels) >= self.channel_max:
            raise ProtocolError(
                "not_allowed",
                f"number of channels opened ({len(self.channels)}) has reached "
                f"the negotiated channel_max ({self.channel_max})",
            )
        if method_id != ChannelOpen.METHOD_ID:
            raise ProtocolError("channel_error", "expected 'channel.open'")
        if number > self.channel_max:
            raise ProtocolError(
                "not_allowed",
                f"channel number {number} is above the negotiated channel_max ({self.channel_max})",
            )
        decode_method(method_id, arguments)
        if self.virtual_host is None:
            raise InvariantError("a connection is running without a virtual host")
        self.events.actor = self.user.name
        self.service.broker.open_channel(self.user, node=self.service.cluster_name)
        self.channels[number] = Channel(
            self, self.virtual_host, self.engine.open_channel(number), number
        )
        self.events.tell("channel.created", event_facts.channel_opened, self.channels[number])
        self.write(number, ChannelOpenOk())

    def _close_channel(self, channel: Channel, method_id: int) -> None:
        if method_id == ChannelClose.METHOD_ID:
            chores = [] if channel.failed else self._forget_channel(channel)
            self.after(chores, lambda: self.write(channel.number, ChannelCloseOk()))
        elif channel.failed:
            self._forget_channel(channel)
        else:
            raise ProtocolError("command_invalid", "unimplemented method")

    def _forget_channel(self, channel: Channel) -> list[Chore]:
        """Returns what is not done yet of giving back what it held."""
        chore = self.engine.close_channel(channel.number)
        channel.release()
        del self.channels[channel.number]
        self.service.broker.close_channel(self.user)
        self.events.tell("channel.closed", event_facts.channel_closed, channel)
        return [chore] if chore is not None else []

    # Errors and the end

    def fail(self, kind: str, text: str, *, channel: int = 0, method_id: int = 0) -> None:
        """Closes the channel or the connection, and tells the client why."""
        if self.state in (State.CLOSING, State.CLOSED):
            return
        failed = self.channels.get(channel)
        if failed is None or REPLY_CODES[kind].is_hard:
            if kind != "connection_forced":
                self.service.journal.warning(self.owner, "closed", reply_text(kind, text))
            can_answer = self.state is State.RUNNING and kind != "frame_error"
            self._start_closing(CLOSE_MS if can_answer else LINGER_MS)
            self._write_close(0, ConnectionClose, kind, text, method_id)
        else:
            self.service.journal.info(self.owner, "channel closed", reply_text(kind, text))
            failed.failed = True
            self.engine.fail_channel(channel)
            failed.release()
            self._write_close(channel, ChannelClose, kind, text, method_id)

    def _write_close(
        self,
        channel: int,
        close: type[ConnectionClose] | type[ChannelClose],
        kind: str,
        text: str,
        method_id: int,
    ) -> None:
        method = close(
            reply_code=REPLY_CODES[kind].code,
            reply_text=reply_text(kind, text),
            class_id=method_id >> 16,
            method_id=method_id & 0xFFFF,
        )
        self.write(channel, method)

    def refuse_login(self, error: BrokerError | ProtocolError) -> None:
        """Says so to a client that can hear it. Each must wait before it can try again."""
        reason = error.reason if isinstance(error, LoginRefused) else error.text
        self.service.journal.warning(self.owner, "login refused", reason)
        if isinstance(error, LoginRefused):
            self.events.tell("user.authentication.failure", event_facts.refused, self, error)
        self._start_closing(LINGER_MS)
        if "authentication_failure_close" in self.capabilities:
            self._write_close(0, ConnectionClose, error.kind, error.text, 0)

    def _give_up(self) -> None:
        """The client has been silent too long."""
        if self.state is State.RUNNING:
            self.service.journal.warning(self.owner, "missed heartbeats", "nothing came")
        elif self.state is not State.CLOSING:
            self.service.journal.warning(self.owner, HANDSHAKE_TIMEOUT, self.state.value)
        self.finish()

    def _start_closing(self, milliseconds: int) -> None:
        """Everything is given back; only the end of the connection is heard now."""
        self.state = State.CLOSING
        self.timing.limit_to(milliseconds)
        self._release()
        was_paused = self.engine.paused
        self.engine.drain()
        self._waiting = self._resting = False
        if was_paused:
            self.timing.heard(self.timing.tick)
            self.engine.resume(self._now)
            self.engine.go_on(self._now)

    def leave(self) -> None:
        """The client goes: it is answered when all has been given back."""
        self.state = State.CLOSING
        self.timing.limit_to(CLOSE_MS)
        self.engine.drain()
        self.after(self._release(), self._answer_close)

    def _answer_close(self) -> None:
        self.finish()
        self.write(0, ConnectionCloseOk())

    def finish(self) -> None:
        """The connection is over, but for what is still to be sent."""
        self.state = State.CLOSED
        self.finished = True
        self._resting = False
        self._release()
        self.engine.close()

    def _release(self) -> list[Chore]:
        """Returns what is not done yet of giving everything back."""
        chores = []
        was_open = self.service.broker.leave(self)
        for channel in tuple(self.channels.values()):
            chores += self._forget_channel(channel)
        if self.virtual_host is not None:
            chore = self.virtual_host.connection_closed(self)
            if chore is not None:
                chores.append(chore)
        if was_open:
            with self.events.acting(self.user.name):
                self.events.tell("connection.closed", event_facts.closed, self)
        return chores
