"""A password that is not among the words of the command line, where everybody could see it."""

from __future__ import annotations

import sys


def ask_secret(name: str) -> str:
    """From the terminal, without showing it, or else the first line of standard input."""
    if sys.stdin.isatty():
        from getpass import getpass  # not for scripts

        return getpass(f"{name}: ")
    return sys.stdin.readline().rstrip("\r\n")
