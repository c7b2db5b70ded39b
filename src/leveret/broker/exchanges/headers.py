"""Headers: a message goes where its headers match the binding's arguments.

`x-match` says how many of the other arguments a message must have:

    all, or not there     each of them, but those that begin with x-
    any                   one of them, but those that begin with x-
    all-with-x            each of them
    any-with-x            one of them

A void argument is had by a message with any value under that name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from leveret.broker.arguments import Canonical, FrozenArguments, canonical
from leveret.broker.equivalence import as_term, type_name
from leveret.broker.errors import PreconditionFailed

if TYPE_CHECKING:
    from leveret.broker.binding import Binding, Destination
    from leveret.broker.message import Message

MATCH = "x-match"
MATCHES = ("all", "any", "all-with-x", "any-with-x")
IGNORED_PREFIX = "x-"
VOID = canonical(None)
NUMBERS = (canonical(0)[0], canonical(0.0)[0])


class Pattern(NamedTuple):
    """What a binding wants; the values as `canonical` makes them, as in a binding."""

    needs_all: bool
    fields: FrozenArguments

    def matches(self, headers: Mapping[str, Canonical]) -> bool:
        had = (is_had(value, headers.get(name)) for name, value in self.fields)
        return all(had) if self.needs_all else any(had)


class Headers:
    __slots__ = ("patterns",)

    by_content = True

    def __init__(self) -> None:
        self.patterns: dict[Binding, Pattern] = {}

    def bind(self, binding: Binding) -> None:
        self.patterns[binding] = pattern_of(binding.arguments)

    def unbind(self, binding: Binding) -> None:
        del self.patterns[binding]

    def destinations(self, message: Message) -> Iterable[Destination]:
        headers = {name: canonical(value) for name, value in message.headers.items()}
        return [
            binding.destination
            for binding, pattern in self.patterns.items()
            if pattern.matches(headers)
        ]

    def bindings(self) -> Iterable[Binding]:
        return self.patterns


def is_had(wanted: Canonical, value: Canonical | None) -> bool:
    """Whether a header's value is the wanted one; None: there is no such header."""
    if value is None:
        return False
    return wanted in (value, VOID) or are_equal_numbers(wanted, value)


def are_equal_numbers(one: Canonical, other: Canonical) -> bool:
    """Whole or not: among headers, 1 is 1.0."""
    return one[0] in NUMBERS and other[0] in NUMBERS and one[1] == other[1]


def pattern_of(arguments: FrozenArguments) -> Pattern:
    """Raises PreconditionFailed for an unknown kind of match."""
    match = kind_of_match(dict(arguments).get(MATCH, canonical(MATCHES[0])))
    with_x = match.endswith("-with-x")
    fields = tuple(
        (name, value)
        for name, value in arguments
        if name != MATCH and (with_x or not name.startswith(IGNORED_PREFIX))
    )
    return Pattern(match.startswith("all"), fields)


def kind_of_match(argument: Canonical) -> str:
    """Raises PreconditionFailed."""
    kind, value = argument
    if isinstance(value, str) and value in MATCHES:
        return value
    if isinstance(value, str):
        text = f"value {as_term(value)}; expected all, any, all-with-x, or any-with-x"
    else:
        name = kind if kind in ("array", "table") else type_name(value)
        text = f"type {name} (value {as_term(value)}); expected longstr"
    raise PreconditionFailed(f"Invalid x-match field {text}")
