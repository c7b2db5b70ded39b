"""Counts of values at a precision of under one percent, in a fixed 50 KB.

    value   0 .. 255      256 .. 511    512 .. 1023   ...
    one     value each    2 values      4 values      of 128 counts per octave

A value past the last octave counts as the largest that fits; `maximum` is exact.
"""

from __future__ import annotations

import math

try:
    import cython
except ImportError:
    from leveret._cython_compat import cython

from leveret.engine.buffer import Buffer

if cython.compiled:
    from cython.cimports.leveret.engine.buffer import Buffer
else:
    LINEAR = 256
    OCTAVE_SHIFT = 7
    OCTAVES = 48


class Histogram:
    """How often each value was recorded."""

    def __init__(self) -> None:
        self.counts = Buffer(((OCTAVES + 2) << OCTAVE_SHIFT) * 8)
        self.count = 0
        self.maximum = 0
        self.last_value = 0
        self.last_index = 0

    def record(self, value: cython.ulonglong) -> cython.int:
        # What is sent in one go carries one time stamp, so that equal values come in runs.
        if value != self.last_value:
            self.last_value = value
            self.last_index = self.index_of(value)
            if value > self.maximum:
                self.maximum = value
        self.counts.put_slot(self.last_index, self.counts.slot(self.last_index) + 1)
        self.count += 1
        return 0

    def index_of(self, value: cython.ulonglong) -> cython.Py_ssize_t:
        shift: cython.Py_ssize_t = 0
        while value >= LINEAR and shift < OCTAVES:
            value >>= 1
            shift += 1
        if value >= LINEAR:
            value = LINEAR - 1
        return (shift << OCTAVE_SHIFT) + cython.cast(cython.Py_ssize_t, value)

    def percentile(self, percent: float) -> int:
        """The value that `percent` of the values do not exceed, or 0 of none."""
        wanted = max(1, math.ceil(round(float(self.count) * percent / 100, 6)))
        seen = 0
        for index in range((OCTAVES + 2) << OCTAVE_SHIFT):
            seen += self.counts.slot(index)
            if seen >= wanted:
                return min(self.highest_at(index), self.maximum)
        return 0

    def highest_at(self, index: int) -> int:
        """The largest value that is counted at `index`."""
        if index < LINEAR:
            return index
        shift = (index >> OCTAVE_SHIFT) - 1
        return (((index & 127) + 129) << shift) - 1

    def add(self, other: Histogram) -> None:
        """Counts what `other` has counted, too."""
        for index in range((OCTAVES + 2) << OCTAVE_SHIFT):
            self.counts.put_slot(index, self.counts.slot(index) + other.counts.slot(index))
        self.count += other.count
        self.maximum = max(self.maximum, other.maximum)
