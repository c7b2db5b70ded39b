"""The data plane of one AMQP 0-9-1 connection: received bytes in, bytes to send out.

    0      1        3          7              7 + size
    | type | channel | size    | payload ...  | CE |

Frames are handled where they were received. What a read leaves unfinished is kept, in memory of
its own size, and put in front of the next read; the payload of a large body frame is passed on to
its channel as it comes. publish, ack, nack and reject and the content of messages are handled here
and in channel.py; every other method goes up to the control plane (control.py).

Reading rests while there is a reason to, and goes on where it stopped when the last is gone:

    ASKED      the control plane has to wait for something         until resume()
    STALLED    too many answers are unsent                         until some of them are sent
    HELD       it publishes, and memory is full                    until release(); trickle() lets
                                                                   a little through meanwhile
"""

from __future__ import annotations

try:
    import cython
except ImportError:
    from leveret._cython_compat import cython

from leveret.engine.amqp091.channel import Channel
from leveret.engine.amqp091.consumer import ChannelConsumer
from leveret.engine.amqp091.control import Control
from leveret.engine.amqp091.lookahead import fetch_routes, has_close
from leveret.engine.amqp091.session import Session
from leveret.engine.buffer import Buffer
from leveret.engine.chores import Chore
from leveret.engine.errors import PeerViolation
from leveret.engine.rest import Rest
from leveret.engine.route import RouteCache
from leveret.engine.shard import Shard

if cython.compiled:
    from cython.cimports.leveret.engine.amqp091 import bad_frames, methods
    from cython.cimports.leveret.engine.amqp091.channel import Channel
    from cython.cimports.leveret.engine.amqp091.consumer import ChannelConsumer
    from cython.cimports.leveret.engine.amqp091.content import BODY, IDLE
    from cython.cimports.leveret.engine.amqp091.lookahead import fetch_routes, has_close
    from cython.cimports.leveret.engine.amqp091.session import ASKED, HELD, STALLED, Session
    from cython.cimports.leveret.engine.buffer import Buffer
    from cython.cimports.leveret.engine.consumer import FOR_OUTPUT
    from cython.cimports.leveret.engine.queue import ACCEPTED, FAILED, REJECTED, RELEASED
    from cython.cimports.leveret.engine.rest import Rest
    from cython.cimports.leveret.engine.route import RouteCache
    from cython.cimports.leveret.engine.shard import Shard
else:
    from leveret.engine.amqp091 import bad_frames, methods
    from leveret.engine.amqp091.content import BODY, IDLE
    from leveret.engine.amqp091.session import ASKED, HELD, STALLED
    from leveret.engine.consumer import FOR_OUTPUT
    from leveret.engine.queue import ACCEPTED, FAILED, REJECTED, RELEASED

NO_METHOD = "expected method frame, got non method frame instead"

METHOD = cython.declare(cython.int, 1)
HEADER = cython.declare(cython.int, 2)
BODY_FRAME = cython.declare(cython.int, 3)
HEARTBEAT = cython.declare(cython.int, 8)
FRAME_END = cython.declare(cython.int, 0xCE)
MASK_32 = cython.declare(cython.ulonglong, 0xFFFFFFFF)
# Type, channel, size, no payload, end octet.
FRAME_BYTES_MIN = cython.declare(cython.Py_ssize_t, 8)
PROTOCOL_HEADER_BYTES = cython.declare(cython.Py_ssize_t, 8)

# Method id, delivery tag, flags.
ACK_BYTES = cython.declare(cython.Py_ssize_t, 13)
MULTIPLE = cython.declare(cython.int, 1)
REQUEUE = cython.declare(cython.int, 2)
REJECT_REQUEUE = cython.declare(cython.int, 1)
# One read of small messages: a thousand of them, and what they become stays in cache.
RECEIVE_BYTES = cython.declare(cython.Py_ssize_t, 64 * 1024)
# One read of large ones: as fair to the others, who wait for messages, and fewer system calls.
RECEIVE_BYTES_MAX = cython.declare(cython.Py_ssize_t, 512 * 1024)
# A full read of fewer messages has the next twice as large.
MESSAGES_PER_READ_MIN = cython.declare(cython.ulonglong, 600)
# A full read of more has it half as large: so many more that messages of one size come to rest.
MESSAGES_PER_READ_MAX = cython.declare(cython.ulonglong, 1800)
# A read that is as large as this and brings anything but acknowledgements is one of many to come:
# a client that waits for an answer before it goes on does not send so much at once.
FLOOD_BYTES = cython.declare(cython.Py_ssize_t, 4096)
ACK_FRAME_BYTES = cython.declare(cython.Py_ssize_t, 21)
# A larger body frame is taken in as it comes; a smaller one is cheaper to wait for.
WHOLE_BODY_FRAME_MAX = cython.declare(cython.Py_ssize_t, 32 * 1024)


class Connection:
    """One connection's frames, channels and output, which the shard names by its `owner`."""

    def __init__(self, shard: Shard, control: Control, owner: object) -> None:
        self.shard = shard
        self.memory = shard.memory
        self.control = control
        self.session = Session(shard, control, owner)
        self.output = self.session.output
        self.channels: list[Channel | None] = []
        self.channel_count = 0
        self.rest = Rest(shard.memory)
        self.buffer = shard.receive
        self.at = 0
        self.end = 0
        self.ahead = 0
        self.started = False
        self.walking = False
        self.granted = 0
        self.granted_end = 0
        self.acknowledged = 0
        self.draining = False
        self.broken = False
        self.partial_left = 0
        self.partial_channel = 0
        self.found = cython.cast(Channel, None)
        self.found_number = -1
        self.receive_bytes = RECEIVE_BYTES
        self.bytes_received = 0

    # -- the face

    def receive_buffer(self) -> memoryview:
        """Where the next bytes of the peer go; empty while the connection is paused.

        All connections of a shard have the same: received() comes before another one is asked.
        """
        room: cython.Py_ssize_t = self.room()
        if room == 0:
            return memoryview(b"")
        if self.end + room > self.shard.receive.size:
            self.shard.receive = Buffer(self.end + room)
        if self.end > 0:
            self.shard.receive.copy(0, self.rest.buffer, 0, self.end)
        return self.shard.receive.memory()[self.end : self.end + room]

    def room(self) -> cython.Py_ssize_t:
        """How much may be received now."""
        if self.memory.full and self.session.publisher and not self.draining:
            self.hold()
        if self.session.paused == 0:
            return self.receive_bytes
        if self.session.paused == HELD:
            return self.granted
        return 0

    def received(self, count: cython.Py_ssize_t, now: cython.ulonglong) -> cython.bint:
        """So many bytes were put into receive_buffer(); `now` is in milliseconds.

        True: they are a flood, and should not come before others are heard.
        """
        handled: cython.ulonglong = self.session.handled
        acknowledged: cython.Py_ssize_t = self.acknowledged
        room: cython.Py_ssize_t = self.room()
        if count < 0 or count > room or room == 0:
            raise ValueError("more was received than there was room for")
        self.bytes_received += count
        self.buffer = self.shard.receive
        self.end += count
        self.session.now = now
        if self.session.paused & HELD:
            self.let_through(self.end)
        else:
            self.walk_all()
        if count == self.receive_bytes:
            self.adapt(self.session.handled - handled)
        self.keep_rest()
        acknowledged = self.acknowledged - acknowledged
        return count >= FLOOD_BYTES and 2 * ACK_FRAME_BYTES * acknowledged < count

    def adapt(self, handled: cython.ulonglong) -> cython.int:
        """A full read brought so many messages and acknowledgements: are larger ones better?"""
        if handled < MESSAGES_PER_READ_MIN:
            self.receive_bytes = min(2 * self.receive_bytes, RECEIVE_BYTES_MAX)
        elif handled > MESSAGES_PER_READ_MAX:
            self.receive_bytes = max(self.receive_bytes >> 1, RECEIVE_BYTES)
        return 0

    def send_buffer(self) -> memoryview:
        """What is to be sent to the peer; empty where there is nothing."""
        return self.output.pending()

    def sent(self, count: cython.Py_ssize_t) -> None:
        """So much of send_buffer() was sent: consumers that waited for room have their turn."""
        consumer: ChannelConsumer
        self.output.sent(count)
        if self.session.paused & STALLED and not self.output.is_full():
            self.lift(STALLED)
        if self.output.waiting and not self.output.is_full():
            for consumer in self.output.waiting:
                if consumer.parked == FOR_OUTPUT and consumer.queue.unpark(consumer):
                    self.shard.touch(consumer.queue)
            self.output.waiting.clear()

    @property
    def bytes_sent(self) -> int:
        return self.output.sent_bytes

    @property
    def oversized_headers(self) -> int:
        """How many content headers were sent that are larger than the peer's frames may be."""
        return self.output.oversized_count

    # -- for the control plane

    def write(self, data: bytes) -> None:
        """Sends whole frames, in order with deliveries and confirms."""
        self.output.write(data)

    def log_in(self, user: bytes) -> None:
        """Messages that name a user must name this one."""
        self.session.user = Buffer(0, user)

    def enter(self, routes: RouteCache) -> None:
        """The virtual host is open: these are its routes."""
        self.session.routes = routes

    def tune(self, frame_max: cython.Py_ssize_t, channel_max: cython.Py_ssize_t) -> None:
        """What was negotiated; a frame's payload may be `frame_max` bytes long."""
        self.session.frame_max = frame_max

    def open_channel(self, number: cython.Py_ssize_t) -> Channel:
        """A channel; the caller has seen to it that the number is free and allowed."""
        channel = Channel(self.session, number)
        while len(self.channels) <= number:
            self.channels.append(None)
        if self.channels[number] is not None:
            raise ValueError("the channel is open")
        self.channels[number] = channel
        self.channel_count += 1
        self.found_number = -1
        return channel

    def channel(self, number: cython.Py_ssize_t) -> Channel | None:
        """The channel, also while it is failed; None: it is not open."""
        return self.look_up(number)

    def close_channel(self, number: cython.Py_ssize_t) -> Chore | None:
        """What the channel held goes back, its consumers are gone, its number is free.

        What is returned may not be done yet.
        """
        channel: Channel = self.look_up(number)
        chore = None
        if channel is not None:
            chore = channel.close()
            self.channels[number] = None
            self.channel_count -= 1
            self.found_number = -1
        return chore

    def fail_channel(self, number: cython.Py_ssize_t) -> None:
        """The same, but the number stays taken: until close_channel() nothing but channel.close
        and channel.close-ok is heard on it."""
        channel: Channel = self.look_up(number)
        if channel is not None:
            channel.close()
            channel.failed = True

    def forget_permissions(self) -> None:
        """Permissions have changed: the control plane is asked again before each exchange."""
        channel: Channel | None
        for channel in self.channels:
            if channel is not None:
                channel.forget_permissions()

    def drain(self) -> None:
        """The connection is closing: nothing but connection.close and close-ok is heard."""
        self.draining = True
        self.lift(STALLED | HELD)

    @property
    def paused(self) -> bool:
        """Nothing is received."""
        return self.session.paused != 0

    @property
    def held(self) -> bool:
        """It publishes, and has to wait until memory is no longer full."""
        return self.session.paused & HELD != 0

    def pause(self) -> None:
        """No frame is handled until resume(); deliveries go on."""
        self.session.paused |= ASKED

    def resume(self, now: cython.ulonglong) -> None:
        """What pause() was called for is there: goes on with what had been received."""
        if self.session.paused & ASKED:
            self.lift(ASKED)
            self.go_on(now)

    def release(self, now: cython.ulonglong) -> None:
        """Memory is no longer full: goes on with what had been received."""
        if self.session.paused & HELD:
            self.lift(HELD)
            self.go_on(now)

    def holds_deliveries(self) -> bool:
        """There is something that it may acknowledge."""
        channel: Channel | None
        for channel in self.channels:
            if channel is not None and channel.unacked.count > 0:
                return True
        return False

    def closes(self, unread: bytes) -> bool:
        """Whether it wants to go: says so in what is not handled yet, or not received."""
        kept = b"" if self.rest.buffer is None else self.rest.buffer.bytes_at(0, self.rest.count)
        return has_close(kept + unread, self.partial_left)

    def trickle(self, count: cython.Py_ssize_t, now: cython.ulonglong) -> memoryview:
        """Handles about `count` bytes though memory is full: of what had been received already.

        If that was less, the rest may be received, into what is returned.
        """
        left: cython.Py_ssize_t = count - self.end
        if self.session.paused != HELD or self.draining:
            return memoryview(b"")
        if self.end > 0:
            self.session.now = now
            self.buffer = self.rest.buffer
            self.let_through(count)
            self.keep_rest()
        if left <= 0 or self.session.paused != HELD:
            return memoryview(b"")
        self.granted = min(left, self.receive_bytes)
        return self.receive_buffer()

    def let_through(self, end: cython.Py_ssize_t) -> cython.int:
        """Handles what it is held up with; publishes before `end` only."""
        self.granted = 0
        self.granted_end = end
        self.session.paused = 0
        self.walk_all()
        if not self.draining:
            self.session.paused |= HELD
        return 0

    def go_on(self, now: cython.ulonglong) -> None:
        """Handles what was received before, unless there is a reason to wait."""
        if self.session.paused == 0 and self.rest.count > 0 and not self.walking:
            self.session.now = now
            self.buffer = self.rest.buffer
            self.walk_all()
            self.keep_rest()

    def hold(self) -> cython.int:
        """It waits until memory is no longer full."""
        if self.session.paused & HELD == 0:
            self.session.paused |= HELD
            self.session.become_publisher()
            self.shard.held.append(self.output.owner)
        return 0

    def lift(self, reasons: cython.int) -> cython.int:
        """These are no reasons to wait any more."""
        if self.session.paused != 0:
            self.session.paused &= ~reasons
            if self.session.paused == 0:
                self.shard.resumed.append(self.output.owner)
        return 0

    def close(self) -> None:
        """Closes all channels and forgets what was received; what is to be sent stays."""
        number: cython.Py_ssize_t
        for number in range(len(self.channels)):
            self.close_channel(number)
        self.draining = True
        self.broken = True
        self.rest.drop()
        self.at = 0
        self.end = 0
        self.session.leave()

    def discard_output(self) -> None:
        """The peer has gone: what was to be sent is forgotten."""
        self.output.clear()

    # -- frames

    def walk_all(self) -> cython.int:
        """Handles all that can be handled; an error costs its frame, not those behind it."""
        self.walking = True
        self.ahead = 0
        try:
            while self.walking:
                try:
                    self.walk()
                    self.walking = False
                except Exception as error:
                    self.control.violated(error)
        finally:
            self.walking = False
        return 0

    def keep_rest(self) -> cython.int:
        """What is unfinished waits for the next read."""
        self.granted_end = 0
        self.rest.keep(self.buffer, self.at, 0 if self.broken else self.end - self.at)
        self.at = 0
        self.end = self.rest.count
        return 0

    def walk(self) -> cython.int:
        """Handles complete frames from `at` on. An exception leaves `at` behind its frame."""
        buffer: Buffer = self.buffer
        at: cython.Py_ssize_t
        size: cython.Py_ssize_t
        after: cython.Py_ssize_t
        head: cython.ulonglong
        kind: cython.int
        number: cython.int
        if not self.broken and not self.started and not self.start():
            return 0
        if not self.broken and self.partial_left > 0 and not self.walk_partial():
            return 0
        while (
            self.end - self.at >= FRAME_BYTES_MIN and self.session.paused == 0 and not self.broken
        ):
            at = self.at
            if self.session.scattered and at >= self.ahead:
                self.session.scattered = False
                self.ahead = fetch_routes(buffer, at, self.end, self.session.routes)
            head = buffer.u64(at)
            kind = head >> 56
            number = head >> 40 & 0xFFFF
            size = head >> 8 & MASK_32
            if size > self.session.frame_max:
                self.broken = True
                bad_frames.too_large(kind, size, self.session.frame_max)
            after = at + 7 + size
            if after >= self.end:
                if kind == BODY_FRAME and size > WHOLE_BODY_FRAME_MAX:
                    self.begin_partial(number, size)
                return 0
            if buffer.u8(after) != FRAME_END:
                self.broken = True
                bad_frames.wrong_end(kind, buffer.u8(after))
            self.at = after + 1
            if number != self.found_number:
                self.found = self.look_up(number)
                self.found_number = number
            self.frame(self.found, kind, number, at + 7, after)
        if self.broken:
            self.at = self.end
        return 0

    def frame(
        self,
        channel: Channel | None,
        kind: cython.int,
        number: cython.int,
        at: cython.Py_ssize_t,
        after: cython.Py_ssize_t,
    ) -> cython.int:
        """One complete frame, its payload from `at` to `after`."""
        if kind == METHOD:
            return self.method(channel, number, at, after)
        if kind == HEARTBEAT:
            if after > at:
                bad_frames.bad_heartbeat(self.buffer.bytes_at(at, after - at))
            if number != 0:
                raise PeerViolation("unexpected_frame", "heartbeat on a channel other than 0")
            return 0
        if kind != HEADER and kind != BODY_FRAME:
            self.broken = True
            bad_frames.unknown_type(kind)
        if self.draining or (channel is not None and channel.failed):
            return 0
        if channel is None:
            raise PeerViolation("unexpected_frame", NO_METHOD, number)
        if kind == HEADER:
            return channel.header(self.buffer, at, after - at)
        return channel.body(self.buffer, at, after - at)

    def method(
        self,
        channel: Channel | None,
        number: cython.int,
        at: cython.Py_ssize_t,
        after: cython.Py_ssize_t,
    ) -> cython.int:
        """A method frame: those of every message here, the others by the control plane."""
        buffer: Buffer = self.buffer
        method: cython.Py_ssize_t
        since: cython.ulonglong
        if after - at < 4:
            raise PeerViolation("frame_error", "method frame too short", number)
        method = buffer.u32(at)
        if channel is not None and not channel.failed and not self.draining:
            if method == methods.PUBLISH:
                if self.memory.full and at - 7 >= self.granted_end:
                    self.at = at - 7  # it comes again when there is room
                    return self.hold()
                return channel.publish(buffer, at + 4, after)
            if method == methods.ACK or method == methods.NACK or method == methods.REJECT:
                return self.acknowledge(channel, method, at, after)
            if channel.content.state != IDLE:
                channel.content.unexpected()
        elif self.is_deaf(channel, number, method):
            return 0
        since = self.output.position()
        self.control.method(number, method, buffer.bytes_at(at + 4, after - at - 4))
        return self.session.answered(since)

    def is_deaf(
        self, channel: Channel | None, number: cython.int, method: cython.Py_ssize_t
    ) -> cython.bint:
        """A closing connection or a failed channel does not hear this method any more."""
        if self.draining:
            return number != 0 or (
                method != methods.CONNECTION_CLOSE and method != methods.CONNECTION_CLOSE_OK
            )
        if channel is not None:
            return method != methods.CHANNEL_CLOSE and method != methods.CHANNEL_CLOSE_OK
        return False

    def acknowledge(
        self,
        channel: Channel,
        method: cython.int,
        at: cython.Py_ssize_t,
        after: cython.Py_ssize_t,
    ) -> cython.int:
        """basic.ack: multiple. basic.nack: multiple, requeue. basic.reject: requeue."""
        flags: cython.int
        outcome: cython.int = ACCEPTED
        self.acknowledged += 1
        if channel.content.state != IDLE:
            channel.content.unexpected()
        if after - at != ACK_BYTES:
            raise PeerViolation("syntax_error", "malformed acknowledgement", channel.number, method)
        flags = self.buffer.u8(at + 12)
        if method == methods.REJECT:
            outcome = FAILED if flags & REJECT_REQUEUE else REJECTED
            flags = 0
        elif method == methods.NACK:
            outcome = RELEASED if flags & REQUEUE else REJECTED
        return channel.acknowledge(self.buffer.u64(at + 4), flags & MULTIPLE, outcome, method)

    # -- routes that will be asked for

    def look_up(self, number: cython.Py_ssize_t) -> Channel:
        if number < 0 or number >= len(self.channels):
            return cython.cast(Channel, None)
        return cython.cast(Channel, self.channels[number])

    def start(self) -> cython.bint:
        """The protocol header; False: it has not come whole."""
        if self.end - self.at < PROTOCOL_HEADER_BYTES:
            return False
        self.started = True
        self.at += PROTOCOL_HEADER_BYTES
        self.control.protocol_header(
            self.buffer.bytes_at(self.at - PROTOCOL_HEADER_BYTES, PROTOCOL_HEADER_BYTES)
        )
        return True

    # -- large body frames

    def begin_partial(self, number: cython.int, size: cython.Py_ssize_t) -> cython.int:
        """A large body frame has begun: what is here of its payload is passed on."""
        channel: Channel = self.look_up(number)
        self.partial_channel = number
        self.partial_left = size + 1
        self.at += 7
        if channel is not None and not channel.failed and not self.draining:
            channel.content.expect_body(size)
        elif channel is None and not self.draining:
            raise PeerViolation("unexpected_frame", NO_METHOD, number)
        self.walk_partial()
        return 0

    def walk_partial(self) -> cython.bint:
        """More of a large body frame; True: it has come whole, with its end octet."""
        channel: Channel = self.look_up(self.partial_channel)
        count: cython.Py_ssize_t = min(self.end - self.at, self.partial_left - 1)
        at: cython.Py_ssize_t = self.at
        heard: cython.bint = (
            channel is not None
            and not channel.failed
            and not self.draining
            and channel.content.state == BODY
        )
        self.at += count
        self.partial_left -= count
        if heard and count > 0:
            channel.content.gather(self.buffer, at, count)
        if self.partial_left > 1 or self.at == self.end:
            return False
        if self.buffer.u8(self.at) != FRAME_END:
            self.broken = True
            bad_frames.wrong_end(BODY_FRAME, self.buffer.u8(self.at))
        self.at += 1
        self.partial_left = 0
        if heard:
            channel.body_gathered()
        return True
