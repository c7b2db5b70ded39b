"""The tasks of the Celery worker under test. Nothing in them needs a broker."""

import os
import signal
import time
from pathlib import Path
from typing import Any

from celery import Task, shared_task
from celery.exceptions import Reject

HOLD_SECONDS_MAX = 8


@shared_task
def add(x: int, y: int) -> int:
    return x + y


@shared_task
def total(numbers: list[int]) -> int:
    return sum(numbers)


@shared_task
def echo(value: Any) -> Any:
    return value


@shared_task
def fail(text: str) -> None:
    raise ValueError(text)


@shared_task(bind=True, max_retries=2)
def succeed_at_attempt(self: Task, attempt: int, countdown: float = 0) -> int:
    """Retries, twice at the most."""
    if self.request.retries + 1 < attempt:
        raise self.retry(countdown=countdown)
    return int(self.request.retries) + 1


@shared_task(bind=True)
def where(self: Task) -> dict[str, Any]:
    """How the message came here."""
    return dict(self.request.delivery_info)


@shared_task
def clock() -> float:
    return time.time()


@shared_task(bind=True, acks_late=True, reject_on_worker_lost=True)
def die_once(self: Task) -> str:
    """Kills its own worker process, unless the message was delivered before."""
    if not self.request.delivery_info["redelivered"]:
        os.kill(os.getpid(), signal.SIGKILL)
    return "risen"


@shared_task(bind=True, acks_late=True)
def reject_once(self: Task, *, requeue: bool) -> str:
    if not self.request.delivery_info["redelivered"]:
        raise Reject("not now", requeue=requeue)
    return "accepted"


@shared_task
def hold(folder: str, name: str) -> str:
    """Leaves a file `name` in the folder, and stays until there is a file `go`."""
    Path(folder, name).touch()
    wait_for_files(folder, "go")
    return name


@shared_task(acks_late=True)
def meet(folder: str, name: str, count: int) -> int:
    """Ends when `count` of these have begun, all of them unacknowledged."""
    Path(folder, name).touch()
    limit = time.monotonic() + HOLD_SECONDS_MAX
    while len(os.listdir(folder)) < count:
        assert time.monotonic() < limit, f"only {os.listdir(folder)} came"
        time.sleep(0.005)
    return count


def wait_for_files(folder: str | Path, *names: str) -> None:
    limit = time.monotonic() + HOLD_SECONDS_MAX
    while not all(Path(folder, name).exists() for name in names):
        assert time.monotonic() < limit, f"only {os.listdir(folder)} came"
        time.sleep(0.005)
