"""The examples run, and print what their reader expects."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.interop.broker_under_test import BrokerUnderTest

EXAMPLES = Path(__file__).parents[2] / "examples"
RUN_SECONDS_MAX = 20


def output(*command: str | Path, **environment: str) -> list[str]:
    done = subprocess.run(
        command,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS_MAX,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout.splitlines()


@pytest.mark.slow
def test_pika_publish_consume(broker: BrokerUnderTest) -> None:
    lines = output(sys.executable, EXAMPLES / "pika_publish_consume.py", broker.url)
    assert lines == [f"received message {number}" for number in range(3)]


@pytest.mark.slow
def test_aio_pika_worker(broker: BrokerUnderTest) -> None:
    lines = output(sys.executable, EXAMPLES / "aio_pika_worker.py", broker.url)
    expected = ["done print", "done sort", "done sum", "failed fail for good", "failed fail once"]
    assert sorted(lines) == expected


@pytest.mark.slow
def test_amqplib_hello(broker: BrokerUnderTest, amqplib_modules: Path) -> None:
    example = EXAMPLES / "amqplib_hello.js"
    lines = output("node", example, broker.url, NODE_PATH=str(amqplib_modules))
    assert lines == ["received hello"]
