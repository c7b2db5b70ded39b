"""The words of `leveret ctl`, made from the table of commands."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Final, NoReturn

from leveret.broker.commands.command import (
    REQUIRED,
    Argument,
    Command,
    Kind,
    WrongUsage,
    check_arguments,
    choose_columns,
    unknown,
)
from leveret.broker.commands.table import COMMANDS, GROUPS
from leveret.cli.ctl_definitions import EXPORT, IMPORT
from leveret.cli.main import format_help
from leveret.cli.secret import ask_secret

PROGRAM: Final = "leveret ctl"
TIMEOUT_S: Final = 60
SHORT: Final = {"--vhost": "-p", "--if-empty": "-e", "--if-unused": "-u"}
"""As rabbitmqctl has them."""

DESCRIPTION: Final = "Looks at a running broker, and changes it."
EXAMPLES: Final = """\
examples:
  leveret ctl status                                     what the broker is, has and uses
  leveret ctl list_queues name messages consumers        columns are chosen by their names
  leveret ctl list_queues -p staging --json              of another virtual host, for a program
  leveret ctl declare_queue orders --argument x-max-length=1000
  leveret ctl bind amq.topic orders 'order.*'
  leveret ctl close_connection 17 'go to the other broker'
  leveret ctl wait --timeout 30 && leveret ctl purge_queue orders
  leveret ctl list_queues --help                         the columns and options of a command

It finds the broker of the user's data directory, and one that runs in memory; another is named by
--data-dir DIR or --socket PATH. Names may be written in two words, too: list queues.
"""

WAIT: Final = Command("wait", "wait until the broker answers", lambda: None)
LOCAL: Final = {"wait": WAIT, EXPORT.name: EXPORT, IMPORT.name: IMPORT}
"""Commands that no broker knows, or not so."""
ALL: Final[Mapping[str, Command]] = {**COMMANDS, **LOCAL}


ALIASES: Final = {"await_startup": "wait", "shutdown": "stop"}
"""Other names that rabbitmqctl has for some."""


class Parser(argparse.ArgumentParser):
    """What it does not understand it raises as WrongUsage."""

    def error(self, message: str) -> NoReturn:
        raise WrongUsage(message)


def split(words: Sequence[str]) -> tuple[Command | None, list[str]]:
    """The command, None if there is none, and the other words. Raises WrongUsage."""
    rest = list(words)
    at = command_at(rest)
    if at is None:
        return None, rest
    word = rest.pop(at)
    if word not in ALL and at < len(rest) and f"{word}_{rest[at]}" in ALL:
        word = f"{word}_{rest.pop(at)}"
    name = word.replace("-", "_")
    name = ALIASES.get(name, name)
    if name not in ALL:
        raise unknown_command(word, rest[at : at + 1])
    return ALL[name], rest


def unknown_command(word: str, next_words: Sequence[str]) -> WrongUsage:
    """Names the nearest, which may be of two words."""
    for tried in (word, "_".join([word, *next_words])):
        if get_close_matches(tried, ALL, n=1):
            return unknown("command", tried, ALL)
    return WrongUsage(f"unknown command {word!r}: `{PROGRAM} --help` has all there are")


def command_at(words: Sequence[str]) -> int | None:
    """The place of the first word that is neither an option nor its value."""
    takes_value = {
        option
        for action in common_options()._actions
        if action.nargs != 0
        for option in action.option_strings
    } | {"-p", "--vhost"}
    is_value = False
    for at, word in enumerate(words):
        if not is_value and not word.startswith("-"):
            return at
        is_value = word in takes_value
    return None


def parse(
    command: Command, words: Sequence[str], ask: Callable[[str], str] = ask_secret
) -> argparse.Namespace:
    """Options, `given` arguments and `chosen` columns. Raises WrongUsage.

    `ask` is for secrets that are not among the words.
    """
    parser = make_parser(command)
    options, more = parser.parse_known_intermixed_args(list(words))
    if more:
        known = [option for action in parser._actions for option in action.option_strings]
        if more[0].startswith("-"):
            raise unknown(f"option of {command.name}", more[0].partition("=")[0], known)
        raise WrongUsage(f"{more[0]!r} is one word too many for {command.name}")
    options.given = given(command, options, ask)
    check_arguments(command, options.given)
    options.chosen = []
    if command.columns:
        options.chosen = [column.name for column in choose_columns(command, options.columns)]
    return options


def given(
    command: Command, options: argparse.Namespace, ask: Callable[[str], str]
) -> dict[str, object]:
    """The arguments that the command line has."""
    found: dict[str, object] = {}
    for argument in command.arguments:
        value = getattr(options, f"argument_{argument.name}")
        if argument.name == "arguments":
            value = {**(value or {}), **dict(options.pairs)}
        if argument.kind is Kind.SECRET and value is None:
            value = ask(argument.name)
        if value not in (None, []):
            found[argument.name] = value
    return found


def make_parser(command: Command) -> Parser:
    parser = Parser(
        prog=f"{PROGRAM} {command.name}",
        description=f"{command.what[0].upper()}{command.what[1:]}.",
        epilog=columns_text(command),
        formatter_class=format_help,
        parents=[common_options()],
        allow_abbrev=False,
    )
    for argument in command.arguments:
        add_argument(parser, argument)
    if command.columns:
        parser.add_argument(
            "columns",
            metavar="COLUMN",
            nargs="*",
            help=f"what to show of each (default: {' '.join(command.shown)})",
        )
    return parser


def add_argument(parser: Parser, argument: Argument) -> None:
    metavar = argument.name.upper()
    name = f"argument_{argument.name}"
    choices = f": {' or '.join(argument.choices)}" if argument.choices else ""
    if not argument.option:
        read = READERS.get(argument.kind, str)
        parser.add_argument(
            name, metavar=metavar, nargs=nargs_of(argument), type=read, help=argument.what + choices
        )
        return
    flags = [SHORT[argument.option]] if argument.option in SHORT else []
    flags.append(argument.option)
    if argument.kind is Kind.FLAG:
        parser.add_argument(*flags, dest=name, action="store_const", const=True, help=argument.what)
    elif argument.kind is Kind.WORDS:
        parser.add_argument(*flags, dest=name, metavar=metavar, type=commas, help=argument.what)
    elif argument.kind is Kind.TABLE:
        parser.add_argument(*flags, dest=name, metavar="JSON", type=table, help=argument.what)
        parser.add_argument(
            "--argument", dest="pairs", metavar="NAME=VALUE", type=pair, action="append",
            default=[], help="one of them: x-max-length=1000; may be repeated")  # fmt: skip
    else:
        type = int if argument.kind is Kind.COUNT else str
        parser.add_argument(
            *flags, dest=name, metavar=metavar, type=type, help=argument.what + choices
        )


def nargs_of(argument: Argument) -> str | None:
    if argument.kind is Kind.WORDS:
        return "*"
    return None if argument.default is REQUIRED and argument.kind is not Kind.SECRET else "?"


def common_options() -> Parser:
    """Those that each command has."""
    parser = Parser(add_help=False, allow_abbrev=False)
    where = parser.add_argument_group("which broker")
    where.add_argument("--socket", metavar="PATH", help="its control socket")
    where.add_argument("--data-dir", metavar="DIR", help="its data directory")
    where.add_argument("-t", "--timeout", metavar="SECONDS", type=seconds, default=TIMEOUT_S,
        help="how long to wait for an answer (default: %(default)s)")  # fmt: skip
    output = parser.add_argument_group("output")
    output.add_argument("--formatter", choices=("table", "tsv", "json"),
        help="aligned (default on a terminal), with tabs (elsewhere), or JSON")  # fmt: skip
    output.add_argument(
        "--json", action="store_const", const="json", dest="formatter", help="the same as json"
    )
    output.add_argument("-q", "--quiet", "-s", "--silent", "--no-headers", "--no-table-headers",
        action="store_true", dest="quiet", help="without the names of columns")  # fmt: skip
    return parser


def columns_text(command: Command) -> str | None:
    example = f"example:\n  {PROGRAM} {command.name} {command.example}\n" if command.example else ""
    if not command.columns:
        return example or None
    width = max(len(column.name) for column in command.columns) + 2
    lines = [f"  {column.name:{width}}{column.what}" for column in command.columns]
    return "\n".join(["columns:", *lines, "", example])


def help_text() -> str:
    """Of `leveret ctl` as a whole."""
    groups: dict[str, Iterable[Command]] = dict(GROUPS)
    groups["the broker"] = [*groups["the broker"], WAIT]
    width = max(map(len, ALL)) + 2
    lines = [f"usage: {PROGRAM} COMMAND [arguments] [options]", "", DESCRIPTION]
    for title, commands in groups.items():
        lines += ["", f"{title}:"]
        lines += [f"  {command.name:{width}}{command.what}" for command in commands]
    return "\n".join([*lines, "", EXAMPLES])


def commas(text: str) -> list[str]:
    return text.split(",")


def anything(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not JSON: {error}") from None


def table(text: str) -> dict[str, Any]:
    value = anything(text)
    if not isinstance(value, dict):
        raise argparse.ArgumentTypeError(f"{text!r} is not a JSON object")
    return value


def pair(text: str) -> tuple[str, object]:
    """A number, true or false where it looks like one, else text."""
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    if value in ("true", "false"):
        return name, value == "true"
    digits = value.removeprefix("-")
    return name, int(value) if digits.isascii() and digits.isdigit() else value


def seconds(text: str) -> float:
    """rabbitmqctl's `infinity` is a year."""
    try:
        value = 365 * 86_400.0 if text == "infinity" else float(text)
    except ValueError:
        value = -1.0
    if not 0 < value <= 365 * 86_400:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds")
    return value


READERS: Final[Mapping[Kind, Callable[[str], Any]]] = {Kind.TABLE: table, Kind.JSON: anything}
