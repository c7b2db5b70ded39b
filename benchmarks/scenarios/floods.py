"""Publishers that flood, beside a consumer that acknowledges each message, and a bystander."""

from __future__ import annotations

import statistics
import time

from harness.brokers import Running, leveret
from harness.bystander import bystander
from harness.figures import Figure, bystander_figure
from harness.loads import load
from harness.measurement import measure
from harness.rows import THROUGHPUT
from harness.table import percent, rate

from scenarios.settings import Settings

SHARE_GOAL = 0.5
ACKS = next(row for row in THROUGHPUT if row.key == "acks")
CONSUMERS = {"a greedy consumer": 1, "none": 0}


def flood(settings: Settings, publishers: int) -> list[Figure]:
    """So many publishers, of 16 bytes each time, into a queue of theirs."""
    figures = []
    for who, consumers in CONSUMERS.items():
        with leveret() as running:
            figures.append(beside_acks(running, settings, publishers, consumers, who))
        with leveret() as running:
            figures.append(beside_bystander(running, settings, publishers, consumers, who))
    return figures


def beside_acks(
    running: Running, settings: Settings, publishers: int, consumers: int, who: str
) -> Figure:
    """The rate of a consumer that acknowledges each, as a share of its rate alone."""
    alone, beside, floods = [], [], []
    options = flooding(publishers, consumers)
    for _ in range(settings.runs):
        alone.append(measure(ACKS, running, seconds=settings.seconds).per_second)
        with load(running.uri, *options, connections=publishers) as running_flood:
            beside.append(measure(ACKS, running, seconds=settings.seconds).per_second)
        floods.append(running_flood.per_second("published"))
    share = statistics.median(beside) / statistics.median(alone)
    value = (
        f"{percent(share)}: {rate(statistics.median(beside))} of {rate(statistics.median(alone))}"
        f" per s, flood {rate(statistics.median(floods))}"
    )
    what = f"ack each, flood has {who}"
    return Figure(what, value, f">= {percent(SHARE_GOAL)} of alone", share >= SHARE_GOAL)


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
