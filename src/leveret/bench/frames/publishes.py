"""What a publisher sends: a block of messages that are encoded once and sent over and over.

starts   0            s1         s2                  message_count
block    | message 0  | message 1 | message 2 | ... |
"""

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
    """Encoded messages, one behind the other; their bodies begin `body_bytes` before their ends.

    `starts` has where each message begins, and where the last one ends.
    """

    def __init__(self, messages: Sequence[bytes], body_bytes: int) -> None:
        self.block = Buffer(owner=bytearray(b"".join(messages)))
        self.message_count = len(messages)
        self.body_bytes = body_bytes
        self.starts = Buffer((len(messages) + 1) * 8)
        self.starts.put_slot(0, 0)
        at = 0
        for index, message in enumerate(messages, 1):
            at += len(message)
            self.starts.put_slot(index, at)

    def start(self, index: cython.Py_ssize_t) -> int:
        """Where message `index` begins."""
        return self.starts.slot(index)

    def index_at(self, offset: cython.Py_ssize_t) -> int:
        """The message in which `offset` lies; `message_count` at the very end."""
        low: cython.Py_ssize_t = 0
        high: cython.Py_ssize_t = self.message_count
        middle: cython.Py_ssize_t
        start: cython.Py_ssize_t
        while low < high:
            middle = (low + high + 1) >> 1
            start = self.starts.slot(middle)
            if start <= offset:
                low = middle
            else:
                high = middle - 1
        return low

    def stamp(
        self, first: cython.Py_ssize_t, count: cython.Py_ssize_t, now: cython.ulonglong
    ) -> None:
        """Writes the time into the bodies of `count` messages from `first` on."""
        end: cython.Py_ssize_t
        while count > 0:
            first += 1
            end = self.starts.slot(first)
            self.block.put_u64(end - self.body_bytes, now)
            count -= 1
