"""Regular expressions that an administrator writes, and names are held against.

They are RabbitMQ's, which are Perl's, in what Python's `re` knows of these; POSIX classes, and the
end written as \\z, are rewritten.

`re` tries what is possible one way after the other, so some expressions take longer than anybody
can wait for a name of 255 bytes: (a+)+$ does. So the ways that an expression leaves open are
counted before it is taken, as the product of

    * + {1,}           as many as a name has bytes       ?  {2,5}         their number
    (a|b|c)            one for each alternative          no ^ in front    a name's bytes

Where they are few, `re` does it. Else all ways are tried at once (expression_program.py), which
takes longer for a name as a rule, but never long. What only `re` knows (back references, atomic
groups and such) is refused where there are too many ways.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from math import inf, prod
from types import MappingProxyType
from typing import Final, Protocol

from leveret.broker.expression_program import (
    Choice,
    InvalidExpression,
    Item,
    Node,
    Opaque,
    Program,
    Repeat,
    Sequence,
)

NAME_BYTES: Final = 256  # what a name has at the most, and the place behind it
WAYS_MAX: Final = 1 << 18  # a wildcard somewhere in a name, and a few choices: milliseconds
MANY: Final = 32  # repetitions of what leaves a choice: more ways than can be taken
REPEATS_MAX: Final = 1000  # in what is written with numbers, all of them multiplied
LENGTH_MAX: Final = 1024  # four names

POSIX_CLASSES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "alnum": "a-zA-Z0-9",
        "alpha": "a-zA-Z",
        "digit": "0-9",
        "lower": "a-z",
        "punct": r"!-/:-@\[-`{-~",
        "space": r"\s",
        "upper": "A-Z",
        "word": r"\w",
        "xdigit": "0-9a-fA-F",
    }
)
NOT_PYTHONS: Final = re.compile(r"\\(.)|\[:(\w+):\]", re.DOTALL)
FLAGS: Final = re.compile(r"\(\?[ims]+\)")
QUANTIFIER: Final = re.compile(r"([*+?])|\{(?!\})(\d*)(,?)(\d*)\}")
PLAIN_GROUP: Final = re.compile(r"\?:|\?P<\w+>|(?!\?)")
LOOK: Final = re.compile(r"\?<?[=!]")
ESCAPE: Final = re.compile(r"\\(?:x..|.)", re.DOTALL)
CLASS: Final = re.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)
ZERO_WIDTH: Final = ("^", "$", r"\A", r"\Z", r"\b", r"\B")


class Expression(Protocol):
    """`re.Pattern` is one."""

    def search(self, name: str, /) -> object | None:
        """None: the name does not match."""


def compiled(expression: str) -> Expression:
    """Raises InvalidExpression."""
    if len(expression) > LENGTH_MAX:
        raise InvalidExpression(f"longer than {LENGTH_MAX} characters")
    text = NOT_PYTHONS.sub(as_python_writes_it, expression)
    pattern = compiled_by_python(text)
    flags = found[0] if (found := FLAGS.match(text)) else ""
    try:
        node = Reading(text, at=len(flags)).alternatives()
        if ways(node) * (1 if is_anchored(node) else NAME_BYTES) <= WAYS_MAX:
            return pattern
        return Program(node, flags)
    except RecursionError:
        raise InvalidExpression("nested too deeply") from None


def compiled_by_python(text: str) -> re.Pattern[str]:
    """Raises InvalidExpression."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a class that may mean something else some day
            return re.compile(text, re.ASCII)
    except (re.error, OverflowError, RecursionError) as error:
        raise InvalidExpression(str(error)) from None


def as_python_writes_it(found: re.Match[str]) -> str:
    if found[2] is not None:
        return POSIX_CLASSES.get(found[2], found[0])
    return r"\Z" if found[1] == "z" else found[0]


def ways(node: Node) -> float:
    """How many ways it leaves open to match a name from one place on."""
    if isinstance(node, Item):
        return 1
    if isinstance(node, Opaque):
        return 1 if node.inner is None else ways(node.inner)
    if isinstance(node, Sequence):
        return prod(ways(part) for part in node.parts)
    if isinstance(node, Choice):
        return sum(ways(part) for part in node.parts)
    inner = ways(node.part)
    if node.most is None:
        return NAME_BYTES if inner == 1 else inf
    if inner > 1 and node.most > MANY:
        return inf
    return sum(inner**times for times in range(node.least, node.most + 1))


def is_anchored(node: Node) -> bool:
    """It can match at the beginning of a name only."""
    first = node.parts[0] if isinstance(node, Sequence) and node.parts else node
    return isinstance(first, Item) and first.text in ("^", r"\A")


class Reading:
    """Makes nodes of an expression. It is known to be one."""

    def __init__(self, text: str, *, at: int) -> None:
        self.text = text
        self.at = at
        self.repeats = 1

    def alternatives(self) -> Node:
        """Up to the end, or the ) that closes the group."""
        parts = [self.sequence()]
        while self.peek() == "|":
            self.at += 1
            parts.append(self.sequence())
        return parts[0] if len(parts) == 1 else Choice(parts)

    def sequence(self) -> Node:
        parts: list[Node] = []
        while self.at < len(self.text) and self.peek() not in "|)":
            parts.append(self.item())
        return Sequence(parts)

    def item(self) -> Node:
        start = self.at
        node = self.group() if self.peek() == "(" else self.atom()
        while found := QUANTIFIER.match(self.text, self.at):
            self.at = found.end()
            node = self.repeated(node, found)
            if self.peek() == "?":  # as few as possible, which makes no difference here
                self.at += 1
            elif self.peek() == "+":
                self.at += 1
                node = Opaque(self.text[start : self.at], node)
        return node

    def atom(self) -> Node:
        found = ESCAPE.match(self.text, self.at) or CLASS.match(self.text, self.at)
        text = found[0] if found else self.peek()
        self.at += len(text)
        if text[0] == "\\" and text[1] in "123456789":
            return Opaque(text, None)
        return Item(text, text in ZERO_WIDTH)

    def group(self) -> Node:
        start = self.at
        self.at += 1
        if found := PLAIN_GROUP.match(self.text, self.at):
            self.at = found.end()
            node = self.alternatives()
            self.at += 1
            return node
        look = LOOK.match(self.text, self.at)
        self.at = look.end() if look else self.inside_of_odd_group()
        if self.text[self.at - 1] == ")":
            return Opaque(self.text[start : self.at], None)
        inner = self.alternatives()
        self.at += 1
        text = self.text[start : self.at]
        if look and ways(inner) <= NAME_BYTES:
            return Item(text, True)
        return Opaque(text, inner)

    def inside_of_odd_group(self) -> int:
        """Where alternatives begin in one that begins with (? and is none of the common ones."""
        found = ODD_GROUP.match(self.text, self.at)
        return found.end() if found else self.at + 1

    def repeated(self, node: Node, found: re.Match[str]) -> Node:
        sign, least, comma, most = found.groups()
        if sign == "?":
            return Repeat(node, 0, 1)
        if sign:
            return Repeat(node, int(sign == "+"), None)
        last = most if comma else least
        self.count_repeats(int(last or least or 0))
        return Repeat(node, int(least or 0), int(last) if last else None)

    def count_repeats(self, count: int) -> None:
        self.repeats *= max(1, count)
        if self.repeats > REPEATS_MAX:
            raise InvalidExpression(f"more than {REPEATS_MAX} repetitions")

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]


# Flags for a part, atomic groups, conditions; references and comments, which end with their ).
ODD_GROUP: Final = re.compile(r"\?(?:[aiLmsux-]+:|>|\(\w+\)|P=\w+\)|#[^)]*\))")
