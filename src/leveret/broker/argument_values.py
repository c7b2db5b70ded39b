"""Arguments as JSON, and back, with the classes that JSON lacks.

    text, bool, whole number, float, None     as they are; infinities and NaN as Python writes them
    array, table                              as they are
    bytes                                     {"!bytes": "base64"}
    another class                             {"!Timestamp": 1700000000}, {"!Decimal": [2, 995]}
    a table with a name that begins with !    {"!table": {...}}

Other classes are those of a protocol's field tables: an int or a tuple with a name of its own.
Who reads arguments back brings them, by name.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from typing import TypeAlias

from leveret.broker.arguments import Arguments, Canonical, FrozenArguments

JsonValue: TypeAlias = "bool | int | float | str | list[JsonValue] | Mapping[str, JsonValue] | None"
Classes: TypeAlias = Mapping[str, Callable[..., object]]

MARK = "!"
BYTES = "!bytes"
TABLE = "!table"


class UnknownClass(Exception):
    """A value is of a class that nobody brought."""


def dump_arguments(arguments: Arguments) -> dict[str, JsonValue]:
    """What load_arguments() makes the same arguments of. TypeError for what is no argument."""
    return {name: dump_value(value) for name, value in arguments.items()}


def dump_value(value: object) -> JsonValue:
    kind = type(value)
    if value is None or kind in (bool, int, float, str):
        return value  # type: ignore[return-value]  # as just checked
    if isinstance(value, bytes):
        return {BYTES: b64encode(value).decode("ascii")}
    if kind is list:
        return [dump_value(item) for item in value]  # type: ignore[attr-defined]  # a list
    if isinstance(value, Mapping):
        table = dump_arguments(value)
        return {TABLE: table} if any(name.startswith(MARK) for name in table) else table
    if isinstance(value, int):
        return {MARK + kind.__name__: int(value)}
    if isinstance(value, tuple):
        return {MARK + kind.__name__: [dump_value(item) for item in value]}
    raise TypeError(f"not an argument: {kind.__name__}")


def load_arguments(dumped: Mapping[str, JsonValue], classes: Classes) -> dict[str, object]:
    """Raises UnknownClass."""
    return {name: load_value(value, classes) for name, value in dumped.items()}


def load_value(dumped: JsonValue, classes: Classes) -> object:
    if isinstance(dumped, list):
        return [load_value(item, classes) for item in dumped]
    if not isinstance(dumped, Mapping):
        return dumped
    if len(dumped) != 1 or not next(iter(dumped)).startswith(MARK):
        return load_arguments(dumped, classes)
    ((mark, value),) = dumped.items()
    if mark == BYTES and isinstance(value, str):
        return b64decode(value)
    if mark == TABLE and isinstance(value, Mapping):
        return load_arguments(value, classes)
    return load_object(mark.removeprefix(MARK), value, classes)


def load_object(name: str, value: JsonValue, classes: Classes) -> object:
    make = classes.get(name)
    if make is None:
        raise UnknownClass(name)
    if isinstance(value, list):
        return make(*(load_value(item, classes) for item in value))
    return make(value)


def dump_frozen(arguments: FrozenArguments) -> str:
    """The text of frozen arguments: the same for all that are the same, "" for none."""
    if not arguments:
        return ""
    dumped = dump_arguments(thaw(arguments))
    return json.dumps(dumped, sort_keys=True, separators=(",", ":"))


def load_frozen(text: str, classes: Classes) -> dict[str, object]:
    """Arguments that freeze to what dump_frozen() was given. Raises UnknownClass."""
    return load_arguments(json.loads(text), classes) if text else {}


def thaw(arguments: FrozenArguments) -> dict[str, object]:
    """Arguments that freeze to these."""
    return {name: thaw_value(value) for name, value in arguments}


def thaw_value(frozen: Canonical) -> object:
    kind, value = frozen
    if kind == "array":
        return [thaw_value(item) for item in value]  # type: ignore[attr-defined]  # canonical()
    if kind == "table":
        return thaw(value)  # type: ignore[arg-type]  # what canonical() made of a table
    return value
