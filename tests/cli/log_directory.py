"""`leveret log` on a small log."""

from __future__ import annotations

from pathlib import Path

from leveret.cli.main import main
from leveret.log.port import HEADER_BYTES

FIRST = "hot-000000000000.segment"
DAMAGED = 2 * HEADER_BYTES  # within its second batch


def leveret_log(command: str, directory: Path, *options: str) -> int:
    return main(["log", command, "--data-dir", str(directory), *options])
