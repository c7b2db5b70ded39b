"""Persistent messages to durable queues, each confirmed when it is on the disk."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.brokers import Running, leveret
from harness.process import cpu_seconds, written_bytes
from harness.table import markdown, percent, rate

from durability.directories import Directories, batch_count
from leveret.bench.options import Options
from leveret.bench.run import Run

WINDOW = 1000
QUEUES = 1000
SHARE_OF_ONE_QUEUE = 0.5
HEAD = ["work", "goal per s", "per s", "per CPU-s", "busy", "bytes per message", "syncs per s"]
ACKS: dict[str, Any] = {"consumers": 1, "ack": 1, "prefetch": WINDOW}
PUBLISH_ONLY: dict[str, Any] = {"consumers": 0}
NOTE = "bytes are those that the process has written, zeros ahead of the log included"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """`options` are those of `leveret bench`; `goal` is messages per second by the wall clock."""

    key: str
    work: str
    goal: float
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def is_consumed(self) -> bool:
        return bool(self.options["consumers"])


ROWS = (
    Row(key="acks", work="16 B, acks", goal=1.2e6, options=ACKS),
    Row(key="acks-1k", work="1 KB, acks", goal=0.4e6, options=ACKS | {"size": 1024}),
    Row(key="publish", work="16 B, publish only", goal=1.5e6, options=PUBLISH_ONLY),
    Row(
        key="publish-1k",
        work="1 KB, publish only",
        goal=0.4e6,
        options=PUBLISH_ONLY | {"size": 1024},
    ),
    Row(
        key="queues",
        work=f"16 B, publish only, {QUEUES:,} queues in turn",
        goal=0.8e6,
        options=PUBLISH_ONLY | {"queues": QUEUES},
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """What a run has done, and what it took."""

    messages: int
    seconds: float
    cpu_seconds: float
    written_bytes: int
    batches: int = 0

    @property
    def per_second(self) -> float:
        return self.messages / self.seconds

    @property
    def per_cpu_second(self) -> float:
        return self.messages / self.cpu_seconds if self.cpu_seconds else 0

    @property
    def busy(self) -> float:
        return self.cpu_seconds / self.seconds

    @property
    def bytes_per_message(self) -> float:
        return self.written_bytes / max(1, self.messages)

    @property
    def syncs_per_second(self) -> float:
        return self.batches / self.seconds


class Watch:
    """What a broker uses within a `with` block."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.cpu_seconds = 0.0
        self.written_bytes = 0
        self.seconds = 0.0

    def __enter__(self) -> None:
        self._add(-1)

    def __exit__(self, *_: object) -> None:
        self._add(1)

    def _add(self, sign: int) -> None:
        self.seconds += sign * time.monotonic()
        self.cpu_seconds += sign * cpu_seconds(self.pid)
        self.written_bytes += sign * written_bytes(self.pid)


def throughput(directories: Directories, keys: Sequence[str], runs: int, seconds: float) -> str:
    """The table of these rows, which take turns."""
    rows = [row for row in ROWS if row.key in keys]
    found: dict[str, list[Use]] = {row.key: [] for row in rows}
    for number in range(1, runs + 1):
        for row in rows:
            with directories.new() as directory:
                use = measure(row, directory, seconds)
            found[row.key].append(use)
            figures = f"{rate(use.per_second)} per s, {rate(use.per_cpu_second)} per CPU-s"
            print(f"{number} {row.key:<10} {figures}", file=sys.stderr)
    lines = [line_of(row, found[row.key]) for row in rows]
    return markdown(HEAD, lines) + share_line(found)


def measure(row: Row, directory: Path, seconds: float) -> Use:
    with leveret(data_directory=directory) as running:
        use = load(row, running, seconds)
    return Use(
        messages=use.messages,
        seconds=use.seconds,
        cpu_seconds=use.cpu_seconds,
        written_bytes=use.written_bytes,
        batches=batch_count(directory),
    )


def load(row: Row, running: Running, seconds: float) -> Use:
    options = Options(
        uri=running.uri,
        time=seconds,
        confirm=WINDOW,
        durable=True,
        persistent=True,
        quiet=True,
        **row.options,
    )
    watch = Watch(running.pid)
    totals = Run(options)(watch)
    if totals.failure:
        raise SystemExit(f"{row.work}: {totals.failure}")
    return Use(
        messages=totals.counts.consumed if row.is_consumed else totals.counts.acked,
        seconds=watch.seconds,
        cpu_seconds=watch.cpu_seconds,
        written_bytes=watch.written_bytes,
    )


def line_of(row: Row, runs: Sequence[Use]) -> list[str]:
    def middle(name: str) -> float:
        return statistics.median(getattr(each, name) for each in runs)

    return [
        row.work,
        rate(row.goal),
        rate(middle("per_second")),
        rate(middle("per_cpu_second")),
        percent(middle("busy")),
        f"{middle('bytes_per_message'):.0f}",
        f"{middle('syncs_per_second'):.0f}",
    ]


def share_line(found: dict[str, list[Use]]) -> str:
    """Many queues beside one, if both were measured."""
    if not found.get("queues") or not found.get("publish"):
        return ""
    many, one = (
        statistics.median(use.per_second for use in found[key]) for key in ("queues", "publish")
    )
    return (
        f"\n\n{QUEUES:,} queues take {percent(many / one)} of what one takes"
        f" (goal: {percent(SHARE_OF_ONE_QUEUE)}); {NOTE}."
    )
