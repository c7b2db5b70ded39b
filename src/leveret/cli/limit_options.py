"""The options of `leveret serve` that set limits, made from their declarations."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import fields
from functools import partial
from typing import Final, TypeVar

from leveret.cli.duration import parse_duration, show_duration
from leveret.cli.size import parse_size, show_size
from leveret.limits import AUTOMATIC, SETTABLE, Group, Limit, Unit

T = TypeVar("T")


def add_limit_options(parser: argparse.ArgumentParser) -> None:
    """In groups, so that the help stays readable."""
    for group in Group:
        section = parser.add_argument_group(group.value)
        for limit in SETTABLE:
            if limit.group is group:
                section.add_argument(
                    limit.flag,
                    dest=limit.name,
                    metavar=METAVARS[limit.unit],
                    type=partial(parse, limit),
                    default=AUTOMATIC if limit.default_text else limit.default,
                    help=f"{limit.what} (default: {show_default(limit)})",
                )


def values_for(made: type[T], arguments: argparse.Namespace) -> dict[str, int]:
    """The limits among the fields of a dataclass, as the command line has them."""
    names = {limit.name for limit in SETTABLE}
    return {
        field.name: getattr(arguments, field.name)
        for field in fields(made)  # type: ignore[arg-type]  # whichever dataclass it is
        if field.name in names
    }


def parse(limit: Limit, text: str) -> int:
    """The number that `text` stands for. Raises ArgumentTypeError, whose text is for the user."""
    try:
        value = PARSERS[limit.unit](text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    if not limit.least <= value <= limit.most:
        least, most = show(limit, limit.least), show(limit, limit.most)
        raise argparse.ArgumentTypeError(f"{text} is not between {least} and {most}")
    return value


def parse_count(text: str) -> int:
    """Raises ValueError, whose text is for the user."""
    digits = text.strip().replace(",", "").replace("_", "")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= DIGITS_MAX):
        raise ValueError(f"{text!r} is not a number: write 1000 or 1,000")
    return int(digits)


def parse_seconds(text: str) -> int:
    """Raises ValueError, whose text is for the user."""
    milliseconds = parse_duration(text)
    if milliseconds % 1_000:
        raise ValueError(f"{text!r} is not a number of whole seconds")
    return milliseconds // 1_000


def show(limit: Limit, value: int) -> str:
    """As an operator would write it."""
    return SHOWN[limit.unit](value)


def show_default(limit: Limit) -> str:
    return limit.default_text or show(limit, limit.default)


DIGITS_MAX: Final = 15
METAVARS: Final[Mapping[Unit, str]] = {
    Unit.COUNT: "N",
    Unit.BYTES: "SIZE",
    Unit.MILLISECONDS: "TIME",
    Unit.SECONDS: "TIME",
}
PARSERS: Final[Mapping[Unit, Callable[[str], int]]] = {
    Unit.COUNT: parse_count,
    Unit.BYTES: parse_size,
    Unit.MILLISECONDS: parse_duration,
    Unit.SECONDS: parse_seconds,
}
SHOWN: Final[Mapping[Unit, Callable[[int], str]]] = {
    Unit.COUNT: lambda value: f"{value:,}",
    Unit.BYTES: show_size,
    Unit.MILLISECONDS: show_duration,
    Unit.SECONDS: lambda value: show_duration(1_000 * value),
}
