"""A log in a list: what it has taken is durable as soon as the test says so."""

from leveret.engine.buffer import Buffer
from leveret.engine.recall import Reading
from leveret.engine.replay import Replay
from leveret.engine.shard import Shard

MAGIC_BYTES = b"LVRB"


class FakeLog:
    """`batches` are whole, with the head that a log would fill in, and stand in `content`."""

    def __init__(self, shard: Shard) -> None:
        self.shard = shard
        self.batches: list[tuple[int, bytes]] = []
        self.content = bytearray()

    def take(self) -> int:
        """All that is pending, up to now; returns the number of the last batch taken."""
        while (batch := self.shard.journal.take_batch()) is not None:
            batch.chunk.buffer.memory()[batch.start : batch.start + 4] = MAGIC_BYTES
            written = batch.chunk.buffer.bytes_at(batch.start, batch.end - batch.start)
            batch.chunk.place(batch.start, len(self.content))
            self.batches.append((batch.number, written))
            self.content += written
        return self.batches[-1][0] if self.batches else 0

    def read(self, reading: Reading) -> None:
        raise AssertionError("nobody reads")

    def sync(self) -> None:
        """All that is pending becomes durable."""
        self.shard.became_durable(self.take())

    def replayed(
        self, *, redelivered: bool = False, upto: int | None = None, log_bytes_max: int = 0
    ) -> Replay:
        """A replay of the first batches, to a shard of its own, which may keep so much of it."""
        replay = Replay(Shard(1, journal=True), redelivered)
        if log_bytes_max:
            replay.shard.read_log_with(self)
            replay.shard.guests.log_bytes_max = log_bytes_max
        position = 0
        for number, written in self.batches[:upto]:
            replay.apply(number, position, Buffer(0, written), 0, len(written))
            position += len(written)
        return replay
