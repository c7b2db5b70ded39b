"""Thousands of logs that are damaged and repaired; see tests/log/test_simulation.py for seeds."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from leveret.log.check import check
from leveret.log.directory import FORMAT_NAME, encode_format
from leveret.log.port import CorruptionError, Kind
from leveret.log.repair import repair
from leveret.log.scan import Format
from leveret.testing.disk import SimulatedDisk
from tests.log.test_repair import damage, good_batches
from tests.log.test_simulation import (
    ONE_SEED,
    SEGMENT_BYTES,
    STEPS_MAX,
    act,
    check_promises,
    each_seed,
)
from tests.log.world import OWNER, Promises, World


def open_again(disk: SimulatedDisk, promises: Promises) -> World:
    return World(disk.crash(), promises, segment_bytes=SEGMENT_BYTES)


def lived(dice: random.Random) -> tuple[SimulatedDisk, Promises]:
    """A disk after a few lives, in which a check finds nothing."""
    disk, promises = SimulatedDisk(dice), Promises()
    disk.write_whole(FORMAT_NAME, encode_format(Format(OWNER, SEGMENT_BYTES)))
    for _ in range(dice.randrange(1, 4)):
        is_synced = dice.random() < 0.7
        world = World(disk, promises, segment_bytes=SEGMENT_BYTES, is_synced=is_synced)
        check_promises(world)
        world.claim()
        for _ in range(dice.randrange(STEPS_MAX)):
            act(world, dice)
        if dice.random() < 0.3:
            world.stop()
        disk = world.crash()
        assert check(disk).faults == []
        if not is_synced:  # the next life may reuse numbers of batches that a crash took
            break
    return disk, promises


def read_all(world: World) -> list[tuple[int, Kind, bytes]]:
    hot_mark, cold_mark = check(world.disk).marks
    return world.read(hot_mark) + world.read(cold_mark)


def repaired_lives(seed: int) -> Counter[str]:
    """A disk does anything to its files; what a repair leaves is as it was written."""
    dice = random.Random(seed)
    disk, promises = lived(dice)
    written = promises.durable | promises.unknown
    for _ in range(dice.randrange(1, 4)):
        damage(disk, dice)
    good, report = good_batches(disk), check(disk)
    if not report.faults:
        read_all(open_again(disk, Promises()))
        return Counter(["nothing was noticed"])
    repaired = repair(disk)
    assert check(disk).faults == []
    assert good_batches(disk).items() >= good.items()
    world = open_again(disk, Promises())
    for number, kind, data in read_all(world):
        if kind is Kind.RECORDS:
            assert written[number] == data
    world.claim()
    world.append_durably(b"it goes on")
    return Counter(["set aside" if repaired.asides else "made"])


def refused_lives(seed: int) -> Counter[str]:
    """Whatever a start, or its reading, refuses, a check has found; and the other way round."""
    dice = random.Random(seed)
    disk, _ = lived(dice)
    damage(disk, dice)
    faults = check(disk).faults
    try:
        read_all(open_again(disk, Promises()))
    except CorruptionError:
        assert faults
        return Counter(["refused"])
    return Counter(["only a check tells" if faults else "good"])


@pytest.mark.slow
def test_whatever_happens_to_files_a_repair_leaves_a_log_that_goes_on() -> None:
    happened = each_seed(repaired_lives)
    assert ONE_SEED or (happened["set aside"] and happened["made"])


@pytest.mark.slow
def test_what_a_start_refuses_a_check_has_told() -> None:
    happened = each_seed(refused_lives)
    assert ONE_SEED or happened["refused"]
