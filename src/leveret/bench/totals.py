"""What a run has done: counts, rates and percentiles, for people and as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from leveret.bench.frames.histogram import Histogram

PERCENTILES = (50, 90, 95, 99, 99.9)
NANOSECONDS_PER_MICROSECOND = 1000


@dataclass(frozen=True, slots=True)
class Counts:
    """Messages, since the load began."""

    published: int = 0
    consumed: int = 0
    acked: int = 0
    nacked: int = 0
    returned: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """A finished run. Percentiles are in microseconds; None: not measured.

    `failure`: what ended the run early.
    """

    seconds: float
    cpu_seconds: float
    body_bytes: int
    counts: Counts
    latency: dict[str, float] | None
    confirm_latency: dict[str, float] | None
    failure: str | None

    def as_json(self) -> dict[str, object]:
        counts = self.counts
        return {
            "seconds": round(self.seconds, 6),
            **asdict(counts),
            "published_per_second": round(counts.published / self.seconds, 3),
            "consumed_per_second": round(counts.consumed / self.seconds, 3),
            "generator_cpu_seconds": round(self.cpu_seconds, 3),
            "latency_us": self.latency,
            "confirm_latency_us": self.confirm_latency,
            "failure": self.failure,
        }

    def as_text(self) -> str:
        counts = self.counts
        lines = [
            self._moved("published", counts.published),
            self._moved("consumed", counts.consumed),
        ]
        for name, count in (
            ("confirmed", counts.acked),
            ("refused", counts.nacked),
            ("returned", counts.returned),
        ):
            if count:
                lines.append(f"{name:<10}{count:>14,}")
        for name, latency in (
            ("publish to deliver", self.latency),
            ("publish to confirm", self.confirm_latency),
        ):
            if latency is not None:
                lines.append(latency_line(name, latency))
        return "\n".join(lines)

    def _moved(self, name: str, count: int) -> str:
        rate = count / self.seconds
        megabytes = rate * self.body_bytes / 1e6
        return (
            f"{name:<10}{count:>14,} messages in {self.seconds:.2f} s: "
            f"{rate:,.0f} msg/s, {megabytes:,.1f} MB/s of bodies"
        )


def latency_line(name: str, latency: dict[str, float]) -> str:
    values = "  ".join(f"{key} {value:,.0f}" for key, value in latency.items())
    return f"{name}, µs: {values}"


def percentiles(histogram: Histogram | None) -> dict[str, float] | None:
    """Of nanoseconds, in microseconds; None where nothing was recorded."""
    if histogram is None or histogram.count == 0:
        return None
    values = {f"p{percent:g}": histogram.percentile(percent) for percent in PERCENTILES}
    values["max"] = histogram.maximum
    return {name: value / NANOSECONDS_PER_MICROSECOND for name, value in values.items()}


def live_line(seconds: int, before: Counts, now: Counts, *, blocked: bool) -> str:
    """The rates of the last second."""
    line = (
        f"{seconds:>4} s  published {now.published - before.published:,}/s  "
        f"consumed {now.consumed - before.consumed:,}/s"
    )
    if now.acked:
        line += f"  confirmed {now.acked - before.acked:,}/s"
    if now.nacked:
        line += f"  refused {now.nacked - before.nacked:,}/s"
    if now.returned:
        line += f"  returned {now.returned - before.returned:,}/s"
    return line + ("  (blocked by the broker)" if blocked else "")
