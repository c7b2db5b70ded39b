"""What makes routing hard: very many bindings, keys never seen before, patterns with many ways."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from harness.brokers import leveret
from harness.bystander import bystander
from harness.culprit import culprit
from harness.figures import Figure, bystander_figure
from harness.loads import WARM_UP_SECONDS, load
from harness.table import rate

from leveret.bench.session import Session
from leveret.bench.topology import CALLS_AT_ONCE
from leveret.bench.uri import parse_uri
from leveret.wire.amqp091.methods import (
    ExchangeDeclare,
    ExchangeDeclareOk,
    ExchangeDelete,
    ExchangeDeleteOk,
    QueueBind,
    QueueBindOk,
    QueueDeclare,
    QueueDeclareOk,
)
from scenarios.settings import Settings

BINDINGS = 1_000_000
KEYS = 1_000_000
NAME = "calm"
# As long as a routing key may be, and of as many words; each pattern has many ways to match them.
WORDS = "abcde"
PATTERNS = [
    ".".join(["#", *".#.".join(pair * 31).split(".")])
    for pair in map(list, itertools.permutations(WORDS, 2))
]
LONG_KEY = "%d." + ".".join(itertools.islice(itertools.cycle(WORDS), 120))
SECONDS_PER_KEY = 20e-6  # to make the messages before the first is sent
LONG_KEYS = 100_000  # more than the broker remembers routes


def bindings(settings: Settings) -> list[Figure]:
    """A million bindings are made on one topic exchange, which is then deleted."""
    count = settings.count(BINDINGS)
    with leveret() as running, bystander(running.uri) as client:
        with culprit(bind_many, running.uri, count) as binder:
            binder.wait_until_holding()
            bound = time.monotonic()
            binder.close()
            deleted = time.monotonic()
    took = f"{rate(count / (bound - binder.began_at))} per s; deleted in {deleted - bound:.2f} s"
    return [
        Figure(f"{count:,} bindings", took),
        bystander_figure("while they are made", client.rounds.within(binder.began_at, bound)),
        bystander_figure("while they go", client.rounds.within(bound, deleted)),
    ]


@contextmanager
def bind_many(uri: str, count: int) -> Iterator[Callable[[], int]]:
    session = Session(parse_uri(uri))
    session.socket.settimeout(None)
    session.call(ExchangeDeclare(exchange=NAME, type="topic"), ExchangeDeclareOk)
    session.call(QueueDeclare(queue=NAME), QueueDeclareOk)
    for first in range(0, count, CALLS_AT_ONCE):
        numbers = range(first, min(first + CALLS_AT_ONCE, count))
        binds = [
            QueueBind(queue=NAME, exchange=NAME, routing_key=f"*.{number // 100}.{number}.#")
            for number in numbers
        ]
        session.call_all(binds, QueueBindOk)
    yield lambda: count
    session.call(ExchangeDelete(exchange=NAME), ExchangeDeleteOk)
    session.close()


def keys(settings: Settings) -> list[Figure]:
    """A million routing keys in turn, so that hardly any is remembered when it comes again."""
    count = settings.count(KEYS)
    options = ["--exchange-type", "topic", "--binding-key", "key.#", "--routing-key", "key.%d.x"]
    options += ["--routing-keys", str(count)]
    return routed(options, settings, f"{count:,} routing keys", keys=count)


def patterns(settings: Settings) -> list[Figure]:
    """Patterns of many `#`, and keys of as many words as there can be, each of them new."""
    count = settings.count(LONG_KEYS)
    options = ["--exchange", NAME, "--queue", NAME, "--binding-key", PATTERNS[0]]
    options += ["--routing-key", LONG_KEY, "--routing-keys", str(count)]
    what = f"{len(PATTERNS)} patterns such as {PATTERNS[0][:13]}..."
    return routed(options, settings, what, keys=count, patterns=PATTERNS)


def routed(
    options: list[str],
    settings: Settings,
    what: str,
    *,
    keys: int,
    patterns: list[str] | None = None,
) -> list[Figure]:
    """How fast messages of a load get through, and how a bystander fares beside it."""
    with leveret() as running:
        if patterns is not None:
            declare_topic(running.uri, patterns)
        busy = load(running.uri, *options, warm_up=WARM_UP_SECONDS + keys * SECONDS_PER_KEY)
        with busy as running_load, bystander(running.uri) as client:
            begin = time.monotonic()
            time.sleep(settings.seconds * settings.runs)
            end = time.monotonic()
    value = f"{rate(running_load.per_second('consumed'))} per s"
    return [Figure(what, value), bystander_figure("meanwhile", client.rounds.within(begin, end))]


def declare_topic(uri: str, patterns: list[str]) -> None:
    session = Session(parse_uri(uri))
    session.call(ExchangeDeclare(exchange=NAME, type="topic"), ExchangeDeclareOk)
    session.call(QueueDeclare(queue=NAME), QueueDeclareOk)
    binds = [QueueBind(queue=NAME, exchange=NAME, routing_key=pattern) for pattern in patterns]
    session.call_all(binds, QueueBindOk)
    session.close()
