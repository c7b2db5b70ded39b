"""Ctrl-C ends what is measured, and leaves its totals."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Protocol


class Stoppable(Protocol):
    """Ends soon after `stopped` is set."""

    stopped: bool


@contextmanager
def interrupts_stop(running: Stoppable) -> Iterator[None]:
    """The first Ctrl-C stops it; a second one ends the program."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        running.stopped = True
        signal.signal(signal.SIGINT, before)

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
