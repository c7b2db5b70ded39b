"""What a simulated disk may have after a crash."""

from __future__ import annotations

import random

from leveret.engine.buffer import Buffer
from leveret.testing.disk import SimulatedDisk

BEFORE, DATA = b"before", b"afterwards"
SEEDS = 60


def after_crash(seed: int, *, done: bool, sync: bool) -> bytes:
    """A file of BEFORE, in whose place DATA is written when the power goes, or was."""
    disk = SimulatedDisk(random.Random(seed))
    disk.write_whole("file", BEFORE)
    disk.write(
        disk.open("file"), 0, Buffer(0, DATA), 0, len(DATA), lambda moved, error: None, sync=sync
    )
    assert not disk.is_idle
    if done:
        disk.wait()
    return disk.crash().read_whole("file")


def outcomes(*, done: bool, sync: bool) -> set[bytes]:
    return {after_crash(seed, done=done, sync=sync) for seed in range(SEEDS)}


def test_what_was_synced_survives() -> None:
    assert outcomes(done=True, sync=True) == {DATA}


def test_of_what_was_not_synced_there_is_all_or_nothing_or_its_beginning() -> None:
    found = outcomes(done=True, sync=False)
    beginnings = {DATA[:count] + BEFORE[count:] for count in range(len(DATA) + 1)}
    assert {BEFORE, DATA} < found <= beginnings


def test_what_was_under_way_may_be_torn_even_if_it_was_to_be_synced() -> None:
    assert outcomes(done=False, sync=True) > {BEFORE, DATA}


def test_a_disk_that_is_idle_goes_on_after_its_copy_was_made() -> None:
    disk = SimulatedDisk(random.Random(1))
    disk.write_whole("file", BEFORE)
    assert disk.crash().read_whole("file") == disk.read_whole("file") == BEFORE
    disk.sync(file := disk.open("file"), lambda moved, error: None)
    disk.wait()
    assert disk.size(file) == len(BEFORE)
