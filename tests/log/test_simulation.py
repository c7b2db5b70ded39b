"""Thousands of lives of a log, each from one seed: what it has promised is there, or it refuses.

A failure prints its seed. To see it again: `LEVERET_SEED=4711 make test-fast ARGS="-k simulation"`.
To look further: `LEVERET_SEEDS=100000 make test-fast ARGS="-k simulation"`.
"""

from __future__ import annotations

import errno
import logging
import os
import random
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from leveret.engine.buffer import COMPILED
from leveret.log.batch import COLD, read_header
from leveret.log.disk_log import State
from leveret.log.port import HEADER_BYTES, PADDING_BYTES_MAX, CorruptionError, Kind
from leveret.testing.disk import SimulatedDisk
from tests.log.world import Promises, World

SEEDS = int(os.environ.get("LEVERET_SEEDS", 600 if COMPILED else 60))  # of each kind of life
ONE_SEED = os.environ.get("LEVERET_SEED")
SEGMENT_BYTES = 1 << 15
RECORDS_BYTES_MAX = 12_000
WHOLE_SEGMENT = SEGMENT_BYTES - HEADER_BYTES - PADDING_BYTES_MAX
STEPS_MAX = 60

logging.getLogger("leveret.log").setLevel(logging.ERROR)  # cuts are expected here


def seeds() -> Iterator[int]:
    return iter([int(ONE_SEED)] if ONE_SEED else range(SEEDS))


def each_seed(life: Callable[[int], Counter[str]]) -> Counter[str]:
    """What happened in all of them."""
    happened: Counter[str] = Counter()
    for seed in seeds():
        try:
            happened += life(seed)
        except BaseException:
            print(f"LEVERET_SEED={seed}")
            raise
    return happened


def records(dice: random.Random) -> bytes:
    size = dice.choice((0, 1, dice.randrange(200), dice.randrange(RECORDS_BYTES_MAX)))
    return dice.randbytes(WHOLE_SEGMENT if dice.random() < 0.02 else size)


# What an owner does.


def act(world: World, dice: random.Random) -> None:
    """One of the things that an owner of a log may do."""
    log, promises = world.log, world.promises
    what = dice.randrange(10)
    if what < 5 and log.ready:
        world.append(records(dice))
    elif what == 5:
        world.poll(dice.choice((1, 20, 150, 1100)))
    elif what == 6:
        forget(world, dice)
    elif what == 7 and log.copy_ready and promises.durable:
        alive = [number for number in promises.hot() if number not in promises.forgotten]
        if alive:
            world.copy(promises.durable[dice.choice(alive)])
    elif what == 8:
        check_fetch(world, dice)
    world.poll(dice.randrange(3))


def forget(world: World, dice: random.Random) -> None:
    """Nothing lives in some of the oldest batches any more, and they are not read again."""
    promises = world.promises
    known = sorted(promises.hot())
    if not known:
        return
    upto = dice.choice(known)
    promises.trimmed = max(promises.trimmed, upto)
    promises.forgotten.update(number for number in known if number < upto)
    world.log.trim(upto)
    for info in world.log.segments():
        if info.first_number < COLD and info.last_number < promises.trimmed:
            world.log.set_live_bytes(info.key, 0)


def check_fetch(world: World, dice: random.Random) -> None:
    promises = world.promises
    known = [number for number in promises.durable if number not in promises.forgotten]
    wanted = dice.sample(known, min(len(known), dice.randrange(4)))
    assert world.fetch(*wanted) == [promises.durable[number] for number in wanted]


def check_promises(world: World, *, is_synced: bool = True) -> None:
    """Every batch that was told to be durable is read back, in order and unchanged."""
    promises = world.promises
    for stream, start in (("hot", world.log.first_number), ("cold", COLD + 1)):
        read = world.read(start)
        numbers = [number for number, _, _ in read]
        assert numbers == list(range(start, start + len(read)))
        found = {number: data for number, kind, data in read if kind is Kind.RECORDS}
        expected = {
            number: data
            for number, data in promises.durable.items()
            if number >= start and (number >= COLD) == (stream == "cold")
        }
        assert expected.items() <= found.items()
        unknown = {number: found[number] for number in found.keys() - expected.keys()}
        assert unknown.items() <= promises.unknown.items()
        promises.durable |= unknown
    promises.unknown.clear()
    assert world.log.first_number <= promises.trimmed
    check_fetch(world, random.Random(1))


def lives(seed: int) -> Counter[str]:
    """A few of them on one disk, with a crash or a stop between."""
    dice = random.Random(seed)
    disk = SimulatedDisk(dice)
    promises, happened = Promises(), Counter[str]()
    for _ in range(dice.randrange(1, 5)):
        world = World(disk, promises, segment_bytes=SEGMENT_BYTES)
        check_promises(world)
        happened["clean" if world.log.is_clean else "unclean"] += 1
        if dice.random() < 0.9:
            world.claim()
            for _ in range(dice.randrange(STEPS_MAX)):
                act(world, dice)
        if dice.random() < 0.3:
            world.stop()
        disk = world.crash()
    check_promises(World(disk, promises, segment_bytes=SEGMENT_BYTES))
    return happened


# Damage.


Spot = tuple[str, int, int]
"""A batch: its file, its offset, and how many bytes it has."""


def batches_on(disk: SimulatedDisk) -> list[Spot]:
    """Every batch of the hot stream, in order."""
    spots = []
    for index, name in enumerate(name for name in disk.names() if name.startswith("hot")):
        content, offset = memoryview(disk.files[name].content), 0
        while offset + HEADER_BYTES <= len(content):
            header = read_header(content, offset)
            if header.position != index * SEGMENT_BYTES + offset or not header.magic:
                break
            spots.append((name, offset, header.size))
            offset += header.size
    return spots


def damaged_lives(seed: int) -> Counter[str]:
    """One life, and then one bit of one batch is not what it was."""
    dice = random.Random(seed)
    world = World(SimulatedDisk(dice), segment_bytes=SEGMENT_BYTES)
    world.claim()
    for _ in range(dice.randrange(1, 25)):
        world.append_durably(records(dice))
        world.poll(dice.choice((0, 0, 0, 150)))
        world.wait_ready()
    disk = world.crash()
    spots = batches_on(disk)
    spot = dice.choice((spots[-1], dice.choice(spots)))
    disk.flip(spot[0], spot[1] + dice.randrange(spot[2]), dice.randrange(8))
    if spot == spots[-1]:
        check_cut(disk, world.promises, len(spots))
        return Counter(["unsealed"])
    with pytest.raises(CorruptionError) as raised:
        World(disk, segment_bytes=SEGMENT_BYTES).read(1)
    assert (raised.value.file, raised.value.offset) == spot[:2]
    return Counter(["sealed"])


def check_cut(disk: SimulatedDisk, promises: Promises, last: int) -> None:
    """All but the last batch are there, and the log goes on in its place."""
    world = World(disk, segment_bytes=SEGMENT_BYTES)
    read = {number: data for number, kind, data in world.read(1) if kind is Kind.RECORDS}
    assert read == {number: data for number, data in promises.hot().items() if number < last}
    world.claim()
    assert world.owner.durable == last


# Faults.


def failing_lives(seed: int) -> Counter[str]:
    """The disk refuses something, once or from then on."""
    dice = random.Random(seed)
    disk = SimulatedDisk(dice)
    world = World(disk, segment_bytes=SEGMENT_BYTES)
    world.claim()
    countdown = dice.randrange(1, 120)

    def refuse(kind: str) -> int:
        nonlocal countdown
        countdown -= kind != "read"
        return errno.EIO if countdown == 0 and kind != "read" else 0

    disk.refuse = refuse
    for _ in range(STEPS_MAX):
        if world.log.state is State.FAILED:
            break
        act(world, dice)
    failed = world.log.state is State.FAILED
    assert failed == (countdown <= 0)
    if failed:
        durable = dict(world.promises.durable)
        for _ in range(20):
            world.poll(100)
        assert world.promises.durable == durable
        assert [event[:6] for event in world.owner.events] == ["failed"]
    check_promises(World(world.crash(), world.promises, segment_bytes=SEGMENT_BYTES))
    return Counter(["failed" if failed else "lived"])


def full_lives(seed: int) -> Counter[str]:
    """A small disk: the log is full now and then, and goes on when there is room again."""
    dice = random.Random(seed)
    disk = SimulatedDisk(dice, capacity=dice.randrange(4, 7) * SEGMENT_BYTES)
    world = World(disk, segment_bytes=SEGMENT_BYTES)
    world.claim()
    for _ in range(STEPS_MAX * 2):
        act(world, dice)
    assert world.owner.events[::2] == ["full"] * len(world.owner.events[::2])
    assert world.owner.events[1::2] == ["room"] * len(world.owner.events[1::2])
    if dice.random() < 0.5:
        check_promises(World(world.crash(), world.promises, segment_bytes=SEGMENT_BYTES))
    elif world.owner.events:
        drain(world)
    return Counter(world.owner.events)


def drain(world: World) -> None:
    """Everything is consumed: then the log is not full."""
    for _ in range(200):
        world.promises.trimmed = world.owner.durable  # a seal may be the last
        world.promises.forgotten = set(world.promises.durable)
        world.log.trim(world.promises.trimmed)
        world.log.trim(max(world.promises.durable.keys() | {COLD}))
        for info in world.log.segments():
            world.log.set_live_bytes(info.key, 0)
        world.poll(500)
    if world.log.cold.outstanding is None:  # one that waits for room may wait for ever
        assert world.owner.events[-1] == "room"


def unsynced_lives(seed: int) -> Counter[str]:
    """Durability `os`: a crash of the machine takes the newest batches, and no others."""
    dice = random.Random(seed)
    disk = SimulatedDisk(dice)
    before: list[tuple[int, Kind, bytes]] = []
    happened: Counter[str] = Counter()
    for _ in range(3):
        world = World(disk, segment_bytes=SEGMENT_BYTES, is_synced=False)
        read = world.read(1)
        assert read == before[: len(read)]
        assert all(kind is Kind.RECORDS for _, kind, _ in before[len(read) :])
        happened["lost" if len(read) < len(before) else "kept"] += 1
        world.claim()
        for _ in range(dice.randrange(STEPS_MAX)):
            if world.log.ready and dice.random() < 0.7:
                world.append(records(dice))
            world.poll(dice.choice((0, 0, 1, 150)))
        for _ in range(100):
            world.poll(0)
        before = world.read(1)
        disk = world.crash()
    return happened


@pytest.mark.slow
def test_what_was_durable_survives_every_crash() -> None:
    happened = each_seed(lives)
    assert ONE_SEED or (happened["clean"] and happened["unclean"])


@pytest.mark.slow
def test_a_damaged_batch_refuses_the_start_unless_it_is_the_last() -> None:
    happened = each_seed(damaged_lives)
    assert ONE_SEED or min(happened["sealed"], happened["unsealed"]) > SEEDS / 10


@pytest.mark.slow
def test_after_an_error_of_the_disk_nothing_is_durable_any_more() -> None:
    happened = each_seed(failing_lives)
    assert ONE_SEED or (happened["failed"] and happened["lived"])


@pytest.mark.slow
def test_a_full_disk_is_waited_for() -> None:
    happened = each_seed(full_lives)
    assert ONE_SEED or (happened["full"] and happened["room"])


@pytest.mark.slow
def test_without_syncs_a_crash_takes_the_newest_batches_alone() -> None:
    happened = each_seed(unsynced_lives)
    assert ONE_SEED or (happened["lost"] and happened["kept"])
