"""Several lives of a broker on one disk, all from one seed, and the look at what each has left.

life: start -> declare, load, maybe rests -> stop, power lost, or the disk fails
look: another broker starts on a copy of the disk, and what it has is held against the ledger
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator

from leveret.log.batch import COLD
from leveret.testing.disk import SimulatedDisk
from tests.crash.complaints import complaints
from tests.crash.ledger import Found, Ledger
from tests.crash.load import QUEUES
from tests.simulation.broker import (
    EVERYTHING,
    SEGMENT_BYTES,
    PowerLost,
    SimulatedBroker,
    fails_after,
)
from tests.simulation.contents import Stored, contents, definitions
from tests.simulation.definer import PREFIX, Definitions
from tests.simulation.load import SimulatedLoad

STEPS_MAX = 100
LONG_LIFE_STEPS_MAX = 400
LIVES_MAX = 3
ROOM = 1 << 40


class Lives:
    """`happened` counts what a test wants to have seen."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.disk = SimulatedDisk(self.dice)
        self.ledger = Ledger()
        self.definitions = Definitions()
        self.happened: Counter[str] = Counter()

    def run(self) -> Counter[str]:
        for _ in range(self.dice.randrange(1, LIVES_MAX + 1)):
            broker = self._start()
            if broker is not None:
                self._live(broker)
            self.disk.capacity, self.disk.refuse = ROOM, lambda kind: 0
            self.disk = self.disk.crash()
            self._look()
        return self.happened

    # A life

    def _start(self) -> SimulatedBroker | None:
        """None: the power was lost before it was there."""
        lost_after = self.dice.randrange(60) if self.dice.random() < 0.1 else 1 << 30
        try:
            return SimulatedBroker(self.disk, self.dice, lost_after=lost_after)
        except PowerLost:
            self.happened["lost at the start"] += 1
            return None

    def _live(self, broker: SimulatedBroker) -> None:
        dice, disk = self.dice, self.disk
        if dice.random() < 0.1:
            disk.refuse = fails_after(dice.randrange(200))
        load = SimulatedLoad(broker, self.ledger, self.definitions, dice)
        steps = dice.randrange(LONG_LIFE_STEPS_MAX if dice.random() < 0.03 else STEPS_MAX)
        for _ in range(steps):
            if broker.has_failed:
                break
            load.step()
            if dice.random() < 0.001:
                load.flood()
            if dice.random() < 0.01:
                used = sum(len(file.content) for file in disk.files.values())
                disk.capacity = ROOM if disk.capacity < ROOM else used + dice.randrange(40_000)
            self.happened["full"] += broker.durability.is_full
        self._count(broker)
        if not broker.has_failed and dice.random() < 0.5:
            self._rest(broker, load)

    def _rest(self, broker: SimulatedBroker, load: SimulatedLoad) -> None:
        """All is durable: who starts on this disk has what this broker has. Then it may stop."""
        self.disk.capacity = ROOM
        if load.rest():
            self.happened["rested"] += 1
            self._compare(broker)
            if self.dice.random() < 0.5:
                broker.stop()
                self.happened["stopped"] += 1

    def _compare(self, broker: SimulatedBroker) -> None:
        again = contents(self._second())
        known = contents(broker)
        assert known.keys() == again.keys()
        for name, messages in known.items():
            assert [each.position for each in messages] == [each.position for each in again[name]]
            for one, other in zip(messages, again[name], strict=True):
                assert one.found is None or same(one.found, other.found), (name, one, other)
            if name in QUEUES:
                assert {each.key for each in whole(again[name])} == remaining(self.ledger, name)

    # What there is

    def _second(self) -> SimulatedBroker:
        """A broker that has all in memory, on a disk of its own."""
        return SimulatedBroker(self.disk.crash(), self.dice, in_memory=EVERYTHING)

    def _look(self) -> None:
        broker = self._second()
        found = {name: list(whole(messages)) for name, messages in contents(broker).items()}
        found = {name: found[name] for name in QUEUES if name in found}
        wrong = list(complaints(self.ledger, found, was_clean=broker.was_clean))
        assert not wrong, wrong[:5]
        delivered = {
            copy: copy.was_delivered
            for copies in self.ledger.queues.values()
            for copy in copies.values()
        }
        self.ledger.recovered(found)
        if broker.was_clean:
            for copies in self.ledger.queues.values():
                for copy in copies.values():
                    copy.was_delivered = delivered[copy]
        self.definitions.survived(definitions(broker, PREFIX))
        self.happened["messages"] += sum(map(len, found.values()))
        self.happened["clean" if broker.was_clean else "unclean"] += 1

    def _count(self, broker: SimulatedBroker) -> None:
        happened, log, shard = self.happened, broker.log, broker.shard
        happened["failed"] += broker.has_failed
        happened["trimmed"] += log.first_number > 1
        happened["copied"] += log.next_copied > COLD + 1
        happened["copies trimmed"] += log.first_copied > COLD + 1
        happened["evicted"] += any(
            chunk is not None and chunk.buffer is None for chunk in shard.records.chunks
        )
        happened["folded"] += shard.pages.store is not None and shard.pages.store.writes > 0
        happened["segments"] += log.hot.offset // SEGMENT_BYTES + len(log.hot.segments)


def whole(messages: list[Stored]) -> Iterator[Found]:
    for message in messages:
        assert message.found is not None
        yield message.found


def same(one: Found, other: Found | None) -> bool:
    return other is not None and (one.key, one.body) == (other.key, other.body)


def remaining(ledger: Ledger, queue: str) -> set[str]:
    """When all that was asked for is done."""
    return {copy.key for copy in ledger.live(queue) if copy.is_persistent and not copy.is_leaving}
