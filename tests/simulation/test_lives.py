"""Nothing that was confirmed is lost: lives of whole brokers by the hundred, each from one seed.

A failure prints its seed. To see it again: `LEVERET_SEED=4711 .venv/bin/python -m pytest
tests/simulation`. To look further: `LEVERET_SEEDS=20000 ...`.
"""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Iterable, Iterator

import pytest

from leveret.engine.buffer import COMPILED
from leveret.engine.chores import Chore
from leveret.server import copying, trimming
from leveret.server.durability import Durability
from tests.simulation.broker import KIB
from tests.simulation.lives import Lives

SEEDS = int(os.environ.get("LEVERET_SEEDS", 400 if COMPILED else 40))
ONE_SEED = os.environ.get("LEVERET_SEED")
PARTS = 8
AT_LAST = 2_000  # one of so many seeds shows each fault

happened: Counter[str] = Counter()


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Cuts and full disks are expected here."""
    logger = logging.getLogger("leveret")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    yield
    logger.setLevel(level)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trimming, "CHECKPOINT_BYTES", 24 * KIB)
    monkeypatch.setattr(trimming, "TRIM_BYTES", 8 * KIB)
    monkeypatch.setattr(copying, "DEAD_BYTES", 8 * KIB)


def run(seeds: Iterable[int]) -> None:
    for seed in seeds:
        try:
            happened.update(Lives(seed).run(), seeds=1)
        except BaseException:
            print(f"LEVERET_SEED={seed}")
            raise


@pytest.mark.slow
@pytest.mark.parametrize("part", range(1 if ONE_SEED else PARTS))
def test_nothing_that_was_confirmed_is_lost(part: int) -> None:
    run(range(part, SEEDS, PARTS) if ONE_SEED is None else [int(ONE_SEED)])


def test_in_those_lives_everything_has_happened() -> None:
    if happened["seeds"] < max(SEEDS, 40):
        pytest.skip("only some of the lives were lived")
    often = ("messages", "clean", "unclean", "rested", "trimmed", "evicted", "full")
    seldom = ("failed", "copied", "copies trimmed", "folded", "lost at the start")
    known = set(often) if SEEDS < 300 else {*often, *seldom}
    assert {what for what in known if not happened[what]} == set()


# Brokers that are broken must be found out.


def say_nothing(_queues: object, _journal: object) -> Chore:
    return Chore(lambda count_max: 0)


def confirm_at_once(durability: Durability) -> None:
    append(durability)
    if durability._is_serving:
        durability._shard.next_turn(durability._tell)


append = Durability._append


BROKEN: dict[str, tuple[object, str, object]] = {
    "what is gone is not said again": (trimming, "say_what_is_gone", say_nothing),
    "confirms do not wait for the disk": (Durability, "_append", confirm_at_once),
}


@pytest.mark.slow
@pytest.mark.skipif(ONE_SEED is not None, reason="another seed shows it")
@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_broker_is_found_out(monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    monkeypatch.setattr(*BROKEN[fault])
    for seed in range(AT_LAST):
        try:
            Lives(seed).run()
        except Exception:
            return
    raise AssertionError("nobody has noticed")
