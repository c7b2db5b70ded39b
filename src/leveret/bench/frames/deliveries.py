"""What a consumer's channel receives: every delivery tag and body length is checked, acks written.

A message is three frames or more, and all messages of a run are alike but for the delivery tag
and the body:

    deliver frame             header frame        body frame
    1 .. tag | 8 bytes | redelivered .. 0xCE | 2 .. 0xCE | 3 channel size | body | 0xCE
    ~~~~~~~~             ~~~~~~~~~~~~~~~~~~~   ~~~~~~~~~   ~~~~~~~~~~~~~~          ~~~~

So a message that was read frame by frame is kept, and what follows is compared with it (the
underlined parts); its tag has to be the next one. Whatever is not alike is read frame by frame:
messages with another routing key, in several body frames, redelivered, or cut by the end of a
read.
"""

from __future__ import annotations

try:
    import cython
except ImportError:
    from leveret._cython_compat import cython

from leveret.bench.errors import CheckFailed
from leveret.bench.frames.frame import frame_bytes
from leveret.bench.frames.histogram import Histogram
from leveret.engine.buffer import Buffer

if cython.compiled:
    from cython.cimports.leveret.bench.frames.frame import (
        BASIC_ACK,
        BASIC_CLASS,
        BASIC_DELIVER,
        BODY,
        FRAME_END,
        HEADER,
        METHOD,
        PAYLOAD,
        frame_bytes,
    )
    from cython.cimports.leveret.bench.frames.histogram import Histogram
    from cython.cimports.leveret.engine.buffer import Buffer
else:
    from leveret.bench.frames.frame import (
        BASIC_ACK,
        BASIC_CLASS,
        BASIC_DELIVER,
        BODY,
        FRAME_END,
        HEADER,
        METHOD,
        PAYLOAD,
    )

    CHANNEL = 1
    ACK_BYTES = 21
    DELIVERY_BYTES_MIN = 47
    ALIKE_BYTES_MAX = 4096
    STAMP_BYTES = 8


class Deliveries:
    """One channel's deliveries.

    `body_bytes` is the length that every body must have, -1 for any. `ack_every` messages are
    acknowledged together, 0 acknowledges none. `latency` records the age of each message, whose
    body then begins with the time it was sent at. `receive_bytes` is the most that one walk gets.
    """

    def __init__(
        self,
        *,
        frame_max: int,
        receive_bytes: int,
        body_bytes: int,
        ack_every: int,
        latency: Histogram | None,
    ) -> None:
        self.frame_max = frame_max
        self.body_bytes = body_bytes
        self.ack_every = ack_every
        self.latency = latency
        self.acks = Buffer(2 * ACK_BYTES * (receive_bytes // DELIVERY_BYTES_MIN + 2))
        self.acks_end = 0
        self.received_count = 0
        self.foreign_bytes = 0
        self.now = 0
        self.delivery_tag = 0
        self.unacked = 0
        self.awaited = METHOD
        self.body_left = 0
        self.body_begins = False
        self.body_whole = False
        self.alike = Buffer(ALIKE_BYTES_MAX)
        self.alike_bytes = 0
        self.alike_body = 0
        self.tag_at = 0
        self.begin = -1

    def walk(
        self,
        buffer: Buffer,
        offset: cython.Py_ssize_t,
        end: cython.Py_ssize_t,
        now: cython.ulonglong,
    ) -> int:
        """Takes the deliveries in buffer[offset:end]; returns where it stopped.

        There stands the beginning of a frame, or, if `foreign_bytes` is not 0, a whole frame of
        that length which is no delivery: its reader walks on behind it.
        """
        length: cython.Py_ssize_t
        self.now = now
        self.foreign_bytes = 0
        self.begin = -1  # a message that an earlier walk began is no longer in the buffer
        while True:
            if self.awaited == METHOD:
                offset = self.walk_alike(buffer, offset, end)
                self.begin = offset
            length = self.walk_frame(buffer, offset, end)
            if length == 0:
                return offset
            offset += length

    def has_room(self) -> bool:
        """Whether the acks of one more walk fit."""
        return self.acks_end <= self.acks.size // 2

    def acks_sent(self, count: cython.Py_ssize_t) -> None:
        """The first `count` bytes of `acks` are no longer needed."""
        if count > self.acks_end:
            raise IndexError("more acks sent than written")
        self.acks.copy(0, self.acks, count, self.acks_end - count)
        self.acks_end -= count

    def ack_rest(self) -> None:
        """Acknowledges what waits for its batch to fill."""
        if self.unacked:
            self.unacked = 0
            self.put_ack(self.delivery_tag, 1)

    def walk_alike(
        self, buffer: Buffer, offset: cython.Py_ssize_t, end: cython.Py_ssize_t
    ) -> cython.Py_ssize_t:
        """Takes the messages that are like the last one; returns the offset behind them."""
        alike: Buffer = self.alike
        length: cython.Py_ssize_t = self.alike_bytes
        tag_at: cython.Py_ssize_t = self.tag_at
        rest_at: cython.Py_ssize_t = tag_at + 8
        body_at: cython.Py_ssize_t = length - 1 - self.alike_body
        tag: cython.ulonglong = self.delivery_tag
        timed: cython.bint = self.latency is not None and self.alike_body >= STAMP_BYTES
        if length == 0:
            return offset
        while end - offset >= length:
            if (
                buffer.u64(offset + tag_at) != tag + 1
                or not buffer.same(offset, alike, 0, tag_at)
                or not buffer.same(offset + rest_at, alike, rest_at, body_at - rest_at)
                or buffer.u8(offset + length - 1) != FRAME_END
            ):
                break
            tag += 1
            if timed:
                self.arrived(buffer, offset + body_at)
            if self.ack_every:
                self.settle(tag)
            offset += length
        self.received_count += tag - self.delivery_tag
        self.delivery_tag = tag
        return offset

    def walk_frame(
        self, buffer: Buffer, offset: cython.Py_ssize_t, end: cython.Py_ssize_t
    ) -> cython.Py_ssize_t:
        """Takes one frame of a delivery; returns its length, 0 where there is none."""
        length: cython.Py_ssize_t = frame_bytes(buffer, offset, end, self.frame_max)
        payload: cython.Py_ssize_t = offset + PAYLOAD
        kind: cython.int
        if length == 0:
            return 0
        kind = buffer.u8(offset)
        if buffer.u16(offset + 1) != CHANNEL or (
            kind == METHOD
            and self.awaited == METHOD
            and (length < 12 or buffer.u32(payload) != BASIC_DELIVER)
        ):
            self.foreign_bytes = length
            return 0
        if kind != self.awaited:
            raise CheckFailed(f"a frame of type {kind} where type {self.awaited} was due")
        if kind == METHOD:
            self.take_method(buffer, payload + 4, offset + length - 1)
        elif kind == HEADER:
            self.take_header(buffer, payload, length - 8)
        else:
            self.take_body(buffer, payload, length - 8)
        if self.awaited == METHOD:
            self.complete(buffer, offset + length)
        return length

    def take_method(
        self, buffer: Buffer, payload: cython.Py_ssize_t, end: cython.Py_ssize_t
    ) -> cython.int:
        tag: cython.ulonglong
        at: cython.Py_ssize_t = payload + 1 + buffer.u8(payload)
        routing_key: cython.Py_ssize_t = at + 9
        if routing_key < end:
            routing_key += 1 + buffer.u8(routing_key)  # past the exchange
        if routing_key >= end or routing_key + 1 + buffer.u8(routing_key) != end:
            raise CheckFailed("a basic.deliver of the wrong length")
        tag = buffer.u64(at)
        if tag != self.delivery_tag + 1:
            raise CheckFailed(f"delivery tag {tag} after {self.delivery_tag}")
        self.delivery_tag = tag
        self.tag_at = at - self.begin
        self.awaited = HEADER
        return 0

    def take_header(
        self, buffer: Buffer, payload: cython.Py_ssize_t, size: cython.Py_ssize_t
    ) -> cython.int:
        body: cython.ulonglong
        if size < 14 or buffer.u32(payload) != BASIC_CLASS:
            raise CheckFailed("a content header that is not of class basic")
        body = buffer.u64(payload + 4)
        if self.body_bytes >= 0 and body != cython.cast(cython.ulonglong, self.body_bytes):
            raise CheckFailed(f"a body of {body} bytes, not {self.body_bytes}")
        self.body_left = body
        self.alike_body = body
        self.body_begins = True
        self.body_whole = False
        self.awaited = BODY if body else METHOD
        return 0

    def take_body(
        self, buffer: Buffer, payload: cython.Py_ssize_t, size: cython.Py_ssize_t
    ) -> cython.int:
        if size == 0 or size > self.body_left:
            raise CheckFailed(f"a body frame of {size} bytes where {self.body_left} are left")
        if self.body_begins and size >= STAMP_BYTES:
            self.arrived(buffer, payload)
        self.body_whole = self.body_begins and size == self.body_left
        self.body_begins = False
        self.body_left -= size
        if self.body_left == 0:
            self.awaited = METHOD
        return 0

    def complete(self, buffer: Buffer, end: cython.Py_ssize_t) -> cython.int:
        """A message ends at `end`, with `begin` at its first frame if that is in the buffer."""
        self.received_count += 1
        if self.ack_every:
            self.settle(self.delivery_tag)
        self.alike_bytes = 0
        if self.begin >= 0:
            self.learn(buffer, end)
        return 0

    def learn(self, buffer: Buffer, end: cython.Py_ssize_t) -> cython.int:
        """Keeps the message at `begin` for comparison, if its body is one frame."""
        length: cython.Py_ssize_t = end - self.begin
        fixed: cython.Py_ssize_t = length - 1 - self.alike_body
        if fixed > ALIKE_BYTES_MAX or not self.body_whole:
            return 0
        self.alike.copy(0, buffer, self.begin, fixed)
        self.alike_bytes = length
        return 0

    def arrived(self, buffer: Buffer, stamp_at: cython.Py_ssize_t) -> cython.int:
        stamp: cython.ulonglong = buffer.u64(stamp_at)
        if self.latency is not None:
            self.latency.record(self.now - stamp if stamp < self.now else 0)
        return 0

    def settle(self, tag: cython.ulonglong) -> cython.int:
        """Acknowledges up to `tag`, when its batch is full."""
        self.unacked += 1
        if self.unacked >= self.ack_every:
            self.unacked = 0
            self.put_ack(tag, 1 if self.ack_every > 1 else 0)
        return 0

    def put_ack(self, tag: cython.ulonglong, multiple: cython.int) -> cython.int:
        acks: Buffer = self.acks
        at: cython.Py_ssize_t = self.acks_end
        acks.put_u8(at, METHOD)
        acks.put_u16(at + 1, CHANNEL)
        acks.put_u32(at + 3, 13)
        acks.put_u32(at + 7, BASIC_ACK)
        acks.put_u64(at + 11, tag)
        acks.put_u8(at + 19, multiple)
        acks.put_u8(at + 20, FRAME_END)
        self.acks_end = at + ACK_BYTES
        return 0
