"""What the value of an argument may be, and how RabbitMQ says that it may not.

A check is a function that gives what is wrong with a value, in the words that stand in the
refusal, or None.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final, NoReturn, TypeAlias

from leveret.broker.arguments import Arguments
from leveret.broker.equivalence import plain, type_name
from leveret.broker.errors import PreconditionFailed

Check: TypeAlias = Callable[[object], str | None]

MILLISECONDS_MAX: Final = 2**32 - 1  # seven weeks; RabbitMQ's timers count no further


def check_values(arguments: Arguments, checks: Mapping[str, Check], *, resource: str) -> None:
    """Raises PreconditionFailed for the first argument that its check refuses."""
    for name, check in checks.items():
        if name in arguments and (reason := check(arguments[name])) is not None:
            refuse(name, reason, resource=resource)


def check_not_of_other_types(
    arguments: Arguments, names: Iterable[str], *, kind: str = "classic", resource: str
) -> None:
    """Raises PreconditionFailed for an argument that only other types of queue understand."""
    for name in names:
        if name in arguments:
            raise PreconditionFailed(
                f"invalid arg '{name}' for {resource} of queue type rabbit_{kind}_queue"
            )


def check_exchange_name(arguments: Arguments, name: str, *, resource: str) -> None:
    """Raises PreconditionFailed if the argument is there and not text."""
    if name in arguments and not isinstance(arguments[name], str):
        kind = type_name(arguments[name])
        raise PreconditionFailed(f"invalid type '{kind}' for arg '{name}' in {resource}")


def refuse(name: str, reason: str, *, resource: str) -> NoReturn:
    raise PreconditionFailed(f"invalid arg '{name}' for {resource}: {reason}")


def whole_number(value: object) -> str | None:
    if type(value) is int:  # a bool is none, nor is a time
        return None
    return f'"expected integer, got {type_name(value)}"'


def whole_number_in(
    least: int, most: float, *, too_small: str = "value_negative", too_large: str = ""
) -> Check:
    """`too_small` and `too_large` are RabbitMQ's words for what is out of these bounds."""

    def check(value: object) -> str | None:
        if type(value) is not int:
            return whole_number(value)
        if value < 0:
            return f"{{value_negative,{value}}}"
        if value < least:
            return f"{{{too_small},{value}}}"
        return f"{{{too_large},{value}}}" if value > most else None

    return check


def boolean(value: object) -> str | None:
    return None if isinstance(value, bool) else unacceptable_type(value)


def text(value: object) -> str | None:
    return None if isinstance(value, str | bytes) else unacceptable_type(value)


def one_of(words: Iterable[str], otherwise: str) -> Check:
    def check(value: object) -> str | None:
        return text(value) or (None if plain(value) in words else otherwise)

    return check


def unacceptable_type(value: object) -> str:
    return f"{{unacceptable_type,{type_name(value)}}}"
