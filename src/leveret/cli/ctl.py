"""`leveret ctl`: the operator's commands, sent to a running broker.

Exit status: 0 done; 64 the words make no sense; 65 the broker refuses; 69 no broker answers;
70 the broker has made a mistake; 75 it takes too long, or is busy: try again later.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from typing import Final

from leveret.broker.commands.command import Command, WrongUsage
from leveret.cli.ctl_client import Ambiguous, Client, Refused, TimedOut, Unreachable, find_socket
from leveret.cli.ctl_definitions import EXPORT, IMPORT, export_file, import_file
from leveret.cli.ctl_output import print_rows, print_value
from leveret.cli.ctl_parser import PROGRAM, help_text, make_parser, parse, split

NAME: Final = "ctl"
HELP: Final = "look at a running broker, and change it"

WRONG_USAGE: Final = 64
REFUSED: Final = 65
UNREACHABLE: Final = 69
BROKER_FAILED: Final = 70
TRY_AGAIN: Final = 75
STATUSES: Final = {
    "wrong_usage": WRONG_USAGE,
    "internal_error": BROKER_FAILED,
    "timeout": TRY_AGAIN,
    "busy": TRY_AGAIN,
}
POLL_S: Final = 0.1
"""From one try to the next, of who waits for a broker to start."""


def configure(parser: argparse.ArgumentParser) -> None:
    """For the list of all commands: what this one takes, main() reads by itself."""


def run(arguments: argparse.Namespace) -> int:
    return main([])


def main(words: Sequence[str]) -> int:
    """The words behind `leveret ctl`; returns the exit status."""
    name = PROGRAM
    try:
        command, rest = split(words)
        if command is None:
            return show_help(rest)
        name = f"{PROGRAM} {command.name}"
        if "-h" in rest or "--help" in rest:
            print(make_parser(command).format_help(), end="")
            return 0
        return run_command(command, parse(command, rest))
    except (WrongUsage, Ambiguous) as error:
        return complain(name, error, WRONG_USAGE)
    except Refused as error:
        return complain(name, error, STATUSES.get(error.kind, REFUSED))
    except Unreachable as error:
        return complain(name, error, UNREACHABLE)
    except TimedOut as error:
        return complain(name, error, TRY_AGAIN)


def show_help(words: Sequence[str]) -> int:
    """Raises SystemExit where it was asked for, as argparse does."""
    if "-h" in words or "--help" in words:
        print(help_text(), end="")
        raise SystemExit(0)
    print(help_text(), end="", file=sys.stderr)
    return WRONG_USAGE


def run_command(command: Command, options: argparse.Namespace) -> int:
    if command.name == "wait":
        wait(options)
        return 0
    formatter = options.formatter or ("table" if sys.stdout.isatty() else "tsv")
    path = find_socket(options.socket, options.data_dir)
    with Client(path, options.timeout) as client:
        if command is EXPORT:
            export_file(client, options.given)
            return 0
        if command is IMPORT:
            for note in import_file(client, options.given):
                print(f"{PROGRAM} {command.name}: {note}", file=sys.stderr)
            return 0
        if command.columns:
            rows = client.rows(command.name, options.given, options.chosen)
            print_rows(options.chosen, rows, formatter=formatter, quiet=options.quiet, say=print)
            return 0
        value = client.ask(command.name, options.given)
        if command.name == "stop":
            client.wait_for_end()
        show(command, value, formatter)
    return 0


def show(command: Command, value: object, formatter: str) -> None:
    if command.name == "status" and formatter != "json" and isinstance(value, dict):
        from leveret.cli.ctl_status import status_lines  # not for the other commands

        for line in status_lines(value):
            print(line)
    elif value is not None or formatter == "json":
        print_value(value, formatter=formatter, say=print)


def wait(options: argparse.Namespace) -> None:
    """Until the broker answers, or the time is over. Raises Unreachable, Ambiguous."""
    end = time.monotonic() + options.timeout
    while True:
        try:
            left = max(POLL_S, end - time.monotonic())
            with Client(find_socket(options.socket, options.data_dir), left) as client:
                client.ask("ping", {})
                return
        except Unreachable as error:
            if time.monotonic() >= end:
                raise Unreachable(f"after {options.timeout:g} s: {error}") from None
            time.sleep(POLL_S)


def complain(name: str, error: Exception, status: int) -> int:
    print(f"{name}: {error}", file=sys.stderr)
    return status
