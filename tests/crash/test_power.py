"""What was confirmed outlives the machine, as the order of the broker's own calls shows.

A broker under load is killed; its trace says what was on the disk by then. That is made into a
directory, and a broker that starts there must have all that was confirmed. So must one that starts
from a moment before, of which is known what had been confirmed to the queue that nobody settles.
"""

import random
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

from tests.broker_process import durable_broker
from tests.crash.broken import broken
from tests.crash.client import EXCHANGE, KEPT_QUEUE
from tests.crash.complaints import complaints
from tests.crash.content import read_queues
from tests.crash.history import History
from tests.crash.image import make_image
from tests.crash.ledger import Found, Ledger
from tests.crash.load import QUEUES
from tests.crash.promises import Promise, promises
from tests.crash.rounds import CRASHES, kill, make_directory, run_until
from tests.crash.trace import Event, Kind, compile_shim, read_trace, shim_environment

pytestmark = pytest.mark.slow
SEEDS = [f"power {number}" for number in range(max(1, CRASHES // 5))]


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_shim(tmp_path_factory.mktemp("shim"))


@dataclass
class Life:
    """`directory` had the files `existing` before."""

    directory: str
    existing: dict[str, bytes]
    ledger: Ledger
    events: list[Event]

    def history(self, end: int | None = None) -> History:
        """Up to that event."""
        return History(self.directory, self.events[:end], self.existing)

    @cached_property
    def promises(self) -> list[Promise]:
        return list(promises(self.events))

    def broken(self) -> list[str]:
        return list(broken(self.history(), self.promises))


def live(shim: Path, folder: Path, seed: str, *options: str, is_synced: bool = True) -> Life:
    """A broker's life under load, traced until it was killed."""
    directory, trace = folder / "data", folder / "trace"
    make_directory(directory)
    existing = {path.name: path.read_bytes() for path in directory.iterdir()}
    ledger = Ledger()
    environment = shim_environment(shim, directory, trace, is_synced=is_synced)
    run_until(kill, directory, ledger, seed, *options, **environment)
    return Life(str(directory), existing, ledger, read_trace(trace))


def content(image: Path) -> dict[str, list[Found]]:
    with durable_broker(image) as broker:
        return read_queues(broker.url, QUEUES)


def lost(life: Life, image: Path) -> list[str]:
    """What a broker that starts in an image of the end lacks, or has and should not."""
    return list(complaints(life.ledger, content(image), was_clean=False))


def cuts(life: Life, chance: random.Random) -> list[int]:
    """Ends of the history: one where names change, one where bytes do."""
    named = [event.index for event in life.events if event.kind in (Kind.CREATE, Kind.RENAME)]
    written = [event.index for event in life.events if event.kind in (Kind.WRITE, Kind.SYNC)]
    return [chance.choice(indexes) for indexes in (named, written)]


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_confirmed_outlives_the_machine(shim: Path, tmp_path: Path, seed: str) -> None:
    life = live(shim, tmp_path, seed)
    assert life.promises
    assert life.broken()[:5] == []
    make_image(life.history(), tmp_path / "synced")
    assert lost(life, tmp_path / "synced")[:5] == []
    make_image(life.history(), tmp_path / "torn", torn=random.Random(seed))
    assert lost(life, tmp_path / "torn")[:5] == []
    for cut in cuts(life, random.Random(seed)):
        image = tmp_path / f"cut-{cut}"
        make_image(life.history(cut), image, torn=random.Random(seed))
        kept = {each.key for each in content(image).get(KEPT_QUEUE, ())}
        promised = {promise.message for promise in life.promises if promise.index < cut}
        assert {each.key for each in promised if each.exchange == EXCHANGE} <= kept


def test_a_broker_that_does_not_sync_is_found_out(shim: Path, tmp_path: Path) -> None:
    life = live(shim, tmp_path, SEEDS[0], is_synced=False)
    assert len(life.broken()) == len(life.promises) > 0
    make_image(life.history(), tmp_path / "image")
    assert f"{KEPT_QUEUE} is lost" in lost(life, tmp_path / "image")


def test_a_broker_that_leaves_syncs_to_the_system_is_found_out(shim: Path, tmp_path: Path) -> None:
    life = live(shim, tmp_path, SEEDS[0], "--durability", "os")
    assert life.broken()
