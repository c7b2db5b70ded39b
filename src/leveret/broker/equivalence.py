"""Declaring again what exists: it must be the same, and RabbitMQ's words say what is not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import NoReturn

from leveret.broker.arguments import Arguments, canonical
from leveret.broker.errors import PreconditionFailed

SIGNED_INT_MAX = 2**31 - 1
TYPE_NAMES: Mapping[type, str] = MappingProxyType(
    {
        bool: "bool",
        float: "double",
        str: "longstr",
        bytes: "binary",
        list: "array",
        dict: "table",
        type(None): "void",
    }
)
MEANT_BY_NONE: Mapping[str, object] = MappingProxyType({"x-queue-type": "classic"})


def check_field(name: str, *, current: bool | str, received: bool | str, resource: str) -> None:
    """Raises PreconditionFailed if a field of the declaration differs."""
    if received != current:
        refuse(name, current=quoted(current), received=quoted(received), resource=resource)


def check_arguments(
    names: Iterable[str], *, current: Arguments, received: Arguments, resource: str
) -> None:
    """Raises PreconditionFailed for the first of the named arguments that differs."""
    for name in names:
        mine, theirs = current.get(name), received.get(name)
        if mine is theirs or same(name, mine, theirs):
            continue
        describe = quoted if mine is not None and theirs is not None else typed
        refuse(name, current=describe(mine), received=describe(theirs), resource=resource)


def same(name: str, mine: object, theirs: object) -> bool:
    default = MEANT_BY_NONE.get(name)
    return canonical(default if mine is None else mine) == canonical(
        default if theirs is None else theirs
    )


def refuse(name: str, *, current: str, received: str, resource: str) -> NoReturn:
    raise PreconditionFailed(
        f"inequivalent arg '{name}' for {resource}: received {received} but current is {current}"
    )


def quoted(value: object) -> str:
    return f"'{plain(value)}'"


def typed(value: object) -> str:
    if value is None:
        return "none"
    return f"the value '{plain(value)}' of type '{type_name(value)}'"


def plain(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    return str(value)


def as_term(value: object) -> str:
    """The value as RabbitMQ prints it where a text says what it did not expect."""
    if isinstance(value, str | bytes):
        return f'<<"{plain(value)}">>' if value else "<<>>"
    return "undefined" if value is None else plain(value)


def type_name(value: object) -> str:
    """RabbitMQ's name of the wire type; of the whole numbers', the one that clients choose."""
    if type(value) is int:
        return "signedint" if -SIGNED_INT_MAX - 1 <= value <= SIGNED_INT_MAX else "long"
    return TYPE_NAMES.get(type(value)) or type(value).__name__.lower()
