"""The page of the load generator: its examples run, and its lists are complete."""

from __future__ import annotations

import argparse
import json
import re
import shlex
from pathlib import Path

import pytest

from leveret.bench import command
from leveret.bench.churn import ChurnTotals
from leveret.bench.idle import Held, IdleTotals
from leveret.bench.totals import Counts, Totals
from tests.broker_process import BrokerProcess

PAGE = (Path(__file__).parents[2] / "docs" / "features" / "bench.md").read_text()
EXAMPLES = [
    line
    for line in dict.fromkeys(re.findall(r"(?:`|\$ )leveret bench([^`\n]*)", PAGE))
    if line.strip() not in {"", "--help"}
]
BRIEFLY = "--time 0.05 --quiet"


def test_there_are_examples() -> None:
    assert len(EXAMPLES) > 25


@pytest.mark.slow
@pytest.mark.parametrize("line", EXAMPLES, ids=str.strip)
def test_an_example_runs(
    line: str, broker: BrokerProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    parser = argparse.ArgumentParser()
    command.configure(parser)
    words = shlex.split(f"{line} --uri {broker.url} {BRIEFLY}")
    assert command.run(parser.parse_args(words)) == 0, capsys.readouterr().err


def test_every_key_of_the_json_is_named() -> None:
    totals = Totals(
        **{"seconds": 1, "cpu_seconds": 1, "body_bytes": 0, "counts": Counts(), "failure": None},
        **{"latency": None, "confirm_latency": None},
    )
    churn = ChurnTotals(kind="queues", count=0, seconds=1, opening=None, closing=None, failure=None)
    idle = IdleTotals(connections=Held(0), queues=Held(0), held_seconds=0, failure=None)
    for each in (totals, churn, idle):
        for key in re.findall(r'"(\w+)":', json.dumps(each.as_json())):
            assert f"`{key}`" in PAGE
