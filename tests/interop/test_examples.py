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


@pytest.mark.slow
def test_aio_pika_topics(broker: BrokerUnderTest) -> None:
    lines = output(sys.executable, EXAMPLES / "aio_pika_topics.py", broker.url)
    assert lines == [
        "everything: hare.seen.field",
        "everything: fox.seen.wood",
        "foxes: fox.seen.wood",
    ]


@pytest.mark.slow
def test_aio_pika_request_reply(broker: BrokerUnderTest) -> None:
    lines = output(sys.executable, EXAMPLES / "aio_pika_request_reply.py", broker.url)
    assert lines == ["6 times 7 is 42"]


def test_each_example_is_in_the_index_and_has_its_test() -> None:
    index, tests = (EXAMPLES / "README.md").read_text(), Path(__file__).read_text()
    for example in (*EXAMPLES.glob("*.py"), *EXAMPLES.glob("*.js")):
        assert f"({example.name})" in index
        assert f'"{example.name}"' in tests
