"""A command: a name, its arguments, its columns if it lists something, and the function.

    request:  name, arguments by name, names of columns     what a socket, or an URL, has of it
    outcome:  Answer(value, chore, steps) done, or when the steps are taken and the chore is done
              Listing(columns, rows)      rows one by one, each in plain values, or None

Functions take a Context and their arguments, and return plain values: what JSON knows. A listing's
function is a generator: it yields what its columns' functions take, or None for a step that has
found nothing, so that whoever reads can do something else after some of either.

Nothing here trusts a request: arguments that are unknown, missing or of the wrong kind are refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from enum import Enum
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple, TypeAlias

from leveret.broker.argument_values import JsonValue
from leveret.broker.errors import BrokerError
from leveret.broker.names import encoded

if TYPE_CHECKING:
    from leveret.broker.commands.node import Node
    from leveret.engine.chores import Chore


class WrongUsage(BrokerError):
    """The request makes no sense; the text says what would."""

    kind: ClassVar[str] = "wrong_usage"


class Kind(Enum):
    """What an argument is. The values say it in a refusal."""

    NAME = "a text of up to 255 bytes"
    TEXT = "text"
    FLAG = "true or false"
    COUNT = "a whole number"
    TABLE = "an object"
    JSON = "anything"
    WORDS = "an array of texts"
    SECRET = "a text that nobody should see"


NAME_BYTES_MAX: Final = 255
"""What AMQP has room for, of everything that has a name."""
REQUIRED: Final = object()
VIRTUAL_HOST_DEFAULT: Final = "/"


class Argument(NamedTuple):
    """`option` is how a command line has it ("--if-empty"); without, it is given by its place."""

    name: str
    what: str
    kind: Kind = Kind.TEXT
    default: object = REQUIRED
    option: str = ""
    choices: tuple[str, ...] = ()


class Column(NamedTuple):
    """`value` gives the plain value of a row."""

    name: str
    what: str
    value: Callable[[Any], JsonValue]


class Command(NamedTuple):
    """`changes`: it is done when what it changed is durable. `shown`: the columns, unless others
    are asked for; with none, it lists nothing. `asks`: it does nothing. `example` is what follows
    its name."""

    name: str
    what: str
    run: Callable[..., Any]
    arguments: tuple[Argument, ...] = ()
    columns: tuple[Column, ...] = ()
    shown: tuple[str, ...] = ()
    changes: bool = False
    asks: bool = False
    example: str = ""

    @property
    def is_told(self) -> bool:
        """Whether the log is to have it: it does something."""
        return not self.asks and not self.columns


class Answer(NamedTuple):
    """`value` makes the reply when all steps have been taken and the chore is done."""

    value: Callable[[], JsonValue]
    chore: Chore | None = None
    steps: Iterable[None] = ()


class Listing(NamedTuple):
    """The names of the columns, and the rows; None where a step has found none."""

    columns: tuple[str, ...]
    rows: Iterator[list[JsonValue] | None]


Outcome: TypeAlias = Answer | Listing

VIRTUAL_HOST: Final = Argument(
    "vhost", "the virtual host", Kind.NAME, VIRTUAL_HOST_DEFAULT, option="--vhost"
)


def perform(
    commands: Mapping[str, Command],
    node: Node,
    name: str,
    arguments: Mapping[str, object],
    columns: Sequence[str] = (),
) -> tuple[Command, Outcome]:
    """Runs the command of that name. Raises WrongUsage, and what the command does."""
    command = commands.get(name)
    if command is None:
        raise unknown("command", name, commands)
    values = check_arguments(command, arguments)
    if not command.columns:
        if columns:
            raise WrongUsage(f"{name} has no columns")
        result = command.run(node, **values)
        return command, result if isinstance(result, Answer) else Answer(lambda: result)
    chosen = choose_columns(command, columns)
    rows = pick(command.run(node, **values), chosen)
    return command, Listing(tuple(column.name for column in chosen), rows)


def check_arguments(command: Command, given: Mapping[str, object]) -> dict[str, object]:
    """All arguments of the command, by name. Raises WrongUsage."""
    known = {argument.name: argument for argument in command.arguments}
    for name in given:
        if name not in known:
            raise unknown(f"argument of {command.name}", name, known)
    values: dict[str, object] = {}
    for argument in command.arguments:
        value = given.get(argument.name, argument.default)
        if value is REQUIRED:
            raise WrongUsage(f"{command.name} needs {argument.name}: {argument.what}")
        if argument.name in given:
            check_argument(command, argument, value)
        values[argument.name] = value
    return values


def check_argument(command: Command, argument: Argument, value: object) -> None:
    if value is None and argument.default is None:
        return
    if not fits(argument.kind, value):
        raise WrongUsage(f"{argument.name} of {command.name} is {argument.kind.value}")
    if argument.choices and value not in argument.choices:
        raise unknown(argument.name, str(value), argument.choices)


def fits(kind: Kind, value: object) -> bool:
    if kind is Kind.NAME:
        size = text_bytes(value)
        return size is not None and size <= NAME_BYTES_MAX
    if kind in (Kind.TEXT, Kind.SECRET):
        return text_bytes(value) is not None
    if kind is Kind.WORDS:
        return isinstance(value, list | tuple) and None not in map(text_bytes, value)
    if kind is Kind.FLAG:
        return isinstance(value, bool)
    if kind is Kind.JSON:
        return True
    if kind is Kind.COUNT:
        return type(value) is int
    return isinstance(value, dict)


def text_bytes(value: object) -> int | None:
    """How many bytes a text has in UTF-8, with some that are none; None if it is no such text."""
    if not isinstance(value, str):
        return None
    try:
        return len(encoded(value))
    except UnicodeEncodeError:
        return None


def shown_arguments(command: Command, given: Mapping[str, object]) -> str:
    """For the log: no secrets, and nothing long."""
    short = (
        f"{argument.name}={given[argument.name]!r}"
        for argument in command.arguments
        if argument.name in given and argument.kind in (Kind.NAME, Kind.TEXT, Kind.FLAG, Kind.COUNT)
    )
    return " ".join(short)


def choose_columns(command: Command, names: Sequence[str]) -> list[Column]:
    """Those of these names, or those that are shown if there are none. Raises WrongUsage."""
    known = {column.name: column for column in command.columns}
    chosen = []
    for name in names or command.shown:
        column = known.get(name)
        if column is None:
            raise unknown(f"column of {command.name}", name, known)
        chosen.append(column)
    return chosen


def pick(rows: Iterable[Any], columns: Sequence[Column]) -> Iterator[list[JsonValue] | None]:
    """The columns' values of each row."""
    values = [column.value for column in columns]
    for row in rows:
        yield None if row is None else [value(row) for value in values]


def show(columns: Sequence[Column], row: object) -> dict[str, JsonValue]:
    """All that there is to know of one row."""
    return {column.name: column.value(row) for column in columns}


def unknown(what: str, word: str, known: Iterable[str]) -> WrongUsage:
    """What is raised for a word that is not known: it names the nearest, or else all."""
    names = list(known)
    near = get_close_matches(word, names, n=1)
    if near:
        hint = f"did you mean {near[0]}?"
    else:
        hint = f"there are: {', '.join(names)}" if names else "there are none"
    return WrongUsage(f"unknown {what} {word!r}: {hint}")
