"""A log in a list: what it has taken is durable as soon as the test says so."""

from leveret.engine.buffer import Buffer
from leveret.engine.replay import Replay
from leveret.engine.shard import Shard


class FakeLog:
    """`batches` are whole, with the head that a log would fill in."""

    def __init__(self, shard: Shard) -> None:
        self.shard = shard
        self.batches: list[tuple[int, bytes]] = []

    def take(self) -> int:
        """All that is pending, up to now; returns the number of the last batch taken."""
        while (batch := self.shard.journal.take_batch()) is not None:
            written = batch.chunk.buffer.bytes_at(batch.start, batch.end - batch.start)
            self.batches.append((batch.number, written))
        return self.batches[-1][0] if self.batches else 0

    def sync(self) -> None:
        """All that is pending becomes durable."""
        self.shard.became_durable(self.take())

    def replayed(self, *, redelivered: bool = False, upto: int | None = None) -> Replay:
        """A replay of the first batches, to a shard of its own."""
        replay = Replay(Shard(1, journal=True), redelivered)
        for number, written in self.batches[:upto]:
            replay.apply(number, Buffer(0, written), 0, len(written))
        return replay
