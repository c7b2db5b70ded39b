"""A log that is read back slowly: it answers when it is told to, in any order, or fails to."""

from leveret.engine.reading import Reading
from leveret.engine.shard import Shard
from tests.engine.fake_log import FakeLog


class SlowReader:
    """Of what `log` has taken. What it was asked for is in `pending`, oldest first."""

    def __init__(self, shard: Shard, log: FakeLog) -> None:
        self.shard = shard
        self.log = log
        self.pending: list[Reading] = []
        self.reads = 0
        self.bytes_read = 0
        shard.read_log_with(self)

    def read(self, reading: Reading) -> None:
        assert 0 < reading.count <= reading.buffer.size
        assert reading.offset + reading.count <= reading.chunk.used
        self.pending.append(reading)

    def answer(self, which: int = 0, *, refuse: bool = False) -> None:
        """One of the readings that are pending is done, or has failed."""
        reading = self.pending.pop(which)
        self.reads += 1
        self.bytes_read += reading.count
        if not refuse:
            data = b"".join(self.pieces(reading))
            assert len(data) == reading.count
            reading.buffer.memory()[: reading.count] = data
        self.shard.fetched(reading, not refuse)

    def pieces(self, reading: Reading) -> list[bytes]:
        """Byte by byte would be the same."""
        ends = [offset for offset, _ in reading.chunk.places[1:]] + [reading.chunk.used]
        found = []
        for (offset, position), end in zip(reading.chunk.places, ends, strict=True):
            first = max(offset, reading.offset)
            last = min(end, reading.offset + reading.count)
            if first < last:
                at = position + first - offset
                found.append(bytes(self.log.content[at : at + last - first]))
        return found
