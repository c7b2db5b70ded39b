"""Whatever one client does, its neighbour goes on working, and nothing of it is left."""

import os
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.broker_process import BrokerProcess, running_broker
from tests.interop.attacks import ATTACKS, BESIDE_OTHERS, connections_too_many
from tests.interop.raw_client import QUEUE_DECLARE_OK, RawClient, declare, get, message

OPTIONS = (
    *("--handshake-timeout", "2s"),
    *("--max-connections", "400"),
    *("--max-unfinished-size", "1MiB"),
)
ROUNDS = 10
ROUNDS_TO_FILL_POOLS = 6  # what a round needed is kept for the next, up to a limit
PATIENCE_S = 10  # of the neighbour, on a busy machine
GROWTH_KB_MAX = 4 * 1024

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        "LEVERET_TEST_BROKER" in os.environ, reason="this is about Leveret's own process"
    ),
]


class Neighbour:
    """A client that publishes and gets what it has published."""

    def __init__(self, client: RawClient) -> None:
        self.client = client
        client.open(heartbeat=0)
        client.socket.settimeout(PATIENCE_S)
        client.send(declare(1, "neighbour"))
        client.expect(QUEUE_DECLARE_OK, channel=1)

    def work(self) -> None:
        self.client.send(message(1, "neighbour", b"hello"), get(1, "neighbour"))
        assert self.client.receive_message(1) == b"hello"

    def work_until(self, condition: Callable[[], bool]) -> None:
        until = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < until
            self.work()


@pytest.fixture(scope="module")
def broker() -> Iterator[BrokerProcess]:
    with running_broker(*OPTIONS) as process:
        yield process


@pytest.fixture
def neighbour(broker: BrokerProcess) -> Iterator[Neighbour]:
    with RawClient(broker.url) as client:
        yield Neighbour(client)


def name_of(attack: Callable[[str], None]) -> str:
    return attack.__name__


@pytest.mark.parametrize("attack", ATTACKS, ids=name_of)
def test_a_neighbour_goes_on_working_meanwhile(
    broker: BrokerProcess, neighbour: Neighbour, attack: Callable[[str], None]
) -> None:
    failed: list[BaseException] = []

    def run() -> None:
        try:
            attack(broker.url)
        except BaseException as error:
            failed.append(error)

    attacker = threading.Thread(target=run)
    attacker.start()
    neighbour.work_until(lambda: not attacker.is_alive())
    neighbour.work()
    assert failed == []


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_descriptors_and_memory_come_back() -> None:
    """Pools fill, and are full: growing on would be a leak, also where it began late."""
    with running_broker(*OPTIONS) as broker, RawClient(broker.url) as client:
        neighbour = Neighbour(client)
        before = descriptor_count(broker)
        resident: list[int] = []
        growth_kb = GROWTH_KB_MAX
        while growth_kb >= GROWTH_KB_MAX and len(resident) < 3 * ROUNDS:
            for _ in range(ROUNDS):
                attack_all(broker.url)
                neighbour.work_until(lambda: descriptor_count(broker) == before)
                resident.append(memory_kb(broker))
            first, last = resident[-ROUNDS:][ROUNDS_TO_FILL_POOLS:-2], resident[-2:]
            growth_kb = min(last) - max(first)
        assert growth_kb < GROWTH_KB_MAX, resident
        assert "internal error" not in broker.log


def attack_all(url: str) -> None:
    with ThreadPoolExecutor(len(BESIDE_OTHERS)) as attackers:
        for attack in [attackers.submit(attack, url) for attack in BESIDE_OTHERS]:
            attack.result()
    connections_too_many(url)


def descriptor_count(broker: BrokerProcess) -> int:
    return len(os.listdir(f"/proc/{broker.pid}/fd"))


def memory_kb(broker: BrokerProcess) -> int:
    (line,) = re.findall(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{broker.pid}/status").read_text())
    return int(line)
