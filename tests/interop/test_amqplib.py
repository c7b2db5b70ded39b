"""amqplib for Node.js: the cases of the JavaScript files in amqplib/, each a subtest here."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.interop.broker_under_test import BrokerUnderTest

FOLDER = Path(__file__).with_name("amqplib")
FILES = sorted(FOLDER.glob("*.test.js"))
RUN_SECONDS_MAX = 60


@dataclass(frozen=True)
class Case:
    name: str
    passed: bool
    error: str


@pytest.fixture(scope="module")
def processes(
    broker: BrokerUnderTest, amqplib_modules: Path
) -> Iterator[dict[Path, subprocess.Popen[bytes]]]:
    """One Node.js for each file, all at once: most of their time is spent waiting."""
    environment = {**os.environ, "LEVERET_TEST_BROKER": broker.url}
    command = ["node", "--test", "--test-reporter", FOLDER / "reporter.js"]
    with ExitStack() as stack:
        processes = {}
        for file in FILES:
            process = subprocess.Popen([*command, file], env=environment, stdout=subprocess.PIPE)
            stack.callback(stack.enter_context(process).kill)
            processes[file] = process
        yield processes


@pytest.mark.slow
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name.removesuffix(".test.js"))
def test_amqplib(
    file: Path, processes: dict[Path, subprocess.Popen[bytes]], subtests: pytest.Subtests
) -> None:
    output = processes[file].communicate(timeout=RUN_SECONDS_MAX)[0].decode()
    cases = [Case(**json.loads(line)) for line in output.splitlines()]
    assert cases
    for case in cases:
        with subtests.test(case.name):
            assert case.passed, case.error
    assert processes[file].returncode == 0
