"""Celery: a worker that outlives the broker."""

from contextlib import ExitStack
from pathlib import Path

import pytest
from celery import Celery
from celery.result import AsyncResult

from tests.broker_process import running_broker
from tests.interop.broker_under_test import BrokerUnderTest
from tests.interop.celery_tasks import add
from tests.interop.celery_worker import running_worker

WAIT_SECONDS_MAX = 20

pytestmark = pytest.mark.slow


def send(app: Celery, x: int, y: int) -> AsyncResult:
    """Over a connection of its own: one of the pool would be the stopped broker's."""
    with app.connection_for_write() as connection:
        return add.apply_async((x, y), connection=connection)


def test_a_worker_comes_back_when_the_broker_does(tmp_path: Path) -> None:
    """Takes the two or six seconds that a worker waits between its tries."""
    with ExitStack() as brokers:
        first = brokers.enter_context(running_broker())
        broker = BrokerUnderTest.at(first.url)
        with running_worker(
            broker, "--concurrency=1", "--without-mingle", backend=f"file://{tmp_path}"
        ) as worker:
            assert send(worker.app, 1, 1).get(WAIT_SECONDS_MAX, interval=0.01) == 2
            first.stop()
            brokers.enter_context(running_broker("--listen", f"{first.host}:{first.port}"))
            assert send(worker.app, 2, 2).get(WAIT_SECONDS_MAX, interval=0.01) == 4
