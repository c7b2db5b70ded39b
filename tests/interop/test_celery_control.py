"""Celery: chords with results in files, remote control, events, and a worker that grows."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from celery import chord, group

from tests.interop.broker_under_test import BrokerUnderTest
from tests.interop.celery_tasks import add, echo, fail, hold, meet, total, wait_for_files, where
from tests.interop.celery_worker import WorkerProcess, running_worker

WAIT_SECONDS_MAX = 10
PROCESSES_MAX = 3

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def worker(
    broker: BrokerUnderTest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WorkerProcess]:
    results = f"file://{tmp_path_factory.mktemp('results')}"
    options = (f"--autoscale={PROCESSES_MAX},1", "--task-events")
    with running_worker(broker, *options, backend=results) as worker:
        yield worker


def get(result: Any) -> Any:
    return result.get(WAIT_SECONDS_MAX, interval=0.01)


def test_a_worker_grows_with_its_work(worker: WorkerProcess, tmp_path: Path) -> None:
    together = [
        meet.delay(str(tmp_path), str(number), PROCESSES_MAX) for number in range(PROCESSES_MAX)
    ]
    assert [get(result) for result in together] == [PROCESSES_MAX] * PROCESSES_MAX


def test_a_chord(worker: WorkerProcess) -> None:
    assert get(chord([add.s(number, 1) for number in range(10)])(total.s())) == 55


def test_a_chord_in_a_chain(worker: WorkerProcess) -> None:
    flow = add.s(1, 1) | group(add.s(10), add.s(20)) | total.s() | add.s(100)
    assert get(flow.delay()) == 134


def test_a_chord_of_which_a_part_fails(worker: WorkerProcess) -> None:
    result = chord([add.s(1, 1), fail.si("part")])(total.s())
    with pytest.raises(Exception, match="part"):
        get(result)


def test_ping(worker: WorkerProcess) -> None:
    control = worker.app.control
    assert control.ping(timeout=WAIT_SECONDS_MAX, limit=1) == [{worker.node: {"ok": "pong"}}]


def test_a_ping_to_nobody(worker: WorkerProcess) -> None:
    assert worker.app.control.ping(["nobody@nowhere"], timeout=0.1) == []


def test_inspecting_what_is_registered_and_consumed(worker: WorkerProcess) -> None:
    assert echo.name in worker.ask("registered")
    queues = {queue["name"]: queue for queue in worker.ask("active_queues")}
    assert set(queues) == {worker.name, f"{worker.name}.topic"}
    assert queues[worker.name]["exchange"]["type"] == "direct"
    assert worker.ask("stats")["pool"]["max-concurrency"] >= 1


def test_inspecting_what_runs(worker: WorkerProcess, tmp_path: Path) -> None:
    held = hold.delay(str(tmp_path), "held")
    wait_for_files(tmp_path, "held")
    (running,) = worker.ask_until(bool, "active")
    assert (running["id"], running["name"]) == (held.id, hold.name)
    (tmp_path / "go").touch()
    assert get(held) == "held"


def test_a_rate_limit(worker: WorkerProcess) -> None:
    answer = worker.ask("rate_limit", task_name=echo.name, rate_limit="100/s")
    assert answer == {"ok": "new rate limit set successfully"}
    assert [get(result) for result in [echo.delay(number) for number in range(3)]] == [0, 1, 2]
    worker.ask("rate_limit", task_name=echo.name, rate_limit=0)


def test_a_rate_limit_that_is_none(worker: WorkerProcess) -> None:
    answer = worker.ask("rate_limit", task_name=echo.name, rate_limit="often")
    assert "Invalid rate limit string" in answer["error"]


def test_an_unknown_command(worker: WorkerProcess) -> None:
    assert worker.ask("dance") == {"error": "KeyError('dance')"}


def test_a_queue_is_added_and_cancelled(worker: WorkerProcess, name: str) -> None:
    worker.consume(name)
    try:
        answer = get(where.apply_async(exchange=name, routing_key=name, queue=None))
        assert (answer["exchange"], answer["routing_key"]) == (name, name)
    finally:
        worker.cancel(name)
    with worker.app.connection_for_write() as connection:
        assert connection.default_channel.queue_declare(name, passive=True).consumer_count == 0


def test_a_worker_is_told_to_grow_further(worker: WorkerProcess, tmp_path: Path) -> None:
    more = PROCESSES_MAX + 1
    answer = worker.ask("autoscale", max=more, min=1)
    assert answer == {"ok": f"autoscale now max={more} min=1"}
    together = [meet.delay(str(tmp_path), str(number), more) for number in range(more)]
    assert [get(result) for result in together] == [more] * more


def test_purging_counts_the_tasks(worker: WorkerProcess) -> None:
    worker.cancel(worker.name)
    try:
        for number in range(5):
            echo.delay(number)
        assert worker.app.control.purge() == 5
    finally:
        worker.consume(worker.name, exchange=worker.name, routing_key=worker.name)
    assert get(echo.delay("after")) == "after"


def test_events_tell_the_life_of_a_task(worker: WorkerProcess) -> None:
    task = add.s(1, 1)
    task_id = task.freeze().id
    seen = []
    with worker.app.connection_for_read() as connection:

        def keep(event: dict[str, Any]) -> None:
            if event.get("uuid") == task_id:
                seen.append(event["type"])
                receiver.should_stop = event["type"] == "task-succeeded"

        receiver = worker.app.events.Receiver(connection, handlers={"*": keep})
        receiver.on_consume_ready = lambda *_args, **_options: task.delay()
        receiver.capture(limit=None, timeout=WAIT_SECONDS_MAX, wakeup=False)
    assert seen == ["task-received", "task-started", "task-succeeded"]
