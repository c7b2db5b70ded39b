"""Arguments of declarations and bindings, and when two of them are the same.

Values are what a protocol's reader makes of a field table: bool, int, float, str, bytes, None,
lists and dicts of these, and hashable objects for the rest (times, decimals). Two values are the
same if they are of one class and equal. All whole numbers are one class, however wide they were
on the wire; text and bytes are one class; True is not 1, and 1 is not 1.0.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeAlias

Arguments: TypeAlias = Mapping[str, object]
Canonical: TypeAlias = tuple[str, object]  # a value's class, and what it is compared by
FrozenArguments: TypeAlias = tuple[tuple[str, Canonical], ...]

NO_ARGUMENTS: Arguments = MappingProxyType({})


def freeze(arguments: Arguments) -> FrozenArguments:
    """A hashable value that two sets of arguments share if they are the same."""
    return tuple((name, canonical(arguments[name])) for name in sorted(arguments))


def canonical(value: object) -> Canonical:
    """A hashable value that two argument values share if they are the same."""
    if isinstance(value, bool):
        return ("bool", value)
    if isinstance(value, int):
        return ("int", value)
    if isinstance(value, str):
        return ("str", value)
    if isinstance(value, bytes):
        return ("str", value.decode("utf-8", "surrogateescape"))
    if isinstance(value, list):
        return ("array", tuple(canonical(item) for item in value))
    if isinstance(value, dict):
        return ("table", freeze(value))
    return (type(value).__name__, value)
