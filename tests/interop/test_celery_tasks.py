"""Celery: tasks, results by rpc://, retries, times, and what happens to a task when things fail."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import amqp.exceptions
import pytest
from celery import group
from celery.exceptions import MaxRetriesExceededError, Reject, TaskRevokedError

from tests.interop.broker_under_test import BrokerUnderTest
from tests.interop.celery_tasks import (
    add,
    clock,
    die_once,
    echo,
    fail,
    hold,
    reject_once,
    succeed_at_attempt,
    wait_for_files,
    where,
)
from tests.interop.celery_worker import WorkerProcess, make_app, running_worker

WAIT_SECONDS_MAX = 10
PROCESSES = 2
AN_HOUR_S = 3600

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def worker(broker: BrokerUnderTest) -> Iterator[WorkerProcess]:
    with running_worker(broker, f"--concurrency={PROCESSES}") as worker:
        yield worker


def test_a_result_comes_back(worker: WorkerProcess) -> None:
    assert add.delay(2, 3).get(WAIT_SECONDS_MAX) == 5


def test_many_results_come_back_in_order(worker: WorkerProcess) -> None:
    results = group(add.s(number, 1) for number in range(100)).delay()
    assert results.get(WAIT_SECONDS_MAX) == list(range(1, 101))


def test_a_result_of_a_megabyte(worker: WorkerProcess) -> None:
    value = {"text": "ab" * 500_000, "none": None, "list": [1, 2.5, "ü"]}
    assert echo.delay(value).get(WAIT_SECONDS_MAX) == value


def test_an_exception_comes_back(worker: WorkerProcess) -> None:
    with pytest.raises(ValueError, match=r"^broken$"):
        fail.delay("broken").get(WAIT_SECONDS_MAX)


def test_a_chain_and_a_link(worker: WorkerProcess) -> None:
    assert (add.s(1, 2) | add.s(10) | add.s(100)).delay().get(WAIT_SECONDS_MAX) == 113


def test_a_task_is_tried_again(worker: WorkerProcess) -> None:
    assert succeed_at_attempt.delay(3).get(WAIT_SECONDS_MAX) == 3


def test_a_task_is_given_up(worker: WorkerProcess) -> None:
    with pytest.raises(MaxRetriesExceededError):
        succeed_at_attempt.delay(9).get(WAIT_SECONDS_MAX)


def test_a_countdown_is_waited_for(worker: WorkerProcess) -> None:
    sent = time.time()
    done = clock.apply_async(countdown=0.3).get(WAIT_SECONDS_MAX)
    assert 0.3 <= done - sent < WAIT_SECONDS_MAX


def test_an_eta_is_waited_for(worker: WorkerProcess) -> None:
    eta = datetime.now(UTC) + timedelta(seconds=0.3)
    assert clock.apply_async(eta=eta).get(WAIT_SECONDS_MAX) >= eta.timestamp()


def test_a_retry_waits_for_its_countdown(worker: WorkerProcess) -> None:
    sent = time.time()
    assert succeed_at_attempt.delay(2, countdown=0.3).get(WAIT_SECONDS_MAX) == 2
    assert time.time() - sent >= 0.3


def test_tasks_of_later_leave_room_for_those_of_now(worker: WorkerProcess) -> None:
    later = [add.apply_async((1, 1), countdown=AN_HOUR_S) for _ in range(PROCESSES * 3)]
    assert add.delay(2, 2).get(WAIT_SECONDS_MAX) == 4
    scheduled = {task["request"]["id"] for task in worker.ask("scheduled")}
    assert scheduled == {result.id for result in later}


def test_an_expired_task_is_not_run(worker: WorkerProcess) -> None:
    with pytest.raises(TaskRevokedError, match="expired"):
        add.apply_async((1, 1), expires=-1).get(WAIT_SECONDS_MAX)


def test_a_revoked_task_is_not_run(worker: WorkerProcess) -> None:
    task = add.s(1, 1).set(countdown=0.2)
    task_id = task.freeze().id
    assert "flagged as revoked" in worker.ask("revoke", task_id=task_id)["ok"]
    with pytest.raises(TaskRevokedError, match="revoked"):
        task.delay().get(WAIT_SECONDS_MAX)


def test_a_running_task_is_terminated(worker: WorkerProcess, tmp_path: Path) -> None:
    held = hold.delay(str(tmp_path), "held")
    wait_for_files(tmp_path, "held")
    worker.ask("revoke", task_id=held.id, terminate=True, signal="SIGKILL")
    with pytest.raises(TaskRevokedError, match="terminated"):
        held.get(WAIT_SECONDS_MAX)


def test_a_task_whose_process_died_is_run_again(worker: WorkerProcess) -> None:
    assert die_once.delay().get(WAIT_SECONDS_MAX) == "risen"


def test_a_task_that_rejects_its_message_gets_it_again(worker: WorkerProcess) -> None:
    assert reject_once.delay(requeue=True).get(WAIT_SECONDS_MAX) == "accepted"


def test_a_task_that_drops_its_message_does_not_get_it_again(worker: WorkerProcess) -> None:
    with pytest.raises(Reject, match="not now"):
        reject_once.delay(requeue=False).get(WAIT_SECONDS_MAX)


def test_a_route_through_a_topic_exchange(worker: WorkerProcess) -> None:
    topic = f"{worker.name}.topic"
    task = where.apply_async(exchange=topic, routing_key="job.now", queue=None)
    assert task.get(WAIT_SECONDS_MAX) == {
        "exchange": topic,
        "routing_key": "job.now",
        "priority": 0,
        "redelivered": False,
    }


def test_a_wrong_password(broker: BrokerUnderTest, name: str) -> None:
    app = make_app(broker.url.replace("guest:guest@", "guest:wrong@"), name, "rpc://")
    with (
        pytest.raises(amqp.exceptions.AccessRefused) as error,
        app.connection_for_write() as connection,
    ):
        connection.connect()
    assert error.value.reply_code == 403
    assert error.value.reply_text.startswith("ACCESS_REFUSED - Login was refused")


def test_a_queue_that_is_another(worker: WorkerProcess) -> None:
    with worker.app.connection_for_write() as connection:
        queue = worker.app.amqp.queues[worker.name].bind(connection)
        queue.durable = False
        with pytest.raises(amqp.exceptions.PreconditionFailed) as error:
            queue.queue_declare()
    assert (error.value.reply_code, error.value.reply_text) == (
        406,
        f"PRECONDITION_FAILED - inequivalent arg 'durable' for queue '{worker.name}' in vhost '/': "
        "received 'false' but current is 'true'",
    )
