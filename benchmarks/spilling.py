"""Messages that leave memory and come back: at which rates, and within which memory.

A publisher fills one queue, or a thousand in turn, with more than stays in memory; then a consumer
comes and takes all. Of the thousand one is drained alone first.
"""

from __future__ import annotations

import argparse
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from harness import table
from harness.brokers import Running, leveret
from harness.measurement import CpuTime
from harness.process import GENERATOR_CORE, pin_to, resident_bytes

from leveret.bench.frames.frame import COMPILED
from leveret.bench.options import Options
from leveret.bench.run import Run

GIGABYTE = 1e9
MEGABYTE = 1e6
QUEUES = 1000
WINDOW = 1000
SECONDS_BETWEEN_LOOKS = 0.02
HEAD = ["work", "messages", "per s", "MB/s", "broker busy", "resident, at most"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--gigabytes", type=float, default=1, help="default: %(default)s")
    parser.add_argument("--size", type=int, default=1024, help="of a body; default: %(default)s")
    parser.add_argument("--queues", type=int, default=QUEUES, help="default: %(default)s")
    arguments = parser.parse_args()
    if not COMPILED:
        raise SystemExit("this build is not compiled: its figures say nothing")
    pin_to(GENERATOR_CORE)
    count = int(arguments.gigabytes * GIGABYTE / arguments.size)
    lines = []
    with leveret() as running:
        lines += one_queue(running, count, arguments.size)
    with leveret() as running:
        lines += many_queues(running, count, arguments.size, arguments.queues)
    print(table.markdown(HEAD, lines))


def one_queue(running: Running, count: int, size: int) -> Iterator[list[str]]:
    name = {"queue": "q", "size": size}
    yield row("one queue: filled", running, count, publishers=1, confirm=WINDOW, **name)
    yield row("drained", running, count, consumers=1, **name)


def many_queues(running: Running, count: int, size: int, queues: int) -> Iterator[list[str]]:
    names = {"queue": "q-%d", "queues": queues, "size": size}
    count -= count % queues
    filled = f"{queues} queues in turn: filled"
    yield row(filled, running, count, publishers=1, confirm=WINDOW, **names)
    share = count // queues
    yield row("one of them drained", running, share, consumers=1, queue="q-0", size=size)
    yield row("the others drained together", running, count - share, consumers=1, **names)


def row(
    work: str,
    running: Running,
    count: int,
    *,
    publishers: int = 0,
    consumers: int = 0,
    **given: object,
) -> list[str]:
    """One line of the table; all that is published or consumed is counted."""
    options = Options(
        uri=running.uri,
        publishers=publishers,
        consumers=consumers,
        count=count,
        quiet=True,
        **given,  # type: ignore[arg-type]  # names of options, from two lines above
    )
    cpu = CpuTime(running.pid)
    with watched(running.pid) as memory:
        totals = Run(options)(cpu)
    if totals.failure:
        raise SystemExit(f"{work}: {totals.failure}")
    per_second = count / totals.seconds
    return [
        work,
        f"{count:,}",
        table.rate(per_second),
        f"{per_second * options.size / MEGABYTE:.0f}",
        table.percent(cpu.seconds / totals.seconds),
        f"{memory.most / MEGABYTE:.0f} MB",
    ]


@dataclass
class Memory:
    most: int = 0


@contextmanager
def watched(pid: int) -> Iterator[Memory]:
    """Notes how much memory the process has meanwhile, at the most."""
    memory, stop = Memory(resident_bytes(pid)), threading.Event()

    def look() -> None:
        while not stop.wait(SECONDS_BETWEEN_LOOKS):
            memory.most = max(memory.most, resident_bytes(pid))

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield memory
    finally:
        stop.set()
        watcher.join()


if __name__ == "__main__":
    main()
