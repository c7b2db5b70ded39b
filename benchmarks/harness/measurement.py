"""One row measured at one broker, and the medians of several."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from harness.brokers import Running
from harness.process import cpu_seconds
from harness.rows import Row
from leveret.bench.options import Options
from leveret.bench.run import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """Messages delivered per second, by the wall clock and of the broker's CPU time.

    `generator_busy` is the share of the time that the generator was computing: near 1, the
    figure by the wall clock is the generator's. It spins for a while before it sleeps, though.
    """

    per_second: float
    per_cpu_second: float
    broker_busy: float
    generator_busy: float
    p50: float | None = None
    p99: float | None = None


class CpuTime:
    """The CPU time that a broker uses within a `with` block."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.seconds = 0.0

    def __enter__(self) -> None:
        self.seconds = -cpu_seconds(self.pid)

    def __exit__(self, *_: object) -> None:
        self.seconds += cpu_seconds(self.pid)


def measure(row: Row, running: Running, *, seconds: float) -> Measurement:
    """One run of the row."""
    options = Options(uri=running.uri, time=seconds, durable=True, quiet=True, **row.options)
    cpu = CpuTime(running.pid)
    totals = Run(options)(cpu)
    if totals.failure:
        raise SystemExit(f"{row.work}: {totals.failure}")
    consumed = totals.counts.consumed
    return Measurement(
        per_second=consumed / totals.seconds,
        per_cpu_second=consumed / cpu.seconds if cpu.seconds else 0,
        broker_busy=cpu.seconds / totals.seconds,
        generator_busy=totals.cpu_seconds / totals.seconds,
        p50=totals.latency["p50"] if totals.latency else None,
        p99=totals.latency["p99"] if totals.latency else None,
    )


def median(measurements: Sequence[Measurement]) -> Measurement:
    """Each figure's own median."""

    def middle(name: str) -> float:
        return statistics.median(getattr(each, name) for each in measurements)

    timed = all(each.p50 is not None for each in measurements)
    return Measurement(
        per_second=middle("per_second"),
        per_cpu_second=middle("per_cpu_second"),
        broker_busy=middle("broker_busy"),
        generator_busy=middle("generator_busy"),
        p50=middle("p50") if timed else None,
        p99=middle("p99") if timed else None,
    )
