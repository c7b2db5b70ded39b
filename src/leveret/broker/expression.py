"""Regular expressions that an administrator writes, and names are held against.

They are RabbitMQ's, which are Perl's, matched by Python's `re`: what both know is written alike,
and what Perl alone has of it (POSIX classes, the end as \\z) is rewritten.

`re` tries what is possible one way after the other, so some expressions take longer than anybody
can wait for a name of 255 bytes: (a+)+$ does. Nobody means them. So the ways that an expression
leaves open are counted before it is taken, as the product of

    * + {1,}           as many as a name has bytes       ?  {2,5}         their number
    (a|b|c)            one for each alternative          no ^ in front    a name's bytes

and above a limit, or where what repeats without end leaves ways open itself, it is refused.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from math import inf
from types import MappingProxyType
from typing import Final

NAME_BYTES: Final = 256  # what a name has at the most, and the place behind it
WAYS_MAX: Final = 1 << 24  # two wildcards somewhere in a name: some hundredths of a second
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
QUANTIFIER: Final = re.compile(r"([*+?])|\{(\d*)(,?)(\d*)\}")
GROUP: Final = re.compile(r"\?(?:[aiLmsux-]+:|P<\w+>|P=\w+\)|#[^)]*\)|<?[=!:]|>|\(\w+\)|[a-z]+\))")
CLASS: Final = re.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)


class InvalidExpression(ValueError):
    """It cannot be used; the text says why."""


def compiled(expression: str) -> re.Pattern[str]:
    """What search() finds in a name that matches. Raises InvalidExpression."""
    if len(expression) > LENGTH_MAX:
        raise InvalidExpression(f"longer than {LENGTH_MAX} characters")
    text = NOT_PYTHONS.sub(as_python_writes_it, expression)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a class that may mean something else some day
            pattern = re.compile(text, re.ASCII)
    except (re.error, OverflowError, RecursionError) as error:
        raise InvalidExpression(str(error)) from None
    if Reading(text).ways() > WAYS_MAX:
        raise InvalidExpression("too many ways to match a name: it could take for ever")
    return pattern


def as_python_writes_it(found: re.Match[str]) -> str:
    if found[2] is not None:
        return POSIX_CLASSES.get(found[2], found[0])
    return r"\Z" if found[1] == "z" else found[0]


class Reading:
    """Counts the ways that an expression leaves open. It is known to be one."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.repeats = 1

    def ways(self) -> float:
        anchored = self.text.startswith(("^", r"\A")) and self.has_one_branch()
        return self.alternatives() * (1 if anchored else NAME_BYTES)

    def has_one_branch(self) -> bool:
        """As far as a glance tells: a | outside of all groups would begin another."""
        depth = 0
        for character in CLASS.sub("", re.sub(r"\\.", "", self.text)):
            depth += (character == "(") - (character == ")")
            if character == "|" and depth == 0:
                return False
        return True

    def alternatives(self) -> float:
        """Up to the end, or the ) that closes the group."""
        ways: float = 0
        while True:
            ways += self.sequence()
            if self.peek() != "|":
                return ways
            self.at += 1

    def sequence(self) -> float:
        ways: float = 1
        while self.at < len(self.text) and self.peek() not in "|)":
            ways *= self.item()
        return ways

    def item(self) -> float:
        ways = self.atom()
        while found := QUANTIFIER.match(self.text, self.at):
            self.at = found.end()
            ways = self.repeated(ways, found)
            if self.peek() in ("?", "+"):  # as few as possible, or without a second thought
                self.at += 1
        return ways

    def atom(self) -> float:
        if self.peek() == "(":
            return self.group()
        if self.peek() == "\\":
            self.at += 2
        elif found := CLASS.match(self.text, self.at):
            self.at = found.end()
        else:
            self.at += 1
        return 1

    def group(self) -> float:
        self.at += 1
        if found := GROUP.match(self.text, self.at):
            self.at = found.end()
            if found[0].endswith(")"):  # flags, a comment, what was found before
                if not found[0].startswith("?("):
                    return 1
        ways = self.alternatives()
        self.at += 1
        return ways

    def repeated(self, ways: float, found: re.Match[str]) -> float:
        sign, least, comma, most = found.groups()
        if sign == "?":
            return 1 + ways
        if sign or (comma and not most):
            self.count_repeats(int(least or 0))
            return NAME_BYTES if ways == 1 else inf
        last = int(most if comma else least or 0)
        self.count_repeats(last)
        times = last - int(least or 0) + 1
        return inf if last * (ways - 1) > WAYS_MAX else ways**last * times

    def count_repeats(self, count: int) -> None:
        self.repeats *= max(1, count)
        if self.repeats > REPEATS_MAX:
            raise InvalidExpression(f"more than {REPEATS_MAX} repetitions")

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]
