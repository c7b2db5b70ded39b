"""Bytes as a source of decisions: the same bytes always decide the same.

A fuzzer that is guided by coverage changes bytes and sees what comes of it; so each decision takes
few of them, and where they end every decision is 0, the plainest one.
"""

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Choices:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def left(self) -> int:
        return len(self._data) - self._at

    def byte(self) -> int:
        if not self.left:
            return 0
        self._at += 1
        return self._data[self._at - 1]

    def below(self, limit: int) -> int:
        """A number from 0 to `limit` - 1."""
        value = self.byte()
        if limit > 256:
            for _ in range((limit.bit_length() - 1) // 8):
                value = value << 8 | self.byte()
        return value % limit

    def one_in(self, count: int) -> bool:
        return self.below(count) == count - 1

    def pick(self, options: Sequence[T]) -> T:
        return options[self.below(len(options))]

    def raw(self, count_max: int) -> bytes:
        count = min(self.below(count_max + 1), self.left)
        self._at += count
        return self._data[self._at - count : self._at]
