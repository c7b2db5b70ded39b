"""When definitions are written once more, and what the log may forget then; the log is a fake."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from leveret.engine.chores import Chore
from leveret.log.batch import COLD
from leveret.server import copying, trimming
from leveret.server.trimming import Trimming
from tests.engine.client import Client, World

PERSISTENT = b"\x10\x00\x02"
OFFSET = 10  # the log has batches of its own


@dataclass
class Info:
    key: int
    last_number: int
    size: int = 0


@dataclass
class Log:
    first_number: int = OFFSET
    upto: int = 0
    infos: list[Info] = field(default_factory=lambda: [Info(7, OFFSET + 1), Info(8, OFFSET + 9)])
    dead: list[int] = field(default_factory=list)
    first_copied: int = COLD
    next_copied: int = COLD
    copies_upto: int = 0

    def trim(self, upto: int) -> None:
        if upto >= COLD:
            self.copies_upto = upto
        else:
            self.upto = upto

    def segments(self) -> list[Info]:
        return self.infos

    def set_live_bytes(self, key: int, live_bytes: int) -> None:
        assert live_bytes == 0
        self.dead.append(key)


class Kept:
    """A world whose batches go to the log, and are durable at once."""

    def __init__(self) -> None:
        self.world = World(journal=True)
        self.log = Log()
        self.definitions = 0
        self.steps = 2
        self.trimming = Trimming(self.world.shard, self.log, self.define_all)
        self.queue = self.world.kept_queue(b"k")
        self.client: Client = self.world.connect()

    def define_all(self) -> Chore:
        self.definitions += 1
        left = self.steps

        def step(count_max: int) -> int:
            nonlocal left
            left -= 1
            self.world.shard.journal.define(b"key", b"value")
            return count_max if left else 0

        return Chore(step)

    def go_on(self) -> None:
        """All that is pending becomes durable, in as many turns as it takes."""
        shard = self.world.shard
        while shard.journal.pending or shard.pending:
            if (batch := shard.journal.take_batch()) is not None:
                batch.chunk.place(OFFSET + batch.number, batch.start, 0)
                self.trimming.appended(OFFSET + batch.number, batch)
                shard.became_durable(batch.number)
                self.trimming.durable(batch.number)
            shard.turn()
            self.client.messages()

    def publish(self, size: int = 1000) -> None:
        self.client.publish(b"k", bytes(size), PERSISTENT)
        self.go_on()


@pytest.fixture
def kept(monkeypatch) -> Kept:
    monkeypatch.setattr(trimming, "TRIM_BYTES", 1)
    monkeypatch.setattr(trimming, "CHECKPOINT_BYTES", 3000)
    return Kept()


def test_nothing_is_forgotten_before_definitions_were_written_again(kept):
    for _ in range(2):
        kept.publish()
    assert (kept.definitions, kept.log.upto) == (0, 0)


def test_a_live_message_keeps_what_is_behind_it(kept):
    for _ in range(5):
        kept.publish()
    assert kept.definitions == 1
    assert kept.log.upto == OFFSET + 1


def test_what_nothing_refers_to_is_forgotten_up_to_the_newest_definitions(kept):
    kept.client.consume(kept.queue, no_ack=True)
    for _ in range(30):
        kept.publish(100_000)
    assert kept.definitions > 1
    assert OFFSET + 9 < kept.log.upto <= OFFSET + kept.world.shard.journal.number
    assert set(kept.log.dead) == {7, 8}


def test_one_message_that_stays_holds_the_log(kept):
    kept.publish(100_000)
    kept.client.consume(kept.world.kept_queue(b"other"), no_ack=True)
    for _ in range(30):
        kept.client.publish(b"other", bytes(100_000), PERSISTENT)
        kept.go_on()
    assert kept.definitions > 1
    assert kept.log.upto == OFFSET + 1


def test_definitions_count_when_all_are_written_and_durable(kept):
    kept.steps = 10**9
    kept.client.consume(kept.queue, no_ack=True)
    for _ in range(3):
        kept.client.publish(b"k", bytes(1000), PERSISTENT)
        batch = kept.world.shard.journal.take_batch()
        kept.trimming.appended(OFFSET + batch.number, batch)
        kept.world.shard.became_durable(batch.number)
        kept.trimming.durable(batch.number)
    assert (kept.definitions, kept.log.upto) == (1, 0)


def test_what_was_settled_is_not_forgotten_before_that_is_durable(kept):
    for _ in range(30):
        kept.publish(100_000)
    for _ in range(30):
        kept.client.channel().get(kept.queue, True)
    assert kept.queue.ready_count == 0
    kept.trimming.trim()
    assert kept.log.upto == OFFSET + 1
    kept.go_on()
    assert kept.log.upto > OFFSET + 1


def test_what_is_gone_is_said_before_the_first_message_is_copied(kept, monkeypatch):
    events: list[str] = []

    def say(queues: object, journal: object) -> Chore:
        events.append("said")
        return Chore(lambda count_max: 0)

    monkeypatch.setattr(trimming, "say_what_is_gone", say)
    monkeypatch.setattr(trimming, "CHECKPOINT_BYTES", 1 << 40)
    monkeypatch.setattr(copying, "DEAD_BYTES", 0)
    monkeypatch.setattr(copying.Copying, "consider", lambda copying: events.append("copied"))
    kept.log.infos[0].size = 1 << 30
    for _ in range(8):
        kept.publish()
    assert events[:2] == ["said", "copied"]
    assert kept.definitions == 1
