"""What takes several requests to the disk, written in one piece.

    def copy(disk, source, target, buffer):
        count = yield from moved(partial(disk.read, source, 0, buffer, 0, buffer.size))
        yield from moved(partial(disk.write, target, 0, buffer, 0, count))

A task is a generator. It yields requests that lack only their `done`, and gets the answers. At
the start and in tools `run` drives it, and waits; in a running log `start` does, from one answer
of the disk to the next.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator
from typing import TypeVar

from leveret.log.disk import Disk, Done
from leveret.log.port import LogError

Request = Callable[[Done], None]
Answered = tuple[int, int]
T = TypeVar("T")
Task = Generator[Request, Answered, T]


class DiskError(LogError):
    """The disk refused a request."""

    def __init__(self, error: int, what: str = "the log's disk") -> None:
        super().__init__(f"{what}: {os.strerror(error)}")
        self.error = error


def moved(request: Request) -> Task[int]:
    """The result of a request that must not fail. Raises DiskError."""
    result, error = yield request
    if error:
        raise DiskError(error)
    return result


def run(disk: Disk, task: Task[T]) -> T:
    """The task's result, waiting for the disk."""
    answers: list[Answered] = []

    def done(result: int, error: int) -> None:
        answers.append((result, error))

    try:
        request = next(task)
        while True:
            request(done)
            while not answers:
                disk.wait()
            request = task.send(answers.pop())
    except StopIteration as stop:
        result: T = stop.value
        return result


def start(task: Task[T], finished: Callable[[T], None], failed: Callable[[LogError], None]) -> None:
    """Begin the task; it goes on as the disk answers, and ends with one of the two calls."""

    def go_on(step: Callable[[], Request]) -> None:
        try:
            request = step()
        except StopIteration as stop:
            finished(stop.value)
        except LogError as error:
            failed(error)
        else:
            request(done)

    def done(result: int, error: int) -> None:
        go_on(lambda: task.send((result, error)))

    go_on(lambda: next(task))
