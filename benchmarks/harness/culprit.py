"""A client that holds something, in a process of its own, so that it can vanish without a word.

What it does is a context manager: entered, it takes hold; left, it lets go.
"""

from __future__ import annotations

import multiprocessing
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from multiprocessing.connection import Connection

from harness.loads import make_way

# Takes hold of so many, and gives what is to be done every now and then meanwhile, which counts.
Deed = Callable[[str, int], AbstractContextManager[Callable[[], int]]]

SECONDS_MAX = 600
TICK_SECONDS = 0.01
GO = "go"


class Culprit:
    """The other process, as seen from here. Times are those of time.monotonic()."""

    def __init__(self, deed: Deed, uri: str, count: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, other = context.Pipe()
        self._process = context.Process(target=do, args=(deed, uri, count, other), daemon=True)
        self._process.start()
        other.close()
        self._hear()  # it has started
        self.began_at = time.monotonic()

    def wait_until_holding(self) -> None:
        self._hear()

    def close(self) -> int:
        """It says goodbye; returns what it counted."""
        self._pipe.send(GO)
        counted = self._hear()
        self._process.join()
        return counted

    def kill(self) -> None:
        """It says nothing."""
        if self._process.is_alive() and self._process.pid is not None:
            self._process.kill()
        self._process.join()

    def _hear(self) -> int:
        if not self._pipe.poll(SECONDS_MAX):
            raise SystemExit("a culprit did not do its deed")
        try:
            heard: int = self._pipe.recv()
        except EOFError:
            raise SystemExit("a culprit failed at its deed") from None
        return heard


@contextmanager
def culprit(deed: Deed, uri: str, count: int) -> Iterator[Culprit]:
    """One that is at it, and has gone at the end of the block at the latest."""
    other = Culprit(deed, uri, count)
    try:
        yield other
    finally:
        other.kill()


def do(deed: Deed, uri: str, count: int, pipe: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for who started it
    make_way()
    counted = 0
    pipe.send(counted)
    with deed(uri, count) as now_and_then:
        pipe.send(counted)
        while not pipe.poll(TICK_SECONDS):
            counted = now_and_then()
    pipe.send(counted)
