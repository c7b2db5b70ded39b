"""A message on its way in, on one channel: method, header, body frames in this order.

              publish             header             body of the announced size
    IDLE ----------------> HEADER --------> BODY ------------------------------> IDLE
                                      (empty body: at once)

A body that comes in one frame is stored from where it was received. Any other is gathered as it
arrives, in memory that grows with what has arrived, never by what the header announces.
"""

from __future__ import annotations

try:
    import cython
except ImportError:
    from leveret._cython_compat import cython

from leveret.engine.amqp091.properties import Properties
from leveret.engine.amqp091.session import Session
from leveret.engine.buffer import Buffer
from leveret.engine.errors import PeerViolation
from leveret.engine.memory import Memory

if cython.compiled:
    from cython.cimports.leveret.engine.amqp091 import methods
    from cython.cimports.leveret.engine.amqp091.properties import Properties
    from cython.cimports.leveret.engine.amqp091.session import Session
    from cython.cimports.leveret.engine.buffer import Buffer
    from cython.cimports.leveret.engine.memory import SMALL_BYTES, Memory
else:
    from leveret.engine.amqp091 import methods
    from leveret.engine.memory import SMALL_BYTES

    IDLE = 0
    HEADER = 1
    BODY = 2

BASIC_CLASS = cython.declare(cython.int, 60)
HEADER_BYTES = cython.declare(cython.Py_ssize_t, 12)
PROPERTIES_AT_FIRST = cython.declare(cython.Py_ssize_t, 256)
# A thousand years.
EXPIRATION_DIGITS_MAX = cython.declare(cython.Py_ssize_t, 14)
EXPIRATION_MAX = cython.declare(cython.Py_ssize_t, 10**14)
# So little is not worth a buffer of the pool, in which a peer with many channels would waste it.
POOLED_BYTES_MIN = cython.declare(cython.Py_ssize_t, 64 * 1024)


class Content:
    """The properties and the body of the message that a channel is receiving.

    `expiration` is how many milliseconds the message may stay, -1: for ever. `reply_address` is
    what is put where a message asks for direct replies; None: nobody waits.
    """

    def __init__(self, session: Session, channel: int) -> None:
        self.session = session
        self.channel = channel
        self.state = IDLE
        self.walked = Properties()
        self.properties = Buffer(PROPERTIES_AT_FIRST)
        self.properties_length = -1
        self.expiration = -1
        self.body_size = 0
        self.received = 0
        self.body = cython.cast(Buffer, None)
        self.reply_address: bytes | None = None

    def begin(self) -> cython.int:
        """A publish has come: its header is next."""
        self.state = HEADER
        return 0

    def header(self, buffer: Buffer, at: cython.Py_ssize_t, size: cython.Py_ssize_t) -> cython.int:
        """The content header's payload: class, weight, body size, properties."""
        body_size: cython.ulonglong
        if self.state != HEADER:
            self.unexpected()
        if size < HEADER_BYTES + 2:
            raise PeerViolation(
                "frame_error", "content header too short", self.channel, methods.PUBLISH
            )
        if buffer.u32(at) != BASIC_CLASS << 16:  # the class, and a weight of 0
            self.not_a_header(buffer.u16(at), buffer.u16(at + 2))
        body_size = buffer.u64(at + 4)
        self.keep_properties(buffer, at + HEADER_BYTES, size - HEADER_BYTES)
        if body_size > cython.cast(cython.ulonglong, self.session.message_bytes_max):
            self.state = IDLE
            raise PeerViolation(
                "precondition_failed",
                f"message size {body_size} is larger than configured max size "
                f"{self.session.message_bytes_max}",
                self.channel,
                methods.PUBLISH,
            )
        self.body_size = body_size
        self.received = 0
        self.state = BODY
        return 0

    def keep_properties(
        self, buffer: Buffer, at: cython.Py_ssize_t, length: cython.Py_ssize_t
    ) -> cython.int:
        """Walks and copies them, unless they are the last message's again."""
        if length == self.properties_length and buffer.same(at, self.properties, 0, length):
            return 0
        self.properties_length = -1
        self.walked.walk(buffer, at, at + length)
        if self.walked.user_id_at > 0:
            self.check_user(buffer, self.walked.user_id_at)
        self.expiration = -1
        if self.walked.expiration_at > 0:
            self.expiration = self.read_expiration(buffer, self.walked.expiration_at)
        if self.walked.reply_to_at > 0:
            return self.keep_address(buffer, at, length)
        if length > self.properties.size:
            self.properties = Buffer(length)
        self.properties.copy(0, buffer, at, length)
        self.properties_length = length
        return 0

    def check_user(self, buffer: Buffer, at: cython.Py_ssize_t) -> cython.int:
        """Nobody publishes in another's name."""
        user: Buffer = self.session.user
        count: cython.Py_ssize_t = buffer.u8(at)
        if user is None or (count == user.size and buffer.same(at + 1, user, 0, count)):
            return 0
        given = buffer.bytes_at(at + 1, count).decode("utf-8", "surrogateescape")
        name = user.bytes_at(0, user.size).decode("utf-8", "surrogateescape")
        raise PeerViolation(
            "precondition_failed",
            f"user_id property set to '{given}' but authenticated user was '{name}'",
            self.channel,
            methods.PUBLISH,
        )

    def expiry(self, now: cython.ulonglong) -> cython.ulonglong:
        """When the message may go that is complete now; 0: never."""
        if self.expiration < 0:
            return 0
        return now + cython.cast(cython.ulonglong, self.expiration)

    def read_expiration(self, buffer: Buffer, at: cython.Py_ssize_t) -> cython.Py_ssize_t:
        """The number of milliseconds in decimal."""
        count: cython.Py_ssize_t = buffer.u8(at)
        place: cython.Py_ssize_t
        digit: cython.int
        value: cython.Py_ssize_t = 0
        if count == 0 or count > EXPIRATION_DIGITS_MAX:
            return self.parse_expiration(buffer.bytes_at(at + 1, count))
        for place in range(at + 1, at + 1 + count):
            digit = buffer.u8(place) - 0x30
            if digit < 0 or digit > 9:
                return self.parse_expiration(buffer.bytes_at(at + 1, count))
            value = 10 * value + digit
        return value

    def parse_expiration(self, expiration: bytes) -> int:
        """What is not just a few digits. What is over `EXPIRATION_MAX` is as good as for ever."""
        text = expiration.decode("utf-8", "surrogateescape")
        value, reason = whole_number(text)
        if reason:
            raise PeerViolation(
                "precondition_failed",
                f"invalid expiration '{text}': {reason}",
                self.channel,
                methods.PUBLISH,
            )
        return min(value, EXPIRATION_MAX)

    def keep_address(
        self, buffer: Buffer, at: cython.Py_ssize_t, length: cython.Py_ssize_t
    ) -> cython.int:
        """Copies them with the channel's reply address for the pseudo queue."""
        split: cython.Py_ssize_t = self.walked.reply_to_at
        rest: cython.Py_ssize_t = split + 1 + buffer.u8(split)
        if self.reply_address is None:
            raise PeerViolation(
                "precondition_failed",
                "fast reply consumer does not exist",
                self.channel,
                methods.PUBLISH,
            )
        address = bytes((len(self.reply_address),)) + self.reply_address
        after = buffer.bytes_at(rest, at + length - rest)
        whole: Buffer = Buffer(0, buffer.bytes_at(at, split - at) + address + after)
        if whole.size > self.properties.size:
            self.properties = Buffer(whole.size)
        self.properties.copy(0, whole, 0, whole.size)
        self.properties_length = whole.size
        return 0

    def replace_properties(self, properties: bytes) -> cython.int:
        """The message goes on with other properties than it came with."""
        replaced: Buffer = Buffer(0, properties)
        return self.keep_properties(replaced, 0, replaced.size)

    def expect_body(self, count: cython.Py_ssize_t) -> cython.int:
        """A body frame of `count` bytes is in order."""
        if self.state != BODY:
            self.unexpected()
        if count > self.body_size - self.received:
            raise PeerViolation(
                "frame_error",
                "content body is longer than announced",
                self.channel,
                methods.PUBLISH,
            )
        return 0

    def gather(self, buffer: Buffer, at: cython.Py_ssize_t, count: cython.Py_ssize_t) -> cython.int:
        """Keeps a part of the body."""
        if self.body is None or self.received + count > self.body.size:
            self.grow(self.received + count)
        self.session.unfinished_bytes += count
        if self.session.unfinished_bytes > self.session.unfinished_bytes_max:
            raise PeerViolation(
                "resource_error",
                f"more than {self.session.unfinished_bytes_max} bytes of unfinished messages",
                self.channel,
                methods.PUBLISH,
            )
        self.body.copy(self.received, buffer, at, count)
        self.received += count
        return 0

    def grow(self, needed: cython.Py_ssize_t) -> cython.int:
        old: Buffer = self.body
        memory: Memory = self.session.shard.memory
        size: cython.Py_ssize_t = min(self.body_size, 2 * needed)
        if POOLED_BYTES_MIN < size <= SMALL_BYTES:
            self.body = memory.borrow(size)
        else:
            self.body = memory.buffer(size)
        if old is not None:
            self.body.copy(0, old, 0, self.received)
            memory.give_back(old)
        return 0

    def finish(self) -> cython.int:
        """The message is stored, or given up."""
        self.state = IDLE
        if self.body is not None:
            self.session.unfinished_bytes -= self.received
            self.session.shard.memory.give_back(self.body)
            self.body = cython.cast(Buffer, None)
        self.received = 0
        return 0

    def not_a_header(self, class_id: cython.int, weight: cython.int) -> cython.int:
        if weight != 0:
            self.unexpected()
        raise PeerViolation(
            "unexpected_frame",
            f"expected content header for class 60, got one for class {class_id} instead",
            self.channel,
            methods.PUBLISH,
        )

    def unexpected(self) -> cython.int:
        if self.state == HEADER:
            text = "expected content header for class 60, got non content header frame instead"
        elif self.state == BODY:
            text = "expected content body, got non content body frame instead"
        else:
            text = "expected method frame, got non method frame instead"
        method = 0 if self.state == IDLE else methods.PUBLISH
        raise PeerViolation("unexpected_frame", text, self.channel, method)


def whole_number(text: str) -> tuple[int, str]:
    """The number, or why it is none that a message may carry, in RabbitMQ's words."""
    digits = text[1:] if text[:1] in ("+", "-") else text
    count = 0
    while count < len(digits) and "0" <= digits[count] <= "9":
        count += 1
    if count == 0:
        return 0, "no_integer"
    if count < len(digits):
        return 0, f'{{leftover_string,"{digits[count:]}"}}'
    if text[0] == "-" and int(digits) > 0:
        return 0, f"{{value_negative,-{int(digits)}}}"
    return int(digits), ""
