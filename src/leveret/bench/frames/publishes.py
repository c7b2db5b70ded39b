"""What a publisher sends: a block of messages that are encoded once and sent over and over."""

from __future__ import annotations

from collections.abc import Sequence

try:
    import cython
except ImportError:
    from leveret._cython_compat import cython

from leveret.engine.buffer import Buffer

if cython.compiled:
    from cython.cimports.leveret.engine.buffer import Buffer


class PublishBlock:
    """Encoded messages of one length, one behind the other; their bodies begin at `body_at`."""

    def __init__(self, messages: Sequence[bytes], body_at: int) -> None:
        if len({len(message) for message in messages}) != 1:
            raise ValueError("the messages of a block have one length")
        self.block = Buffer(owner=bytearray(b"".join(messages)))
        self.message_bytes = len(messages[0])
        self.message_count = len(messages)
        self.body_at = body_at

    def stamp(
        self, first: cython.Py_ssize_t, count: cython.Py_ssize_t, now: cython.ulonglong
    ) -> None:
        """Writes the time into the bodies of `count` messages from `first` on."""
        at: cython.Py_ssize_t = first * self.message_bytes + self.body_at
        while count > 0:
            self.block.put_u64(at, now)
            at += self.message_bytes
            count -= 1
