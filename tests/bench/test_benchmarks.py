"""The benchmarks run, however briefly."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from leveret.bench.frames.frame import COMPILED

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
RABBITMQ = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")


@pytest.mark.slow
@pytest.mark.skipif(not COMPILED, reason="the benchmarks refuse to measure an uncompiled build")
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="they read /proc")
def test_the_transient_rows_can_be_measured() -> None:
    table = transient("--runs", "1", "--seconds", "0.05")
    works = [line.split(" | ")[0].strip("| ") for line in table.splitlines()]
    for work in ("16 B, no ack", "10,000 routing keys, 16 B, no ack", "leveret"):
        assert work in works


@pytest.mark.slow
@pytest.mark.skipif(not COMPILED, reason="the benchmarks refuse to measure an uncompiled build")
@pytest.mark.skipif(not RABBITMQ.exists(), reason="no rabbitmq-server is installed")
def test_rabbitmq_is_measured_beside() -> None:
    brief = ["--runs", "1", "--seconds", "0.05", "--only", "plain", "--rabbitmq"]
    table = transient(*brief)
    assert "rabbitmq per CPU-s | per s | times rabbitmq |" in table


@pytest.mark.slow
def test_the_way_by_the_io_thread_can_be_measured(tmp_path: Path) -> None:
    table = run("io_thread", "--runs", "1", "--writes", "20", "--directory", str(tmp_path))
    assert "| inline | " in table
    assert "\ncrc32c: " in table


@pytest.mark.slow
def test_appends_to_the_log_can_be_measured(tmp_path: Path) -> None:
    brief = ["--runs", "1", "--appends", "20", "--megabytes", "1"]
    table = run("log_append", *brief, "--directory", str(tmp_path))
    assert "| log, a batch of 1,000 bytes | " in table
    assert "| write and sync of 4 KB | " in table
    assert "| 1024 KB | " in table


@pytest.mark.slow
@pytest.mark.skipif(not COMPILED, reason="the benchmarks refuse to measure an uncompiled build")
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="they read /proc")
def test_the_durable_rows_can_be_measured(tmp_path: Path) -> None:
    brief = ["--runs", "1", "--seconds", "0.05", "--messages", "20", "--commands", "20"]
    few = ["--recovered", "500", "--spares", "0"]
    table = run("durable", *brief, *few, "--directory", str(tmp_path))
    works = [line.split(" | ")[0].strip("| ") for line in table.splitlines()]
    for work in ("1 KB, acks", "16 B, publish only", "publish to confirm", "one at a time"):
        assert work in works
    assert "recovered messages of 1 KB" in table
    assert not list(tmp_path.iterdir())


def transient(*options: str) -> str:
    """What the benchmark prints, without a yardstick."""
    return run("transient", *options)


def run(name: str, *options: str) -> str:
    script = str(BENCHMARKS / f"{name}.py")
    environment = {key: value for key, value in os.environ.items() if key != "LEVERET_YARDSTICK"}
    return subprocess.run(
        [sys.executable, script, *options],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    ).stdout
