"""What a broker costs that nobody uses: modules, memory, and its start."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.broker_process import BrokerProcess, running_broker
from tests.cli.test_serve import talk

linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

STANDARD = "import argparse, asyncio, importlib.util, runpy"
"""What is needed anyway; with what it imports itself, which varies with the version of Python."""
ALLOWED = {
    *("__future__", "dataclasses", "copy", "org"),  # `copy` tries to import something of Jython's
    *("hmac", "hashlib", "_hashlib", "_blake2"),  # passwords are compared in constant time
    *("gc", "resource"),
    *("json", "_json"),  # what is defined is written down as JSON
    "mmap",  # memory for messages, that can be given back
    *("leveret", "cython"),  # uncompiled, Cython is asked for
}
MEMORY_KB_MAX = 40 * 1024
START_CPU_MS_MAX = 300


def imported(log: str) -> set[str]:
    """The modules that `python -X importtime` has reported."""
    return set(re.findall(r"^import time:.*\| +([\w.]+)$", log, re.MULTILINE))


def cpu_ms(broker: BrokerProcess) -> float:
    nanoseconds = Path(f"/proc/{broker.pid}/schedstat").read_text().split()[0]
    return int(nanoseconds) / 1e6


def memory_kb(broker: BrokerProcess) -> int:
    (line,) = re.findall(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{broker.pid}/status").read_text())
    return int(line)


def test_an_idle_broker_has_imported_only_what_it_needs() -> None:
    with running_broker(python=(sys.executable, "-X", "importtime")) as broker:
        talk(broker.port).close()
    standard = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", STANDARD], capture_output=True, text=True
    )
    more = {name.partition(".")[0] for name in imported(broker.log) - imported(standard.stderr)}
    assert "leveret" in more
    assert more <= ALLOWED, f"allow these, if `leveret serve` needs them: {more - ALLOWED}"


def test_an_idle_broker_has_no_part_of_leveret_that_serves_nobody() -> None:
    with running_broker(python=(sys.executable, "-X", "importtime")) as broker:
        talk(broker.port).close()
    layers = {name.split(".")[1] for name in imported(broker.log) if name.startswith("leveret.")}
    assert layers - {"_cython_compat"} == {
        *("limits", "engine", "wire", "broker", "peers"),
        *("server", "cli"),
    }


@linux
def test_an_idle_broker_takes_at_most_40_mb() -> None:
    with running_broker() as broker:
        talk(broker.port).close()
        assert memory_kb(broker) <= MEMORY_KB_MAX


@linux
def test_the_start_takes_at_most_300_ms_of_work() -> None:
    with running_broker() as broker:
        assert cpu_ms(broker) <= START_CPU_MS_MAX
