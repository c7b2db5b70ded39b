"""How much of the log is read at once, where queues are drained whose messages stand interleaved.

    log chunk   a b c d e a b c d e a b c d e        a is wanted: the queues of b, c, d, e may
                |=======|                            want theirs soon, or nobody does

Now and then a read takes more than is wanted. If a quarter of it is welcome, the next ones do, too.
"""

from __future__ import annotations

try:
    import cython
except ImportError:
    from leveret._cython_compat import cython

from leveret.engine.reading import Reading, Run

if cython.compiled:
    from cython.cimports.leveret.engine.reading import Reading, Run

# Half a hundred messages of a kilobyte.
SPREAD_BYTES = cython.declare(cython.Py_ssize_t, 64 * 1024)
# Between two tries.
NARROW_READS = cython.declare(cython.Py_ssize_t, 16)


class Spread:
    """Of one shard's reads of the log, those under way."""

    def __init__(self) -> None:
        self.under_way: dict[int, list[Reading]] = {}  # by the chunk's number
        self.width = 0
        self.narrow_reads = 0

    def add(self, reading: Reading) -> cython.int:
        self.under_way.setdefault(reading.number, []).append(reading)
        return 0

    def remove(self, reading: Reading) -> cython.int:
        """It is done."""
        readings: list = self.under_way[reading.number]
        readings.remove(reading)
        if not readings:
            del self.under_way[reading.number]
        return 0

    def covering(self, run: Run) -> Reading:
        """What is under way and will bring the run, too; None: nothing is."""
        reading: Reading
        for reading in self.under_way.get(run.chunk.number, ()):
            if (
                reading.chunk is run.chunk
                and reading.offset <= run.start
                and run.end <= reading.offset + reading.count
            ):
                return reading
        return cython.cast(Reading, None)

    def widened(self, run: Run) -> cython.Py_ssize_t:
        """How much to read for a run."""
        count: cython.Py_ssize_t = run.end - run.start
        if self.width == 0:
            self.narrow_reads += 1
            if self.narrow_reads < NARROW_READS:
                return count
            self.narrow_reads = 0
        return max(count, min(SPREAD_BYTES, run.chunk.used - run.start))

    def judge(self, reading: Reading, invited: cython.Py_ssize_t) -> cython.int:
        """So many bytes of it were welcome."""
        if reading.count == SPREAD_BYTES:
            self.width = SPREAD_BYTES if invited >= reading.count >> 2 else 0
        return 0
