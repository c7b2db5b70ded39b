"""What a publisher's channel receives: confirms, in any order, and returned messages.

Messages are numbered from 1 as they are sent. `sent_at` is a ring of the time at which each
was sent, 0 once it is confirmed:

    ... 0 | oldest | . | 0 | . | . | next_tag ...
          the window reaches from the oldest unconfirmed message to the newest
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
        BASIC_NACK,
        BASIC_RETURN,
        METHOD,
        PAYLOAD,
        frame_bytes,
    )
    from cython.cimports.leveret.bench.frames.histogram import Histogram
    from cython.cimports.leveret.engine.buffer import Buffer
else:
    from leveret.bench.frames.frame import BASIC_ACK, BASIC_NACK, BASIC_RETURN, METHOD, PAYLOAD

    CHANNEL = 1
    CONFIRM_BYTES = 21


class Confirms:
    """One channel's confirms: at most `window` messages are unconfirmed, 0 expects no confirms.

    `latency` records the time from sending a message to its confirm.
    """

    def __init__(self, *, frame_max: int, window: int, latency: Histogram | None) -> None:
        ring = 1 << max(4, (4 * window - 1).bit_length())
        self.frame_max = frame_max
        self.window = window
        self.latency = latency
        self.sent_at = Buffer(ring * 8)
        self.mask = ring - 1
        self.oldest = 1
        self.next_tag = 1
        self.now = 0
        self.unconfirmed = 0
        self.acked_count = 0
        self.nacked_count = 0
        self.returned_count = 0
        self.foreign_bytes = 0

    def room(self) -> int:
        """How many messages may be sent now."""
        span: cython.Py_ssize_t = self.next_tag - self.oldest
        room: cython.Py_ssize_t = self.window - self.unconfirmed
        return min(room, self.mask + 1 - span)

    def sent(self, count: cython.Py_ssize_t, now: cython.ulonglong) -> None:
        """The next `count` messages were sent; `now` is over 0."""
        tag: cython.ulonglong
        if count > self.room():
            raise ValueError("more messages sent than the window allows")
        for tag in range(self.next_tag, self.next_tag + count):
            self.sent_at.put_slot(tag & self.mask, now)
        self.next_tag += count
        self.unconfirmed += count

    def walk(
        self,
        buffer: Buffer,
        offset: cython.Py_ssize_t,
        end: cython.Py_ssize_t,
        now: cython.ulonglong,
    ) -> int:
        """Takes the confirms in buffer[offset:end]; returns where it stopped.

        There stands the beginning of a frame, or, if `foreign_bytes` is not 0, a whole frame of
        that length which is neither confirm nor return: its reader walks on behind it.
        """
        length: cython.Py_ssize_t
        self.now = now
        self.foreign_bytes = 0
        while True:
            length = self.walk_frame(buffer, offset, end)
            if length == 0:
                return offset
            offset += length

    def walk_frame(
        self, buffer: Buffer, offset: cython.Py_ssize_t, end: cython.Py_ssize_t
    ) -> cython.Py_ssize_t:
        length: cython.Py_ssize_t = frame_bytes(buffer, offset, end, self.frame_max)
        payload: cython.Py_ssize_t = offset + PAYLOAD
        method: cython.Py_ssize_t = 0
        if length == 0:
            return 0
        if buffer.u16(offset + 1) == CHANNEL:
            if buffer.u8(offset) != METHOD:
                return length  # the content of a returned message
            if length >= 12:
                method = buffer.u32(payload)
        if method == BASIC_RETURN:
            self.returned_count += 1
            return length
        if method != BASIC_ACK and method != BASIC_NACK:
            self.foreign_bytes = length
            return 0
        if length != CONFIRM_BYTES:
            raise CheckFailed("a confirm of the wrong length")
        self.take(buffer.u64(payload + 4), buffer.u8(payload + 12) & 1 != 0, method == BASIC_NACK)
        return length

    def take(
        self, tag: cython.ulonglong, multiple: cython.bint, refused: cython.bint
    ) -> cython.int:
        count: cython.Py_ssize_t = 0
        first: cython.ulonglong = self.oldest if multiple else tag
        if tag < self.oldest or tag >= self.next_tag:
            raise CheckFailed(f"a confirm of {tag}, which is not unconfirmed")
        while first <= tag:
            count += self.settle(first)
            first += 1
        if count == 0:
            raise CheckFailed(f"a second confirm of {tag}")
        while self.oldest < self.next_tag and self.sent_at.slot(self.oldest & self.mask) == 0:
            self.oldest += 1
        self.unconfirmed -= count
        if refused:
            self.nacked_count += count
        else:
            self.acked_count += count
        return 0

    def settle(self, tag: cython.ulonglong) -> cython.Py_ssize_t:
        """How many messages `tag` confirms: none if it was confirmed before."""
        slot: cython.Py_ssize_t = tag & self.mask
        sent_at: cython.ulonglong = self.sent_at.slot(slot)
        if sent_at == 0:
            return 0
        self.sent_at.put_slot(slot, 0)
        if self.latency is not None:
            self.latency.record(self.now - sent_at if sent_at < self.now else 0)
        return 1
