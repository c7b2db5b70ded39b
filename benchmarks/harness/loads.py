"""`leveret bench` as a process of its own, beside what is measured, for which it makes way.

All of them share the generator's core. What is measured there must not wait for a load that has
the processor: that would be the scheduler's figure, and not the broker's.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

WARM_UP_SECONDS = 0.5
SECONDS_PER_CONNECTION = 0.003
SECONDS_TO_STOP = 60
NICER = 5
LOOK_SECONDS = 0.02


def make_way() -> None:
    """This process gets the processor when those that were started as it was do not need it."""
    policy = os.sched_getscheduler(0)
    if policy in {os.SCHED_RR, os.SCHED_FIFO}:
        priority = os.sched_getparam(0).sched_priority
        os.sched_setscheduler(0, policy, os.sched_param(max(1, priority - 1)))
    else:
        os.nice(NICER)


class Load:
    """A load that runs. `totals` are those of `leveret bench --json`, once it has ended."""

    def __init__(self, uri: str, *options: str) -> None:
        self.totals: dict[str, Any] = {}
        command = [sys.executable, "-m", "leveret", "bench", "--uri", uri, "--json", "--quiet"]
        self._process = subprocess.Popen(
            [*command, *options], stdout=subprocess.PIPE, preexec_fn=make_way
        )

    def has_ended(self) -> bool:
        return self._process.poll() is not None

    def wait_for_connections(self, count: int) -> None:
        """Until it has opened so many, or has ended; on a busy machine that takes its time."""
        deadline = time.monotonic() + SECONDS_TO_STOP
        descriptors = f"/proc/{self._process.pid}/fd"
        while not self.has_ended() and time.monotonic() < deadline:
            with suppress(OSError):
                if len(os.listdir(descriptors)) > count:
                    return
            time.sleep(LOOK_SECONDS)

    def stop(self) -> None:
        """As Ctrl-C does."""
        if not self.has_ended():
            self._process.send_signal(signal.SIGINT)
        try:
            output, _ = self._process.communicate(timeout=SECONDS_TO_STOP)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
            raise SystemExit("a load did not end") from None
        if output:
            self.totals = json.loads(output)

    def wait(self, seconds: float) -> None:
        """Until it has done what it was to do, or so long."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        self.stop()

    def per_second(self, what: str) -> float:
        rate: float = self.totals[f"{what}_per_second"]
        return rate


@contextmanager
def load(
    uri: str, *options: str, connections: int = 1, warm_up: float = WARM_UP_SECONDS
) -> Iterator[Load]:
    """One that is under way, until the block ends; it takes `warm_up` seconds to get there."""
    running = Load(uri, *options)
    try:
        running.wait_for_connections(connections)
        time.sleep(warm_up + connections * SECONDS_PER_CONNECTION)
        if running.has_ended():
            raise SystemExit(f"the load {' '.join(options)} has ended too soon")
        yield running
    finally:
        running.stop()
    if failure := running.totals.get("failure", "stopped before it had begun"):
        raise SystemExit(f"the load {' '.join(options)}: {failure}")
