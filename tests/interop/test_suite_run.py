"""A suite's processes end, and none of its cases goes unseen."""

import os
import select
from pathlib import Path

import pytest

from tests.interop import suite_run
from tests.interop.broker_under_test import BrokerUnderTest
from tests.interop.case_report import read_json_lines
from tests.interop.suite_run import run_suite

BROKER = BrokerUnderTest("amqp://localhost:1/", "none", (0,))
PASSED = '{"name": "one", "passed": true, "error": ""}'


def run(subtests: pytest.Subtests, *scripts: str) -> None:
    run_suite([["sh", "-c", script] for script in scripts], read_json_lines, BROKER, subtests)


def test_a_suite_knows_its_broker(subtests: pytest.Subtests) -> None:
    run(subtests, f"""[ "$LEVERET_TEST_BROKER" = {BROKER.url} ] && echo '{PASSED}'""")


def test_a_suite_without_a_case_fails(subtests: pytest.Subtests) -> None:
    with pytest.raises(AssertionError):
        run(subtests, f"echo '{PASSED}'", "true")


def test_a_suite_that_dies_after_its_last_case_fails(subtests: pytest.Subtests) -> None:
    with pytest.raises(AssertionError):
        run(subtests, f"echo '{PASSED}'; exit 3")


@pytest.mark.slow
def test_a_suite_that_hangs_is_ended_with_all_that_it_started(
    subtests: pytest.Subtests, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(suite_run, "RUN_SECONDS_MAX", 1)
    os.mkfifo(tmp_path / "alive")
    alive = os.open(tmp_path / "alive", os.O_RDONLY | os.O_NONBLOCK)
    with pytest.raises(AssertionError, match="ended with -9"):
        run(subtests, f"exec 3>{tmp_path / 'alive'}; echo '{PASSED}'; echo >&3; sleep 60 & wait")
    poll = select.poll()
    poll.register(alive, 0)  # for the end alone: nobody has the other side open any more
    assert poll.poll(10_000)
    assert os.read(alive, 1) == b"\n"
    os.close(alive)
