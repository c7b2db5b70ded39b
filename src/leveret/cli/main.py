"""`leveret`: finds the command and runs it."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Final, Protocol, cast

import leveret

COMMANDS: Final = {
    "serve": "leveret.cli.serve",
    "bench": "leveret.cli.bench",
    "log": "leveret.cli.log",
    "ctl": "leveret.cli.ctl",
    "completion": "leveret.cli.completion",
}

OWN_WORDS: Final = ("ctl",)
"""Commands that read their words by themselves: so many are theirs that each has its own parser."""

DESCRIPTION: Final = "An AMQP message broker."
EXAMPLES: Final = """\
examples:
  leveret serve                          listen on 127.0.0.1:5672
  leveret serve --listen 0.0.0.0:5672    let other machines in
  leveret bench --time 5                 measure the broker on this machine
  leveret ctl list_queues                look at a running broker
  leveret log check                      read all that a broker has stored
  leveret serve --help                   all options of a command
"""

WIDTH: Final = 100

WRONG_USAGE: Final = 2
INTERRUPTED: Final = 130  # 128 + SIGINT, as shells have it
NOBODY_READS: Final = 141  # 128 + SIGPIPE


class Command(Protocol):
    HELP: str

    def configure(self, parser: argparse.ArgumentParser) -> None: ...

    def run(self, arguments: argparse.Namespace) -> int: ...


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line `words` (default: the process's); returns the exit status."""
    words = sys.argv[1:] if words is None else words
    try:
        try:
            return _run(words)
        finally:
            if sys.stdout is not None:
                sys.stdout.flush()
    except BrokenPipeError:
        # Python would try again to flush at exit, and complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return NOBODY_READS
    except KeyboardInterrupt:
        return INTERRUPTED


def _run(words: Sequence[str]) -> int:
    named = [name for name in COMMANDS if words[:1] == [name]]
    if named and named[0] in OWN_WORDS:
        own: Callable[[Sequence[str]], int] = import_module(COMMANDS[named[0]]).main
        return own(words[1:])
    commands = {name: _load(name) for name in named or COMMANDS}
    parser = _make_parser(commands)
    arguments = parser.parse_args(words)
    if arguments.version:
        print(version())
        return 0
    if arguments.command is None:
        parser.print_help(sys.stderr)
        return WRONG_USAGE
    return commands[arguments.command].run(arguments)


def all_commands() -> argparse.ArgumentParser:
    """What knows the words of all commands, but of those that read them by themselves."""
    return _make_parser({name: _load(name) for name in COMMANDS})


def version() -> str:
    """The version, how the engine was built, and on what it runs."""
    from leveret.engine.buffer import COMPILED

    build = "compiled" if COMPILED else "not compiled"
    python = ".".join(str(part) for part in sys.version_info[:3])
    return f"leveret {leveret.__version__} ({build}, Python {python})"


def _load(name: str) -> Command:
    return cast(Command, import_module(COMMANDS[name]))


def _make_parser(commands: dict[str, Command]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="leveret", description=DESCRIPTION, epilog=EXAMPLES, formatter_class=format_help
    )
    parser.add_argument(
        "--version", action="store_true", help="print the version, and whether it is compiled"
    )
    subparsers = parser.add_subparsers(
        title="commands", dest="command", metavar="COMMAND", prog="leveret"
    )
    for name, command in commands.items():
        subparser = subparsers.add_parser(
            name,
            help=command.HELP,
            description=f"{command.HELP[0].upper()}{command.HELP[1:]}.",
            formatter_class=format_help,
        )
        command.configure(subparser)
    return parser


def format_help(prog: str) -> argparse.HelpFormatter:
    # Asked for a width, argparse does not import what it needs to find one out, at each start.
    try:
        width = os.get_terminal_size(1).columns
    except OSError:
        width = WIDTH
    return argparse.RawDescriptionHelpFormatter(prog, width=min(width, WIDTH))
