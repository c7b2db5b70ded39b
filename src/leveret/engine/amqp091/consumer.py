"""What a channel is sent from a queue: basic.deliver, content header and body frames.

01 chan size 003C003C tag delivery-tag redelivered exchange routing-key CE
02 chan size 003C0000 body-size properties CE
03 chan size body CE                                    as many as frame_max asks for
"""

from __future__ import annotations

try:
    import cython
except ImportError:
    from leveret._cython_compat import cython

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
        PROPERTIES_LENGTH,
        TARGET_BYTES,
        TARGETS,
    )
else:
    from leveret.engine.records import (
        BODY_LENGTH,
        HEAD_BYTES,
        NAMES_LENGTH,
        PROPERTIES_LENGTH,
        TARGET_BYTES,
        TARGETS,
    )

BASIC_CLASS = cython.declare(cython.int, 0x003C0000)
FRAME_BYTES = cython.declare(cython.Py_ssize_t, 8)
FRAME_END = cython.declare(cython.int, 0xCE)


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
    ) -> None:
        super().__init__(output, credit_max, settled)
        self.unacked = unacked
        self.queue = queue
        self.tag = tag
        self.channel = channel
        self.holder = holder
        self.body_bytes_max = frame_max - FRAME_BYTES
        method = (60 << 16 | 71) if tag is None else (60 << 16 | 60)
        named = b"" if tag is None else bytes((len(tag),)) + tag
        head = b"\x01" + channel.to_bytes(2, "big") + bytes(4) + method.to_bytes(4, "big") + named
        self.head = Buffer(0, head)
        self.head_length = len(head)

    def deliver(
        self,
        chunk: Buffer,
        at: cython.Py_ssize_t,
        position: cython.ulonglong,
        redelivered: cython.bint,
    ) -> cython.int:
        """Writes the record at `at` as basic.deliver, or as basic.get-ok."""
        tag: cython.ulonglong
        names_length: cython.Py_ssize_t = chunk.u16(at + NAMES_LENGTH)
        properties_length: cython.Py_ssize_t = chunk.u32(at + PROPERTIES_LENGTH)
        body_length: cython.Py_ssize_t = chunk.u32(at + BODY_LENGTH)
        head_length: cython.Py_ssize_t = self.head_length
        end: cython.Py_ssize_t
        start: cython.Py_ssize_t
        buffer: Buffer
        output: Output = self.output
        if self.settled:
            tag = self.unacked.skip()
        else:
            tag = self.unacked.add(self.holder, position)
        buffer = output.reserve(
            head_length
            + names_length
            + properties_length
            + body_length
            + 48
            + FRAME_BYTES * (body_length // self.body_bytes_max)
        )
        start = output.end
        end = start + head_length
        at += HEAD_BYTES + TARGET_BYTES * chunk.u32(at + TARGETS)
        buffer.copy(start, self.head, 0, head_length)
        buffer.put_u64(end, tag)
        buffer.put_u8(end + 8, redelivered)
        buffer.copy(end + 9, chunk, at, names_length)
        end += 9 + names_length
        if self.tag is None:
            buffer.put_u32(end, self.queue.ready_count)
            end += 4
        buffer.put_u32(start + 3, end - start - 7)
        buffer.put_u8(end, FRAME_END)
        buffer.put_u8(end + 1, 2)
        buffer.put_u16(end + 2, self.channel)
        buffer.put_u32(end + 4, 12 + properties_length)
        buffer.put_u32(end + 8, BASIC_CLASS)
        buffer.put_u64(end + 12, body_length)
        buffer.copy(end + 20, chunk, at + names_length, properties_length)
        end += 20 + properties_length
        buffer.put_u8(end, FRAME_END)
        output.end = self.write_body(
            buffer, end + 1, chunk, at + names_length + properties_length, body_length
        )
        return 0

    def write_body(
        self,
        buffer: Buffer,
        end: cython.Py_ssize_t,
        chunk: Buffer,
        at: cython.Py_ssize_t,
        left: cython.Py_ssize_t,
    ) -> cython.Py_ssize_t:
        """Body frames at `end`; returns where they end."""
        count: cython.Py_ssize_t
        while left > 0:
            count = left if left < self.body_bytes_max else self.body_bytes_max
            buffer.put_u8(end, 3)
            buffer.put_u16(end + 1, self.channel)
            buffer.put_u32(end + 3, count)
            buffer.copy(end + 7, chunk, at, count)
            buffer.put_u8(end + 7 + count, FRAME_END)
            end += FRAME_BYTES + count
            at += count
            left -= count
        return end
