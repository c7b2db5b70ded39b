"""`leveret bench`: from the command line's options to the exit status."""

from __future__ import annotations

import argparse
import json
import sys

from leveret.bench.errors import BenchError
from leveret.bench.frames.frame import COMPILED
from leveret.bench.options import add_arguments, read_options
from leveret.bench.run import Run
from leveret.bench.totals import Totals

FAILED = 1
WRONG_USAGE = 2


def configure(parser: argparse.ArgumentParser) -> None:
    add_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Prints the totals, also of a run that was ended early; returns the exit status."""
    try:
        options = read_options(arguments)
        one_run = Run(options)
    except BenchError as error:
        return _complain(str(error), WRONG_USAGE)
    if not COMPILED:
        print("leveret bench: not compiled, so what is measured is this program", file=sys.stderr)
    try:
        totals = one_run()
    except BenchError as error:
        return _complain(str(error), FAILED)
    except KeyboardInterrupt:
        return _complain("interrupted", FAILED)
    _show(totals, as_json=options.json)
    return _complain(totals.failure, FAILED) if totals.failure else 0


def _show(totals: Totals, *, as_json: bool) -> None:
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()
    print(json.dumps(totals.as_json()) if as_json else totals.as_text())


def _complain(text: str, status: int) -> int:
    print(f"leveret bench: {text}", file=sys.stderr)
    return status
