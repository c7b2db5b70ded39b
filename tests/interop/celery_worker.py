"""A Celery worker in a process of its own:  python -m tests.interop.celery_worker URL NAME ...

Its queue, its exchanges and its node are all called NAME, so that workers never meet.
"""

import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import kombu.pools
from celery import Celery
from celery.signals import worker_ready
from kombu import Exchange, Queue

from tests.interop.broker_under_test import BrokerUnderTest

READY = "the worker is ready"
ANSWER_SECONDS_MAX = 10
STOP_SECONDS_MAX = 20


def make_app(url: str, name: str, backend: str) -> Celery:
    """The application as both sides see it, the worker and who sends it tasks."""
    app = Celery(name, broker=url, backend=backend, include=["tests.interop.celery_tasks"])
    app.conf.update(
        broker_connection_retry_on_startup=True,
        control_exchange=name,
        event_exchange=f"{name}.events",
        event_queue_prefix=f"{name}.events",
        result_chord_retry_interval=0.05,
        result_exchange=name,
        task_default_queue=name,
        task_queues=[
            Queue(name, Exchange(name, type="direct"), routing_key=name),
            Queue(f"{name}.topic", Exchange(f"{name}.topic", type="topic"), routing_key="job.#"),
        ],
        worker_prefetch_multiplier=1,
    )
    return app


@dataclass
class WorkerProcess:
    app: Celery
    name: str
    process: subprocess.Popen[str]
    log_path: Path

    @property
    def node(self) -> str:
        return f"worker@{self.name}"

    @property
    def log(self) -> str:
        return self.log_path.read_text()

    def ask(self, command: str, **arguments: Any) -> Any:
        """What the worker answers to a command of the remote control."""
        replies = self.app.control.broadcast(
            command, arguments, [self.node], reply=True, timeout=ANSWER_SECONDS_MAX, limit=1
        )
        return replies[0][self.node]

    def ask_until(self, condition: Callable[[Any], bool], command: str) -> Any:
        """Asks again and again: a worker answers what is asked of it before it does it."""
        limit = time.monotonic() + ANSWER_SECONDS_MAX
        while not condition(answer := self.ask(command)):
            assert time.monotonic() < limit, f"{command} still answers {answer}"
        return answer

    def consume(self, queue: str, **options: str) -> None:
        assert self.ask("add_consumer", queue=queue, **options) == {"ok": f"add consumer {queue}"}
        self.ask_until(lambda queues: queue in names(queues), "active_queues")

    def cancel(self, queue: str) -> None:
        self.ask("cancel_consumer", queue=queue)
        self.ask_until(lambda queues: queue not in names(queues), "active_queues")

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(STOP_SECONDS_MAX)


def names(queues: list[dict[str, Any]]) -> set[str]:
    return {queue["name"] for queue in queues}


@contextmanager
def running_worker(
    broker: BrokerUnderTest, *options: str, backend: str = "rpc://", name: str = ""
) -> Iterator[WorkerProcess]:
    """Starts a worker and waits until it takes tasks; its application is the current one."""
    name = name or f"celery.{uuid.uuid4().hex[:12]}"
    app = make_app(broker.url, name, backend)
    app.set_current()
    command = [sys.executable, "-m", __name__, broker.url, name, backend, *options]
    with tempfile.TemporaryDirectory(prefix="leveret-celery-") as folder:
        log_path = Path(folder, "log")
        with log_path.open("w") as log, start(command, log) as process:
            worker = WorkerProcess(app, name, process, log_path)
            try:
                wait_ready(worker)
                yield worker
                if process.poll() is None:
                    worker.stop()
            finally:
                process.kill()
                print(worker.log, file=sys.stderr)  # pytest shows it if a test failed
                close(app)
                forget(broker, name)
    assert process.returncode == 0, f"the worker ended with {process.returncode}"


def start(command: list[str], log: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)


def wait_ready(worker: WorkerProcess) -> None:
    assert worker.process.stdout is not None
    line = worker.process.stdout.readline()
    assert line.strip() == READY, f"no worker, but {line!r} and {worker.log!r}"


def close(app: Celery) -> None:
    """Closes its connections here, which it would leave to the end of the process."""
    if consumer := getattr(app.backend, "result_consumer", None):
        consumer.stop()
    kombu.pools.reset()
    app.close()


def forget(broker: BrokerUnderTest, name: str) -> None:
    for own in (name, f"{name}.topic", f"{name}.events", f"{name}.pidbox", f"reply.{name}.pidbox"):
        broker.forget(own)


def main(url: str, name: str, backend: str, *options: str) -> None:
    app = make_app(url, name, backend)
    worker_ready.connect(lambda **_: print(READY, file=sys.__stdout__, flush=True), weak=False)
    app.worker_main(["--quiet", "worker", "--loglevel=info", f"--hostname=worker@{name}", *options])


if __name__ == "__main__":
    main(*sys.argv[1:])
