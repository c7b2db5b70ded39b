"""What long queues know of their messages: memory for each, and time to put it there and take it.

First an index alone, as the engine has it: so many ready messages in one queue, then in a thousand
in turn, with pages in files and with all of them in memory. Then, with --broker, a broker that is
given so many messages of 16 bytes, and all its memory, of which half of 256 MB is for messages.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Iterator

from harness import table
from harness.brokers import leveret
from harness.process import GENERATOR_CORE, pin_to, resident_bytes, resident_kilobytes

from leveret.bench.frames.frame import COMPILED
from leveret.bench.options import Options
from leveret.bench.run import Run
from leveret.engine.index import Index
from leveret.engine.memory import Memory
from leveret.engine.pages import PagePool
from leveret.log.page_files import PageFiles

QUEUES = 1000
SIZE = 16
WINDOW = 1000
MEGABYTE = 1e6
NANOSECONDS = 1e9
INDEX = ["queues", "pages", "messages", "resident, MB more", "counted, MB", "put, ns", "take, ns"]
MEMORY_LIMIT = "256MB"
BROKER = ["queues", "work", "messages", "per s", "resident, MB more than idle"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--messages", type=int, default=10_000_000, help="default: %(default)s")
    parser.add_argument("--in-memory", action="store_true", help="also without files")
    parser.add_argument("--broker", action="store_true", help="also through a broker")
    parser.add_argument("--directory", default="/var/tmp", help="for files; default: %(default)s")
    arguments = parser.parse_args()
    if not COMPILED:
        raise SystemExit("this build is not compiled: its figures say nothing")
    pin_to(GENERATOR_CORE)
    lines = []
    for queues in (1, QUEUES):
        lines.append(index_alone(arguments.messages, queues, arguments.directory))
        if arguments.in_memory:
            lines.append(index_alone(arguments.messages, queues, None))
    print(table.markdown(INDEX, lines))
    if arguments.broker:
        lines = [
            line
            for queues in (1, QUEUES)
            for line in through_broker(arguments.messages, queues, arguments.directory)
        ]
        print()
        print(table.markdown(BROKER, lines))


def index_alone(count: int, queues: int, directory: str | None) -> list[str]:
    """Fills the queues in turn, then empties them one by one."""
    before = resident_bytes_here()
    pool = PagePool(Memory())
    if directory is not None:
        pool.fold_into(lambda: PageFiles(directory))
    indexes = [Index(pool) for _ in range(queues)]
    begin = time.perf_counter()
    for location in range(count // queues):
        for index in indexes:
            index.append(location)
    filled = time.perf_counter()
    most, counted = resident_bytes_here() - before, pool.memory.in_use
    for index in indexes:
        while index.seek_ready():
            index.take_away()
    emptied = time.perf_counter()
    pool.close_store()
    return [
        f"{queues:,}",
        "in files" if directory else "in memory",
        f"{count:,}",
        f"{most / MEGABYTE:.1f}",
        f"{counted / MEGABYTE:.1f}",
        f"{(filled - begin) / count * NANOSECONDS:.0f}",
        f"{(emptied - filled) / count * NANOSECONDS:.0f}",
    ]


def through_broker(count: int, queues: int, directory: str) -> Iterator[list[str]]:
    """Publishes all, then consumes all."""
    with (
        tempfile.TemporaryDirectory(dir=directory) as folder,
        leveret("--spill-dir", folder, "--memory-limit", MEMORY_LIMIT) as running,
    ):
        idle = resident_bytes(running.pid)
        for publishers in (1, 0):
            options = Options(
                uri=running.uri,
                queue="q-%d",
                queues=queues,
                count=count,
                size=SIZE,
                publishers=publishers,
                consumers=1 - publishers,
                confirm=WINDOW * publishers,
                quiet=True,
            )
            totals = Run(options)()
            if totals.failure:
                raise SystemExit(totals.failure)
            yield [
                f"{queues:,}",
                "published" if publishers else "consumed",
                f"{count:,}",
                table.rate(count / totals.seconds),
                f"{(resident_bytes(running.pid) - idle) / MEGABYTE:.1f}",
            ]


def resident_bytes_here() -> int:
    return resident_kilobytes(os.getpid()) * 1024


if __name__ == "__main__":
    main()
