"""When what lives is copied forward, from where, how fast, and what is forgotten then."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from leveret.engine.buffer import Buffer
from leveret.log.batch import COLD
from leveret.server import copying
from leveret.server.copying import HURRY_MS, PAUSE_MS, Copying
from tests.engine.client import World
from tests.engine.fake_log import FakeLog
from tests.engine.log_chunks import PER_CHUNK, evict, publish
from tests.engine.slow_reader import SlowReader

MIB = 1 << 20


@dataclass
class Info:
    key: int
    size: int


@dataclass
class Log:
    """`sizes` of the hot and the cold stream."""

    sizes: list[int] = field(default_factory=lambda: [0, 0])
    pauses: list[int] = field(default_factory=list)
    record_counts: list[int] = field(default_factory=list)
    copy_ready: bool = True

    def segments(self) -> list[Info]:
        return [Info(0, self.sizes[0]), Info(COLD, self.sizes[1])]

    def copy(
        self, buffer: Buffer, start: int, length: int, record_count: int, *, pause_ms: int
    ) -> int:
        assert self.copy_ready
        assert buffer.size >= start + 48 + length
        self.copy_ready = False
        self.record_counts.append(record_count)
        self.pauses.append(pause_ms)
        return COLD + len(self.record_counts)

    def position_of(self, number: int) -> int:
        return COLD + (number - COLD) * MIB


class Place:
    """A queue with fifty messages of 100 KB, of which the first thirty are gone."""

    def __init__(self) -> None:
        self.world = World(journal=True)
        self.fake = FakeLog(self.world.shard)
        self.reader = SlowReader(self.world.shard, self.fake)
        self.queue = self.world.kept_queue(b"q")
        self.client = self.world.connect()
        publish(self.client, 5 * PER_CHUNK)
        for _ in range(3 * PER_CHUNK):
            self.client.channel().get(self.queue, True)
        self.fake.sync()
        self.log = Log()
        self.trims = 0
        self.copying = Copying(self.world.shard, self.log, self.trim)

    def trim(self) -> None:
        self.trims += 1

    def run(self) -> None:
        """Turns, and the log answers, until nothing happens any more."""
        while self.copying.pump() or self.reader.pending or not self.log.copy_ready:
            if self.reader.pending:
                self.reader.answer()
            if not self.log.copy_ready:
                self.log.copy_ready = True
                self.copying.copied()


@pytest.fixture
def place(monkeypatch) -> Place:
    monkeypatch.setattr(copying, "DEAD_BYTES", 0)
    return Place()


def test_nothing_is_copied_where_enough_lives(place):
    place.log.sizes = [4 * MIB, 0]
    place.copying.consider()
    place.run()
    assert (place.log.record_counts, place.trims) == ([], 0)


@pytest.mark.parametrize(("megabytes", "pause_ms"), [(5.2, PAUSE_MS), (9.0, HURRY_MS)])
def test_what_lives_of_complete_chunks_is_copied_and_the_log_is_trimmed(place, megabytes, pause_ms):
    place.log.sizes = [int(megabytes * MIB), 0]
    place.copying.consider()
    place.log.sizes = [0, 0]
    place.run()
    assert sum(place.log.record_counts) == PER_CHUNK
    assert set(place.log.pauses) == {pause_ms}
    assert place.trims == 1


def test_what_was_evicted_is_read_first(place):
    evict(place.world)
    place.log.sizes = [10 * MIB, 0]
    place.copying.consider()
    place.log.sizes = [0, 0]
    assert not place.copying.pump()
    assert len(place.reader.pending) == 1
    place.run()
    assert (sum(place.log.record_counts), place.reader.reads) == (PER_CHUNK, 1)


def test_copies_are_copied_again_where_little_of_them_lives(place):
    place.log.sizes = [10 * MIB, 0]
    place.copying.consider()
    place.log.sizes = [0, 10 * MIB]
    place.run()
    # All of the copies are in a chunk that is still written to: there is nothing to copy.
    assert sum(place.log.record_counts) == PER_CHUNK
    assert place.queue.ready_count == 2 * PER_CHUNK


def test_a_pass_ends_after_so_many_chunks(place, monkeypatch):
    monkeypatch.setattr(copying, "PASS_CHUNKS", 2)
    publish(place.client, 5 * PER_CHUNK)
    place.fake.sync()
    place.log.sizes = [100 * MIB, 0]
    place.copying.consider()
    place.log.sizes = [0, 0]
    place.run()
    assert sum(place.log.record_counts) == 2 * PER_CHUNK
