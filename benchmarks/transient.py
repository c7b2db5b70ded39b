"""Transient messages: throughput per second of the broker's CPU time, and latency.

Each row is measured at each broker in turn, several times over; the medians are printed.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict

from harness import table
from harness.brokers import Start, already_running, leveret, yardstick, yardstick_folder
from harness.measurement import Measurement, measure, median
from harness.process import GENERATOR_CORE, pin_to
from harness.rabbitmq import is_installed, rabbitmq
from harness.rows import LATENCY, ROWS, Row

from leveret.bench.frames.frame import COMPILED

Measured = dict[str, dict[str, list[Measurement]]]  # broker -> row -> runs


def main() -> None:
    arguments = parse_arguments()
    if not COMPILED:
        raise SystemExit("this build is not compiled: its figures say nothing")
    pin_to(GENERATOR_CORE)
    brokers = brokers_of(arguments)
    rows = [row for row in ROWS if not arguments.only or row.key in arguments.only]
    measured: Measured = {name: {} for name in brokers}
    for number in range(1, arguments.runs + 1):
        for row in rows:
            for name, start in brokers.items():
                if row.yardstick or name != "yardstick":
                    figures = run(row, start, arguments.seconds)
                    measured[name].setdefault(row.key, []).append(figures)
                    progress(number, row, name, figures)
    show(measured, as_json=arguments.json)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    keys = [row.key for row in ROWS]
    parser.add_argument("--runs", type=int, default=5, help="of each row (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=5, help="of a run (default: %(default)s)")
    parser.add_argument(
        "--only", type=lambda text: text.split(","), help=f"some rows: {','.join(keys)}"
    )
    parser.add_argument("--uri", help="measure this broker, not Leveret")
    parser.add_argument("--pid", type=int, help="the process of --uri")
    parser.add_argument("--rabbitmq", action="store_true", help="measure it, too: Debian's package")
    parser.add_argument("--json", action="store_true", help="print every figure as JSON")
    arguments = parser.parse_args()
    if (arguments.uri is None) != (arguments.pid is None):
        parser.error("--uri and --pid go together")
    if arguments.rabbitmq and not is_installed():
        parser.error("no rabbitmq-server is installed: apt install rabbitmq-server")
    if wrong := set(arguments.only or ()) - set(keys):
        parser.error(f"no such rows: {', '.join(sorted(wrong))}")
    return arguments


def brokers_of(arguments: argparse.Namespace) -> dict[str, Start]:
    """By name, the one under test first."""
    brokers: dict[str, Start] = {"leveret": leveret}
    folder = yardstick_folder()
    if arguments.uri:
        brokers = {"broker": already_running(arguments.uri, arguments.pid)}
    elif folder is not None:
        brokers["yardstick"] = yardstick(folder)
    if arguments.rabbitmq:
        brokers["rabbitmq"] = rabbitmq
    return brokers


def run(row: Row, start: Start, seconds: float) -> Measurement:
    with start() as running:
        return measure(row, running, seconds=seconds)


def progress(number: int, row: Row, name: str, figures: Measurement) -> None:
    text = f"{table.rate(figures.per_cpu_second)} per CPU-s, {table.rate(figures.per_second)} per s"
    if row is LATENCY:
        text = f"p50 {figures.p50:.0f} µs, p99 {figures.p99:.0f} µs"
    busy = f"broker {figures.broker_busy:.0%} busy, generator {figures.generator_busy:.0%}"
    print(f"{number} {row.key:<9} {name:<10} {text}; {busy}", file=sys.stderr)


def show(measured: Measured, *, as_json: bool) -> None:
    if as_json:
        figures = {
            name: {key: [asdict(each) for each in runs] for key, runs in rows.items()}
            for name, rows in measured.items()
        }
        print(json.dumps(figures, indent=1))
        return
    medians = {
        name: {key: median(runs) for key, runs in rows.items()} for name, rows in measured.items()
    }
    names = list(measured)
    print(table.throughput(medians, names))
    if LATENCY.key in medians[names[0]]:
        print()
        print(table.latency(medians, names))


if __name__ == "__main__":
    main()
