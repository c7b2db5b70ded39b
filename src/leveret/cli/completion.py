"""`leveret completion`: what a shell needs to complete the words of all commands."""

from __future__ import annotations

import argparse
from typing import Final

NAME: Final = "completion"
HELP: Final = "print what a shell needs to complete leveret's words"


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=("bash", "zsh"))


def run(arguments: argparse.Namespace) -> int:
    return 0
