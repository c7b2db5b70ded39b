"""The content properties of class basic, walked in place: are they sound, and what do we need?

    u16 flags (bit 0: another u16 follows), then the fields whose bit is set, from bit 15 down:
    15 content type  14 content encoding  13 headers  12 delivery mode  11 priority
    10 correlation id  9 reply to  8 expiration  7 message id  6 timestamp  5 type
    4 user id  3 app id  2 cluster id (reserved)

Consumers get the properties as they came, so what is not sound must not be let in: a client
would choke on another's message. Nothing is decoded into objects.
"""

from __future__ import annotations

try:
    import cython
except ImportError:
    from leveret._cython_compat import cython

from leveret.engine.buffer import Buffer
from leveret.engine.errors import PeerViolation

if cython.compiled:
    from cython.cimports.leveret.engine.buffer import Buffer

HEADERS = cython.declare(cython.int, 1 << 13)
DELIVERY_MODE = cython.declare(cython.int, 1 << 12)
PRIORITY_FLAG = cython.declare(cython.int, 1 << 11)
TIMESTAMP = cython.declare(cython.int, 1 << 6)
# Content type, content encoding; correlation id to message id; type to cluster id.
SHORT_STRINGS = cython.declare(cython.int, 0b1100_0111_1011_1100)
REPLY_TO = cython.declare(cython.int, 1 << 9)
EXPIRATION = cython.declare(cython.int, 1 << 8)
USER_ID = cython.declare(cython.int, 1 << 4)
# What a client sends for the reply address that its channel has.
PSEUDO_QUEUE = b"amq.rabbitmq.reply-to"
# Real headers nest two or three deep; each level costs a stack frame here and at each client.
TABLE_DEPTH_MAX = cython.declare(cython.int, 64)


class Properties:
    """What the last walk() found.

    `user_id_at`, `reply_to_at` and `expiration_at` are where these fields begin, 0 where they are
    not; of reply-to only the pseudo queue is told.
    """

    def __init__(self) -> None:
        self.persistent = False
        self.priority = 0
        self.user_id_at = 0
        self.reply_to_at = 0
        self.expiration_at = 0
        self.pseudo_queue = Buffer(0, PSEUDO_QUEUE)
        self.copied = False

    def walk(self, buffer: Buffer, at: cython.Py_ssize_t, end: cython.Py_ssize_t) -> cython.int:
        """Reads the property list between `at` and `end`.

        Raises PeerViolation("syntax_error") where it is not sound.
        """
        flags: cython.int
        bit: cython.int = 15
        self.persistent = False
        self.priority = 0
        self.user_id_at = 0
        self.reply_to_at = 0
        self.expiration_at = 0
        self.copied = False
        if end - at < 2:
            malformed()
        flags = buffer.u16(at)
        at += 2
        if flags & 3:
            malformed()
        while flags:
            if flags & 0x8000:
                at = self.walk_field(buffer, at, end, 1 << bit)
            flags = flags << 1 & 0xFFFF
            bit -= 1
        if at != end:
            malformed()
        return 0

    def walk_field(
        self, buffer: Buffer, at: cython.Py_ssize_t, end: cython.Py_ssize_t, field: cython.int
    ) -> cython.Py_ssize_t:
        """Passes over one field; returns where the next begins."""
        after: cython.Py_ssize_t
        if at >= end:
            malformed()
        if field & SHORT_STRINGS:
            after = at + 1 + buffer.u8(at)
            if field == USER_ID:
                self.user_id_at = at
            elif field == EXPIRATION:
                self.expiration_at = at
            elif field == REPLY_TO and self.is_pseudo_queue(buffer, at, end):
                self.reply_to_at = at
        elif field == HEADERS:
            if end - at < 4:
                malformed()
            after = at + 4 + buffer.u32(at)
            if after > end:
                malformed()
            self.walk_headers(buffer, at + 4, after)
        elif field == TIMESTAMP:
            after = at + 8
        else:
            after = at + 1
            if field == DELIVERY_MODE:
                self.persistent = buffer.u8(at) == 2
            elif field == PRIORITY_FLAG:
                self.priority = buffer.u8(at)
        if after > end:
            malformed()
        return after

    def is_pseudo_queue(
        self, buffer: Buffer, at: cython.Py_ssize_t, end: cython.Py_ssize_t
    ) -> cython.bint:
        """The short string is `amq.rabbitmq.reply-to`."""
        size: cython.Py_ssize_t = self.pseudo_queue.size
        return (
            buffer.u8(at) == size
            and at + 1 + size <= end
            and buffer.same(at + 1, self.pseudo_queue, 0, size)
        )

    def walk_headers(
        self, buffer: Buffer, at: cython.Py_ssize_t, end: cython.Py_ssize_t
    ) -> cython.int:
        """A table; `copied` if a field is called CC or BCC, which names more routing keys."""
        name: cython.Py_ssize_t
        size: cython.Py_ssize_t
        while at < end:
            size = buffer.u8(at)
            name = at + 1
            at = walk_value(buffer, name + size, end, 0)
            if size == 3 and buffer.u8(name) == 0x42:  # B
                size -= 1
                name += 1
            if size == 2 and buffer.u16(name) == 0x4343:  # CC
                self.copied = True
        return 0


def malformed() -> cython.int:
    raise PeerViolation("syntax_error", "malformed content properties")


def walk_table(
    buffer: Buffer, at: cython.Py_ssize_t, end: cython.Py_ssize_t, depth: cython.int
) -> cython.int:
    """Fields of a name, as a short string, and a value."""
    if depth > TABLE_DEPTH_MAX:
        malformed()
    while at < end:
        at += 1 + buffer.u8(at)
        at = walk_value(buffer, at, end, depth)
    return 0


def walk_array(
    buffer: Buffer, at: cython.Py_ssize_t, end: cython.Py_ssize_t, depth: cython.int
) -> cython.int:
    if depth > TABLE_DEPTH_MAX:
        malformed()
    while at < end:
        at = walk_value(buffer, at, end, depth)
    return 0


def walk_value(
    buffer: Buffer, at: cython.Py_ssize_t, end: cython.Py_ssize_t, depth: cython.int
) -> cython.Py_ssize_t:
    """Passes over a value's type and the value; returns where the next begins."""
    kind: cython.int
    size: cython.Py_ssize_t
    if at >= end:
        malformed()
    kind = buffer.u8(at)
    at += 1
    size = fixed_size(kind)
    if size < 0:
        if end - at < 4:
            malformed()
        size = buffer.u32(at)
        at += 4
        if size > end - at:
            malformed()
        if kind == 0x46:  # F, a table
            walk_table(buffer, at, at + size, depth + 1)
        elif kind == 0x41:  # A, an array
            walk_array(buffer, at, at + size, depth + 1)
    if size > end - at:
        malformed()
    return at + size


def fixed_size(kind: cython.int) -> cython.Py_ssize_t:
    """The bytes of a value of this type; -1: it says its own length."""
    if kind == 0x53 or kind == 0x46 or kind == 0x41 or kind == 0x78:  # S F A x
        return -1
    if kind == 0x49 or kind == 0x69 or kind == 0x66:  # I i f
        return 4
    if kind == 0x74 or kind == 0x62 or kind == 0x42:  # t b B
        return 1
    if kind == 0x6C or kind == 0x4C or kind == 0x54 or kind == 0x64:  # l L T d
        return 8
    if kind == 0x73 or kind == 0x75:  # s u
        return 2
    if kind == 0x44:  # D
        return 5
    if kind == 0x56:  # V
        return 0
    return malformed()
