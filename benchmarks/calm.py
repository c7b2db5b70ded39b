"""Others stay calm while somebody floods the broker: each scenario's goal, and what was measured.

A scenario is one kind of excess, at a broker of its own. Beside it goes a bystander, who
publishes, waits for the confirm and consumes, one message at a time.
"""

from __future__ import annotations

import argparse
import fnmatch
import itertools
import resource
import sys
from functools import partial

from harness.figures import Figure, line, table
from harness.process import GENERATOR_CORE, pin_to
from scenarios.churns import churn
from scenarios.floods import flood
from scenarios.holds import consumers, half_bodies, idle, unacked
from scenarios.memory import CONSUMERS, PUBLISHERS, SIZES, WHERE, memory
from scenarios.settings import Scenario, Settings
from scenarios.topics import bindings, keys, patterns

from leveret.bench.frames.frame import COMPILED

SCENARIOS: dict[str, Scenario] = {
    "flood-1": partial(flood, publishers=1),
    "flood-20": partial(flood, publishers=20),
    "flood-200": partial(flood, publishers=200),
    "churn": churn,
    "patterns": patterns,
    "keys": keys,
    "bindings": bindings,
    "idle": idle,
    "consumers": consumers,
    "unacked": unacked,
    "half-bodies": half_bodies,
} | {
    f"{where}-{publishers}-{size}-{who}": partial(
        memory, publishers=publishers, size=size, who=who, options=options
    )
    for where, options in WHERE.items()
    for publishers, size, who in itertools.product(PUBLISHERS, SIZES, CONSUMERS)
}


def main() -> int:
    arguments = parse_arguments()
    if not COMPILED:
        raise SystemExit("this build is not compiled: its figures say nothing")
    pin_to(GENERATOR_CORE)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    settings = Settings(
        seconds=arguments.seconds,
        runs=arguments.runs,
        scale=arguments.scale,
        bytes=arguments.bytes,
    )
    lines = []
    missed = False
    for name in arguments.only or SCENARIOS:
        for figure in SCENARIOS[name](settings):
            lines.append(line(name, figure))
            missed = missed or figure.met is False
            progress(name, figure)
    print(table(lines))
    return int(missed)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    add = parser.add_argument
    names = ", ".join(SCENARIOS)
    add("--only", type=chosen, help=f"some scenarios, `*` stands for any text: {names}")
    add("--runs", type=int, default=3, help="pairs of alone and beside (default: %(default)s)")
    add("--seconds", type=float, default=2, help="of a run (default: %(default)s)")
    add("--scale", type=float, default=1, help="the share of a million, and so on (default: 1)")
    add(
        "--bytes",
        type=size,
        default="1G",
        help="pushed by each of memory-* and spill-* (default: 1G)",
    )
    return parser.parse_args()


def chosen(text: str) -> list[str]:
    """The scenarios that these names and patterns say."""
    patterns = text.split(",")
    for pattern in patterns:
        if not fnmatch.filter(SCENARIOS, pattern):
            raise argparse.ArgumentTypeError(f"no such scenario: {pattern}")
    return [name for name in SCENARIOS if any(fnmatch.fnmatch(name, each) for each in patterns)]


def size(text: str) -> int:
    """Bytes: 10G, 100M, 5K or 17."""
    units = {"K": 10**3, "M": 10**6, "G": 10**9}
    unit = units.get(text[-1:].upper())
    return int(text) if unit is None else int(float(text[:-1]) * unit)


def progress(name: str, figure: Figure) -> None:
    print(f"{name:<12} {figure.what}: {figure.value}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
