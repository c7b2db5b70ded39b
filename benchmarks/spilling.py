"""Messages that leave memory and come back: at which rates, and within which memory.

A publisher fills one queue, or a thousand in turn, with more than stays in memory; then a consumer
comes and takes all. Of the thousand one is drained alone first.

With --durable the log has them, and between filling and draining the broker starts anew; where this
user may, the page cache is dropped then.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

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
SECONDS_TO_START = 300
DROP_CACHES = Path("/proc/sys/vm/drop_caches")
HEAD = ["work", "messages", "per s", "MB/s", "broker busy", "resident, at most"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--gigabytes", type=float, default=1, help="default: %(default)s")
    parser.add_argument("--size", type=int, default=1024, help="of a body; default: %(default)s")
    parser.add_argument("--queues", type=int, default=QUEUES, help="default: %(default)s")
    parser.add_argument("--durable", action="store_true", help="messages that survive a restart")
    parser.add_argument("--directory", default="/var/tmp", help="for these; default: %(default)s")
    arguments = parser.parse_args()
    if not COMPILED:
        raise SystemExit("this build is not compiled: its figures say nothing")
    pin_to(GENERATOR_CORE)
    count = int(arguments.gigabytes * GIGABYTE / arguments.size)
    lines = []
    with tempfile.TemporaryDirectory(prefix="spilling-", dir=arguments.directory) as folder:
        for name, load in (("one", one_queue), ("many", many_queues)):
            place = Place(Path(folder) / name if arguments.durable else None)
            lines += load(place, count, arguments.size, arguments.queues)
            place.close()
    print(table.markdown(HEAD, lines))


class Place:
    """A broker, which keeps its messages in a directory, or nothing."""

    def __init__(self, directory: Path | None) -> None:
        self.directory = directory
        self.options = {} if directory is None else {"durable": True, "persistent": True}
        self._open()

    def _open(self) -> None:
        self._broker = leveret(data_directory=self.directory, seconds_to_start=SECONDS_TO_START)
        self.running = self._broker.__enter__()

    def again(self) -> None:
        """A new broker, for which nothing is in memory that need not be."""
        if self.directory is not None:
            self.close()
            os.sync()
            with suppress(PermissionError):
                DROP_CACHES.write_text("1")
            self._open()

    def close(self) -> None:
        self._broker.__exit__(None, None, None)


def one_queue(place: Place, count: int, size: int, queues: int) -> Iterator[list[str]]:
    name = {"queue": "q", "size": size, **place.options}
    yield row("one queue: filled", place.running, count, publishers=1, confirm=WINDOW, **name)
    place.again()
    yield row("drained", place.running, count, consumers=1, **name)


def many_queues(place: Place, count: int, size: int, queues: int) -> Iterator[list[str]]:
    names = {"queue": "q-%d", "queues": queues, "size": size, **place.options}
    count -= count % queues
    filled = f"{queues} queues in turn: filled"
    yield row(filled, place.running, count, publishers=1, confirm=WINDOW, **names)
    share = count // queues
    one = names | {"queue": "q-0", "queues": 1}
    place.again()
    yield row("one of them drained", place.running, share, consumers=1, **one)
    place.again()
    yield row("the others drained together", place.running, count - share, consumers=1, **names)


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
