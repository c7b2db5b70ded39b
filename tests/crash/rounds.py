"""One life of a broker under load, and the look at what it has left.

run_until: start, declare, load, end        check: start, read all queues, stop
"""

import os
import random
import signal
from collections.abc import Callable
from pathlib import Path

from leveret.log.directory import FORMAT_NAME, encode_format
from leveret.log.scan import Format
from tests.broker_process import BrokerProcess, durable_broker
from tests.crash.complaints import complaints
from tests.crash.content import read_queues
from tests.crash.ledger import Ledger
from tests.crash.load import QUEUES, Load, declare

CRASHES = int(os.environ.get("LEVERET_CRASHES", "20"))
OWNER = 1
SECONDS = (0.02, 0.7)
SEGMENT_BYTES = 1 << 22
"""A load fills some of these, and each batch of it has room in one."""


def make_directory(directory: Path) -> None:
    """A new data directory, with segments that are soon full."""
    directory.mkdir(exist_ok=True)
    (directory / FORMAT_NAME).write_bytes(encode_format(Format(OWNER, SEGMENT_BYTES)))


def kill(broker: BrokerProcess) -> None:
    broker.process.kill()


def terminate(broker: BrokerProcess) -> None:
    broker.process.send_signal(signal.SIGTERM)


def run_until(
    end: Callable[[BrokerProcess], None],
    directory: Path,
    ledger: Ledger,
    seed: str,
    *options: str,
    **environment: str,
) -> None:
    """A load on a broker in the directory, for a time and then until the broker has ended."""
    with durable_broker(directory, *options, **environment) as broker:
        declare(broker.url, ledger)
        seconds = random.Random(seed).uniform(*SECONDS)
        failures = Load(broker.url, ledger, seed).run(seconds, lambda: end(broker))
        broker.process.wait()
    assert not failures, failures[:20]


def check(directory: Path, ledger: Ledger, *, was_clean: bool = False) -> int:
    """Start a broker in the directory and look; returns how many messages it has."""
    with durable_broker(directory) as broker:
        found = read_queues(broker.url, QUEUES)
        wrong = list(complaints(ledger, found, was_clean=was_clean))
        assert not wrong, wrong[:20]
        ledger.recovered(found)
    return sum(map(len, found.values()))
