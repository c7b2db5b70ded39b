"""An I/O thread to test with, and how to wait for it."""

from __future__ import annotations

import os
import select
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from leveret.log.native.io_thread import Answer, IoThread

PATIENCE_SECONDS = 30


def wait_answers(thread: IoThread, count: int) -> list[Answer]:
    """As many answers, waiting as a loop does."""
    answers: list[Answer] = []
    while len(answers) < count:
        ready, _, _ = select.select([thread], [], [], PATIENCE_SECONDS)
        assert ready, f"{count - len(answers)} answers are missing"
        answers += thread.completions()
    return answers


@contextmanager
def io_thread() -> Iterator[IoThread]:
    with closing(IoThread()) as thread:
        yield thread


@contextmanager
def descriptor(path: Path | str, flags: int = os.O_RDWR | os.O_CREAT) -> Iterator[int]:
    fd = os.open(path, flags, 0o600)
    try:
        yield fd
    finally:
        os.close(fd)
