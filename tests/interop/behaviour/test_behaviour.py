"""Applications written for RabbitMQ see the same of Leveret, but for what is said to differ.

What RabbitMQ let them see was recorded from 3.10, by tests/interop/behaviour/record.py.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.broker_process import running_broker
from tests.interop.behaviour.differences import DIFFERENCES
from tests.interop.behaviour.page import PAGE, page
from tests.interop.behaviour.play import LEVERET, RECORDED, SCENARIOS, changes, play

IN_RABBITMQ = json.loads(RECORDED.read_text())
OTHERWISE = json.loads(LEVERET.read_text())


@pytest.fixture(scope="module")
def perform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Any]]:
    """Plays a scenario, by its name."""
    socket = str(tmp_path_factory.mktemp("control") / "control.sock")
    command = [sys.executable, "-m", "leveret", "ctl", "--socket", socket]

    def administrate(*words: str) -> None:
        subprocess.run([*command, *words], check=True, capture_output=True)

    with running_broker("--control-socket", socket) as broker:
        yield lambda name: play(name, broker.url, administrate)


@pytest.mark.slow
@pytest.mark.parametrize("name", SCENARIOS)
def test_clients_see_what_was_recorded(name: str, perform: Callable[[str], Any]) -> None:
    expected = OTHERWISE.get(name, IN_RABBITMQ[name])
    assert changes(expected, perform(name)) == []


def test_each_scenario_was_recorded() -> None:
    assert IN_RABBITMQ.keys() == SCENARIOS.keys()
    assert len(SCENARIOS) >= 60


def test_a_difference_is_one_and_has_a_reason() -> None:
    assert OTHERWISE.keys() == DIFFERENCES.keys()
    assert [name for name, seen in OTHERWISE.items() if seen == IN_RABBITMQ[name]] == []


def test_the_page_is_what_the_scenarios_say() -> None:
    assert Path(PAGE).read_text() == page()


def test_changes_are_found_at_any_depth() -> None:
    assert changes([1, ["a", "b"]], [1, ["a", "c"]]) == ["expected: 'b'\n    seen: 'c'"]
    assert changes([1], [1, 2]) == ["expected: [1]\n    seen: [1, 2]"]
    assert changes([{"a": 1}], [{"a": 1}]) == []
