"""`leveret bench`: from the command line's options to the exit status."""

from __future__ import annotations

import argparse
import json
import resource
import sys
from typing import Protocol

from leveret.bench.arguments import add_arguments, read_options
from leveret.bench.churn import Churn
from leveret.bench.errors import BenchError
from leveret.bench.frames.frame import COMPILED
from leveret.bench.idle import Idle
from leveret.bench.live_line import clear
from leveret.bench.options import Options
from leveret.bench.run import Run

FAILED = 1
WRONG_USAGE = 2


class Outcome(Protocol):
    """The totals of whatever was measured. `failure`: what ended it early."""

    @property
    def failure(self) -> str | None: ...

    def as_json(self) -> dict[str, object]: ...

    def as_text(self) -> str: ...


def configure(parser: argparse.ArgumentParser) -> None:
    add_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Prints the totals, also of a run that was ended early; returns the exit status."""
    try:
        options = read_options(arguments)
        measured = _make(options)
    except BenchError as error:
        return _complain(str(error), WRONG_USAGE)
    if not COMPILED:
        print("leveret bench: not compiled, so what is measured is this program", file=sys.stderr)
    _allow_open_files()
    try:
        outcome: Outcome = measured()
    except BenchError as error:
        return _complain(str(error), FAILED)
    except KeyboardInterrupt:
        return _complain("interrupted", FAILED)
    clear()
    print(json.dumps(outcome.as_json()) if options.json else outcome.as_text())
    return _complain(outcome.failure, FAILED) if outcome.failure else 0


def _make(options: Options) -> Run | Churn | Idle:
    if options.churn:
        return Churn(options)
    return Idle(options) if options.idle else Run(options)


def _allow_open_files() -> None:
    """As many connections as the system lets this process have."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    except ValueError:
        return  # macOS says "unlimited" and means less: what was allowed before still is


def _complain(text: str, status: int) -> int:
    print(f"leveret bench: {text}", file=sys.stderr)
    return status
