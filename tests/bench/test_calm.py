"""Each scenario of benchmarks/calm.py runs, at a small part of its size."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from leveret.bench.frames.frame import COMPILED

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "calm.py"
TINY = ["--runs", "1", "--seconds", "0.2", "--scale", "0.001", "--bytes", "1M"]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not COMPILED, reason="the benchmark refuses to measure uncompiled builds"),
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="it reads /proc"),
]


def figures(*options: str) -> dict[tuple[str, str], str]:
    """What it prints, by scenario and what was measured; a missed goal says nothing here."""
    command = [sys.executable, str(BENCHMARK), *TINY, *options]
    ran = subprocess.run(command, capture_output=True, text=True)
    assert ran.returncode in (0, 1), ran.stderr
    assert ran.stdout, ran.stderr
    rows = [line.strip("| ").split(" | ") for line in ran.stdout.splitlines()[2:]]
    return {(name, what): value for name, what, _goal, value, _reached in rows}


@pytest.mark.parametrize("publishers", [1, 20, 200])
def test_a_flood_is_measured_beside_acks_and_a_bystander(publishers: int) -> None:
    name = f"flood-{publishers}"
    found = figures("--only", name)
    for where in ("into its queue", "elsewhere"):
        assert "of" in found[name, f"ack each, flood goes {where}"]
    for who in ("a greedy consumer", "none"):
        assert "p99" in found[name, f"bystander, flood has {who}"]


@pytest.mark.parametrize("name", ["churn", "patterns", "keys"])
def test_a_bystander_is_measured_meanwhile(name: str) -> None:
    assert "p99" in figures("--only", name)[name, "bystander, meanwhile"]


def test_bindings_come_and_go() -> None:
    found = figures("--only", "bindings")
    assert "deleted in" in found["bindings", "1,000 bindings"]
    assert ("bindings", "bystander, while they go") in found


@pytest.mark.parametrize("name", ["idle", "consumers", "unacked", "half-bodies"])
def test_who_holds_something_vanishes_in_both_ways(name: str) -> None:
    found = figures("--only", name)
    assert {(name, f"bystander, when {gone}") for gone in ("closed", "killed")} <= found.keys()


def test_what_was_unacknowledged_is_back_in_the_queue() -> None:
    assert figures("--only", "unacked")["unacked", "back in the queue"] == "1,000"


@pytest.mark.parametrize("where", ["memory", "spill"])
@pytest.mark.parametrize("who", ["none", "slow", "stuck"])
def test_all_that_is_confirmed_is_delivered(who: str, where: str) -> None:
    name = f"{where}-20-1KB-{who}"
    value = figures("--only", name)[name, "drained"]
    assert value.startswith("1,000 confirmed, 1,000 delivered of 1,000")


def test_names_are_patterns_and_an_unknown_one_is_refused() -> None:
    command = [sys.executable, str(BENCHMARK), "--only", "memroy-*"]
    ran = subprocess.run(command, stderr=subprocess.PIPE, text=True)
    assert ran.returncode == 2
    assert "no such scenario: memroy-*" in ran.stderr
