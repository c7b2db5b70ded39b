"""Durable messages: throughput, one at a time, definitions, and the start after a crash.

All of it waits for the disk, so the disk is what --directory is on.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path

from durability.definitions import definitions
from durability.directories import Directories
from durability.one_at_a_time import one_at_a_time
from durability.recovery import recovery
from durability.throughput import ROWS, throughput
from harness.process import GENERATOR_CORE, pin_to

from leveret.bench.frames.frame import COMPILED

OTHERS = ("one", "definitions", "recovery")
KEYS = (*(row.key for row in ROWS), *OTHERS)
DIRECTORY = "/var/tmp"  # /tmp is memory on many systems


def main() -> None:
    arguments = parse_arguments()
    if not COMPILED:
        raise SystemExit("this build is not compiled: its figures say nothing")
    pin_to(GENERATOR_CORE)
    with tempfile.TemporaryDirectory(prefix="durable-", dir=arguments.directory) as name:
        for table in tables(arguments, Path(name)):
            print(table, end="\n\n", flush=True)


def tables(arguments: argparse.Namespace, folder: Path) -> Iterator[str]:
    keys, runs = arguments.only or KEYS, arguments.runs
    directories = Directories(folder, spares=arguments.spares)
    if any(row.key in keys for row in ROWS):
        yield throughput(directories, keys, runs, arguments.seconds)
    if "one" in keys:
        yield one_at_a_time(directories, folder, runs, arguments.messages)
    if "definitions" in keys:
        yield definitions(directories, runs, arguments.commands)
    if "recovery" in keys:
        yield recovery(directories, arguments.recovered)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--runs", type=int, default=5, help="of each row (default: %(default)s)")
    add("--seconds", type=float, default=2, help="of a load (default: %(default)s)")
    add("--messages", type=int, default=2000, help="one at a time (default: %(default)s)")
    add("--commands", type=int, default=1000, help="of each kind (default: %(default)s)")
    add("--recovered", type=int, default=200_000, help="messages of 1 KB (default: %(default)s)")
    add("--spares", type=int, default=16,
        help="segments that were written before, of 64 MB each; 0 as in a new directory"
             " (default: %(default)s)")  # fmt: skip
    add("--directory", default=DIRECTORY, help="on which disk (default: %(default)s)")
    add("--only", type=lambda text: text.split(","), help=f"some rows: {','.join(KEYS)}")
    arguments = parser.parse_args()
    if wrong := set(arguments.only or ()) - set(KEYS):
        parser.error(f"no such rows: {', '.join(sorted(wrong))}")
    return arguments


if __name__ == "__main__":
    main()
