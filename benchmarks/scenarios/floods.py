"""Publishers that flood, beside a consumer that acknowledges each message, and a bystander."""

from __future__ import annotations

import statistics
import time

from harness.brokers import Running, leveret
from harness.bystander import bystander
from harness.figures import Figure, bystander_figure
from harness.loads import load
from harness.rows import ACKS
from harness.table import percent, rate

from leveret.bench.options import Options
from leveret.bench.run import Run
from scenarios.settings import Settings

SHARE_GOAL = 0.5
QUEUE = "calm"
BACKLOG_PER_SECOND = 4_000_000  # more than a consumer takes
PLACES = {"into its queue": True, "elsewhere": False}
CONSUMERS = {"a greedy consumer": 1, "none": 0}


def flood(settings: Settings, publishers: int) -> list[Figure]:
    """So many publishers, of 16 bytes each time."""
    figures = [beside_acks(settings, publishers, where, same) for where, same in PLACES.items()]
    for who, consumers in CONSUMERS.items():
        with leveret() as running:
            figures.append(beside_bystander(running, settings, publishers, consumers, who))
    return figures


def beside_acks(settings: Settings, publishers: int, where: str, same: bool) -> Figure:
    """The rate of a consumer that finds a backlog, as a share of its rate without the flood."""
    alone, beside, floods = [], [], []
    options = [*flooding(publishers, 0), *(["--queue", QUEUE] if same else [])]
    for _ in range(settings.runs):
        with leveret() as running:
            fill(running, settings.seconds)
            alone.append(consume(running, settings.seconds))
        with leveret() as running:
            fill(running, settings.seconds)
            with load(running.uri, *options, connections=publishers) as flooding_it:
                beside.append(consume(running, settings.seconds))
            floods.append(flooding_it.per_second("published"))
    share = statistics.median(beside) / statistics.median(alone)
    value = (
        f"{percent(share)}: {rate(statistics.median(beside))} of {rate(statistics.median(alone))}"
        f" per s, flood {rate(statistics.median(floods))}"
    )
    goal = f">= {percent(SHARE_GOAL)} of alone"
    return Figure(f"ack each, flood goes {where}", value, goal, share >= SHARE_GOAL)


def fill(running: Running, seconds: float) -> None:
    """A backlog that lasts so long."""
    count = int(BACKLOG_PER_SECOND * seconds)
    run(Options(uri=running.uri, queue=QUEUE, consumers=0, count=count, quiet=True))


def consume(running: Running, seconds: float) -> float:
    """Messages per second."""
    return run(
        Options(uri=running.uri, queue=QUEUE, publishers=0, time=seconds, quiet=True, **ACKS)
    )


def run(options: Options) -> float:
    totals = Run(options)()
    if totals.failure:
        raise SystemExit(totals.failure)
    return totals.counts.consumed / totals.seconds


def beside_bystander(
    running: Running, settings: Settings, publishers: int, consumers: int, who: str
) -> Figure:
    options = flooding(publishers, consumers)
    with load(running.uri, *options, connections=publishers), bystander(running.uri) as client:
        begin = time.monotonic()
        time.sleep(settings.seconds * settings.runs)
        end = time.monotonic()
    return bystander_figure(f"flood has {who}", client.rounds.within(begin, end))


def flooding(publishers: int, consumers: int) -> list[str]:
    return ["--publishers", str(publishers), "--consumers", str(consumers)]
