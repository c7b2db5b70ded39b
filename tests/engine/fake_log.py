"""A log in a list: what it has taken is durable as soon as the test says so."""

from leveret.engine.buffer import Buffer
from leveret.engine.gaps import say_what_is_gone
from leveret.engine.recall import Reading
from leveret.engine.replay import Replay
from leveret.engine.shard import Shard

MAGIC_BYTES = b"LVRB"
COPIES = 1 << 40  # the number of the first


class FakeLog:
    """`batches` are whole, with the head that a log would fill in, and stand in `content`."""

    def __init__(self, shard: Shard) -> None:
        self.shard = shard
        self.batches: list[tuple[int, bytes]] = []
        self.copies: list[tuple[int, bytes]] = []
        self.copies_from = 0
        self.content = bytearray()

    def take(self) -> int:
        """All that is pending, up to now; returns the number of the last batch taken."""
        while (batch := self.shard.journal.take_batch()) is not None:
            batch.chunk.buffer.memory()[batch.start : batch.start + 4] = MAGIC_BYTES
            written = batch.chunk.buffer.bytes_at(batch.start, batch.end - batch.start)
            batch.chunk.place(batch.number, batch.start, len(self.content))
            self.batches.append((batch.number, written))
            self.content += written
        return self.batches[-1][0] if self.batches else 0

    def read(self, reading: Reading) -> None:
        raise AssertionError("nobody reads")

    def copy(self) -> bool:
        """Takes a batch of copies, if there is one; say copied() to the shard then."""
        batch = self.shard.forward.take_batch()
        if batch is None:
            return False
        batch.chunk.buffer.memory()[batch.start : batch.start + 4] = MAGIC_BYTES
        written = batch.chunk.buffer.bytes_at(batch.start, batch.end - batch.start)
        number = COPIES + len(self.copies)
        batch.chunk.place(number, batch.start, len(self.content))
        self.copies.append((number, written))
        self.content += written
        return True

    def trim(self) -> None:
        """Forgets what is not needed, after it was said again what is gone."""
        journal, forward = self.shard.journal, self.shard.forward
        journal.seal()
        first = journal.number
        chore = say_what_is_gone(self.shard.queues, journal)
        self.shard.chores.begin(chore)
        while not chore.done:
            self.shard.turn()
        self.take()
        first = min(first, journal.order.first_needed() or first)
        self.batches = [each for each in self.batches if each[0] >= first]
        if not forward.has_some:
            self.copies_from = forward.order.first_needed() or COPIES + len(self.copies)

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
        for number, written in self.copies:
            if number >= self.copies_from:
                replay.apply_copies(number, position, Buffer(0, written), 0, len(written))
        for number, written in self.batches[:upto]:
            replay.apply(number, position, Buffer(0, written), 0, len(written))
            position += len(written)
        return replay
