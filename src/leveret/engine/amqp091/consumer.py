"""What a channel is sent from a queue: basic.deliver, content header and body frames.

    01 chan size 003C003C tag delivery-tag redelivered exchange routing-key CE
    02 chan size 003C0000 body-size properties CE
    03 chan size body CE                                    as many as frame_max asks for

The exchange, the routing key, the properties and the body are copied from the record as they are.
"""

from __future__ import annotations

try:
    import cython
except ImportError:
    from leveret._cython_compat import cython

from leveret.engine.amqp091.control import Delivered
from leveret.engine.amqp091.unacked import Unacked
from leveret.engine.buffer import Buffer
from leveret.engine.consumer import Consumer
from leveret.engine.output import Output
from leveret.engine.queue import Queue

if cython.compiled:
    from cython.cimports.leveret.engine.amqp091.unacked import Unacked
    from cython.cimports.leveret.engine.buffer import Buffer
    from cython.cimports.leveret.engine.consumer import Consumer
    from cython.cimports.leveret.engine.output import Output
    from cython.cimports.leveret.engine.queue import Queue
    from cython.cimports.leveret.engine.records import (
        BODY_LENGTH,
        HEAD_BYTES,
        NAMES_LENGTH,
        TARGET_BYTES,
    )
else:
    from leveret.engine.records import (
        BODY_LENGTH,
        HEAD_BYTES,
        NAMES_LENGTH,
        TARGET_BYTES,
    )

BASIC_CLASS = cython.declare(cython.int, 0x003C0000)
FRAME_BYTES = cython.declare(cython.Py_ssize_t, 8)
# Class, weight, body size.
HEADER_BYTES = cython.declare(cython.Py_ssize_t, 12)
# What deliver() writes beside head, names, properties and body, at the most.
AROUND_BYTES = cython.declare(cython.Py_ssize_t, 48)
FRAME_END = cython.declare(cython.ulonglong, 0xCE)
MASK_32 = cython.declare(cython.ulonglong, 0xFFFFFFFF)


class ChannelConsumer(Consumer):
    """A consumer of a channel, or the channel's basic.get of one queue (`tag` is None)."""

    def __init__(
        self,
        output: Output,
        unacked: Unacked,
        queue: Queue,
        *,
        channel: int,
        holder: int,
        frame_max: int,
        tag: bytes | None,
        settled: bool,
        credit_max: int,
        priority: int = 0,
    ) -> None:
        super().__init__(output, credit_max, settled, priority)
        self.unacked = unacked
        self.queue = queue
        self.tag = tag
        self.channel = channel
        self.holder = holder
        self.body_bytes_max = frame_max - FRAME_BYTES
        # A message of more than so many bytes needs a closer look, or is to be told.
        self.plain_bytes_max = self.body_bytes_max
        self.delivered: Delivered | None = None
        # The end octet of the frame before, type, channel; the size is to be added.
        self.header_head = FRAME_END << 56 | 2 << 48 | channel << 32
        self.body_head = FRAME_END << 56 | 3 << 48 | channel << 32
        method = (60 << 16 | 71) if tag is None else (60 << 16 | 60)
        named = b"" if tag is None else bytes((len(tag),)) + tag
        head = b"\x01" + channel.to_bytes(2, "big") + bytes(4) + method.to_bytes(4, "big") + named
        self.head = Buffer(0, head)
        self.head_length = len(head)

    def has_credit(self) -> cython.bint:
        return self.settled or (
            (self.credit_max == 0 or self.unacked_count < self.credit_max)
            and self.unacked.has_room()
        )

    def deliver(
        self,
        chunk: Buffer,
        at: cython.Py_ssize_t,
        position: cython.ulonglong,
        redelivered: cython.bint,
    ) -> cython.int:
        """Writes the record at `at` as basic.deliver, or as basic.get-ok."""
        tag: cython.ulonglong
        lengths: cython.ulonglong = chunk.u64(at + BODY_LENGTH)
        names_and_targets: cython.ulonglong = chunk.u64(at + NAMES_LENGTH)
        names_length: cython.Py_ssize_t = names_and_targets >> 48
        properties_length: cython.Py_ssize_t = lengths & MASK_32
        body_length: cython.Py_ssize_t = lengths >> 32
        head_length: cython.Py_ssize_t = self.head_length
        end: cython.Py_ssize_t
        size: cython.Py_ssize_t
        start: cython.Py_ssize_t
        buffer: Buffer
        output: Output = self.output
        if self.settled:
            tag = self.unacked.skip()
        else:
            tag = self.unacked.add(self.holder, position)
        size = head_length + names_length + properties_length + body_length + AROUND_BYTES
        if size > self.plain_bytes_max:
            size += self.frames_bytes(properties_length, body_length)
            if self.delivered is not None:
                self.tell_delivered(self.delivered, chunk, at, redelivered)
        buffer = output.reserve(size)
        start = output.end
        end = start + head_length
        at += HEAD_BYTES + TARGET_BYTES * cython.cast(
            cython.Py_ssize_t, names_and_targets & MASK_32
        )
        buffer.copy(start, self.head, 0, head_length)
        buffer.put_u64(end, tag)
        buffer.put_u8(end + 8, redelivered)
        buffer.copy(end + 9, chunk, at, names_length)
        end += 9 + names_length
        if self.tag is None:
            buffer.put_u32(end, self.queue.ready_count)
            end += 4
        buffer.put_u32(start + 3, end - start - 7)
        buffer.put_u64(end, self.header_head + 12 + properties_length)
        buffer.put_u32(end + 8, BASIC_CLASS)
        buffer.put_u64(end + 12, body_length)
        buffer.copy(end + 20, chunk, at + names_length, properties_length)
        end += 20 + properties_length
        at += names_length + properties_length
        if body_length > self.body_bytes_max:
            end = self.write_parts(buffer, end, chunk, at, body_length)
        elif body_length > 0:
            buffer.put_u64(end, self.body_head + body_length)
            buffer.copy(end + 8, chunk, at, body_length)
            end += 8 + body_length
        buffer.put_u8(end, FRAME_END)
        output.end = end + 1
        return 0

    def tell(self, delivered: Delivered | None) -> cython.int:
        """Has it called with each message from now on; None: nothing is."""
        self.delivered = delivered
        self.plain_bytes_max = self.body_bytes_max if delivered is None else 0
        return 0

    def tell_delivered(
        self,
        delivered: Delivered,
        chunk: Buffer,
        at: cython.Py_ssize_t,
        redelivered: cython.bint,
    ) -> cython.int:
        """The record at `at` is being delivered."""
        lengths: cython.ulonglong = chunk.u64(at + BODY_LENGTH)
        names_and_targets: cython.ulonglong = chunk.u64(at + NAMES_LENGTH)
        names_length: cython.Py_ssize_t = names_and_targets >> 48
        properties_length: cython.Py_ssize_t = lengths & MASK_32
        body_length: cython.Py_ssize_t = lengths >> 32
        at += HEAD_BYTES + TARGET_BYTES * cython.cast(
            cython.Py_ssize_t, names_and_targets & MASK_32
        )
        delivered(
            self.channel,
            self.queue.number,
            bool(redelivered),
            chunk.bytes_at(at, names_length),
            chunk.bytes_at(at + names_length, properties_length),
            chunk.bytes_at(at + names_length + properties_length, body_length),
        )
        return 0

    def frames_bytes(
        self, properties_length: cython.Py_ssize_t, body_length: cython.Py_ssize_t
    ) -> cython.Py_ssize_t:
        """What the frames behind a large body's first add to it.

        A content header is one frame, however large: one that is too large is sent and counted.
        """
        if HEADER_BYTES + properties_length > self.body_bytes_max:
            self.output.oversized_count += 1
        return FRAME_BYTES * (body_length // self.body_bytes_max)

    def write_parts(
        self,
        buffer: Buffer,
        end: cython.Py_ssize_t,
        chunk: Buffer,
        at: cython.Py_ssize_t,
        left: cython.Py_ssize_t,
    ) -> cython.Py_ssize_t:
        """A body in several frames; returns where the last one's end octet goes."""
        count: cython.Py_ssize_t
        while left > 0:
            count = left if left < self.body_bytes_max else self.body_bytes_max
            buffer.put_u64(end, self.body_head + count)
            buffer.copy(end + 8, chunk, at, count)
            end += 8 + count
            at += count
            left -= count
        return end
