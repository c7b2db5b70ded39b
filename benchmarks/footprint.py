"""What a broker costs before it does anything: time to start, memory when idle."""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass

from harness.brokers import Running, leveret
from harness.process import GENERATOR_CORE, pin_to, resident_bytes
from harness.table import markdown

from leveret.bench.session import Session
from leveret.bench.uri import parse_uri
from leveret.wire.amqp091.methods import QueueDeclare, QueueDeclareOk

CONNECTIONS = 1000
QUEUES = 1000
SETTLING_SECONDS = 0.5
MEGABYTE = 1e6
KILOBYTE = 1e3


@dataclass(frozen=True, slots=True, kw_only=True)
class Footprint:
    start_ms: float
    idle_mb: float
    connection_kb: float
    queues_mb: float


GOALS = Footprint(start_ms=300, idle_mb=40, connection_kb=10, queues_mb=5)
NAMES = Footprint.__dataclass_fields__
WORK = {
    "start_ms": "start to first accepted connection, ms",
    "idle_mb": "idle memory, MB",
    "connection_kb": f"memory per idle connection of {CONNECTIONS:,}, KB",
    "queues_mb": f"{QUEUES:,} durable queues, over idle, MB",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="default: %(default)s")
    parser.add_argument("--json", action="store_true", help="print every figure as JSON")
    arguments = parser.parse_args()
    pin_to(GENERATOR_CORE)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    runs = [measure() for _ in range(arguments.runs)]
    print(json.dumps([asdict(each) for each in runs]) if arguments.json else table(runs))


def measure() -> Footprint:
    """A broker for connections, and one for queues."""
    with leveret() as running:
        idle = settled_bytes(running)
        with_connections = bytes_with_connections(running)
    with leveret() as again:
        before_queues = settled_bytes(again)
        with_queues = bytes_with_queues(again)
    return Footprint(
        start_ms=running.start_seconds * 1000,
        idle_mb=idle / MEGABYTE,
        connection_kb=(with_connections - idle) / CONNECTIONS / KILOBYTE,
        queues_mb=(with_queues - before_queues) / MEGABYTE,
    )


def bytes_with_connections(running: Running) -> int:
    address = parse_uri(running.uri)
    with ExitStack() as stack:
        for _ in range(CONNECTIONS):
            stack.callback(Session(address).close)
        return settled_bytes(running)


def bytes_with_queues(running: Running) -> int:
    with ExitStack() as stack:
        session = Session(parse_uri(running.uri))
        stack.callback(session.close)
        for number in range(QUEUES):
            session.call(QueueDeclare(queue=f"queue-{number}", durable=True), QueueDeclareOk)
        return settled_bytes(running)


def settled_bytes(running: Running) -> int:
    """The broker's memory, when it has had time to clean up."""
    time.sleep(SETTLING_SECONDS)
    return resident_bytes(running.pid)


def table(runs: list[Footprint]) -> str:
    lines = []
    for name in NAMES:
        middle = statistics.median(getattr(each, name) for each in runs)
        lines.append([WORK[name], f"{getattr(GOALS, name):g}", f"{middle:.1f}"])
    return markdown(["", "goal", "leveret"], lines)


if __name__ == "__main__":
    main()
