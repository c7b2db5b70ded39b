"""One line on a terminal, written over each second; nothing where standard error is none."""

from __future__ import annotations

import sys

from leveret.bench.options import Options

ERASE = "\r\x1b[K"


def is_live(options: Options) -> bool:
    return sys.stderr.isatty() and not options.quiet


def show(line: str) -> None:
    sys.stderr.write(f"{ERASE}{line}")
    sys.stderr.flush()


def clear() -> None:
    """Makes room for the totals."""
    if sys.stderr.isatty():
        show("")
