"""A regular expression as a program that tries all ways at once (Thompson's).

    a(b|c)*      0 one a    1 either 2 or 7    2 either 3 or 5    3 one b    4 go to 1
                 5 one c    6 go to 1          7 found

At each place of the name it has the set of all steps where it may be; for the next character it
has another such set. So a name takes as long as it has characters, times the steps that there are,
whatever the expression.

What a single step is about (a character, a class, a place such as the end, or whether something
follows) `re` decides: there it has few ways.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, TypeAlias

STEPS_MAX: Final = 2000  # for 255 bytes they take some tenths of a second at the very most


class InvalidExpression(ValueError):
    """It cannot be used; the text says why."""


@dataclass(frozen=True, slots=True)
class Item:
    """One character, or, of `zero_width`, something about a place."""

    text: str
    zero_width: bool


@dataclass(frozen=True, slots=True)
class Sequence:
    parts: list[Node]


@dataclass(frozen=True, slots=True)
class Choice:
    parts: list[Node]


@dataclass(frozen=True, slots=True)
class Repeat:
    """`most` is None where it has no end."""

    part: Node
    least: int
    most: int | None


@dataclass(frozen=True, slots=True)
class Opaque:
    """What only `re` can do; `inner` is what is in it, if anything is."""

    text: str
    inner: Node | None


Node: TypeAlias = "Item | Sequence | Choice | Repeat | Opaque"

ONE: Final = 0  # a character that the pattern matches; then the next step
PLACE: Final = 1  # if the pattern matches here, the next step
EITHER: Final = 2  # both the one step and the other
FOUND: Final = 3


class Step:
    """`next` and `other` are numbers of steps."""

    __slots__ = ("kind", "next", "other", "pattern")

    def __init__(self, kind: int, pattern: re.Pattern[str] | None = None) -> None:
        self.kind = kind
        self.pattern = pattern
        self.next = 0
        self.other = 0


class Program:
    """Satisfies the protocol Expression of expression.py."""

    def __init__(self, node: Node, flags: str) -> None:
        """Raises InvalidExpression for one that cannot be, or is too large."""
        self.flags = flags
        self.steps: list[Step] = []
        self.patterns: dict[str, re.Pattern[str]] = {}
        self.compile(node)
        self.add(Step(FOUND))

    def search(self, name: str, /) -> object | None:
        current: set[int] = set()
        for place in range(len(name) + 1):
            if self.enter(0, current, name, place):
                return self
            following: set[int] = set()
            if place < len(name):
                for number in current:
                    step = self.steps[number]
                    if step.kind == ONE and matches(step, name, place):
                        if self.enter(step.next, following, name, place + 1):
                            return self
            current = following
        return None

    def enter(self, number: int, into: set[int], name: str, place: int) -> bool:
        """Adds a step and all that follow without a character. True: it is found."""
        work = [number]
        while work:
            number = work.pop()
            if number in into:
                continue
            into.add(number)
            step = self.steps[number]
            if step.kind == FOUND:
                return True
            if step.kind == EITHER:
                work += (step.next, step.other)
            elif step.kind == PLACE and matches(step, name, place):
                work.append(step.next)
        return False

    # From nodes to steps: each part ends where the next one begins

    def compile(self, node: Node) -> None:
        if isinstance(node, Item):
            self.add(Step(PLACE if node.zero_width else ONE, self.pattern(node.text)))
        elif isinstance(node, Sequence):
            for part in node.parts:
                self.compile(part)
        elif isinstance(node, Choice):
            self.compile_choice(node)
        elif isinstance(node, Repeat):
            self.compile_repeat(node)
        else:
            raise InvalidExpression("too many ways to match a name: it could take for ever")

    def compile_choice(self, node: Choice) -> None:
        ends = []
        for part in node.parts[:-1]:
            either = self.add(Step(EITHER))
            self.compile(part)
            ends.append(self.add(Step(EITHER)))
            either.other = len(self.steps)
        self.compile(node.parts[-1])
        for end in ends:
            end.next = end.other = len(self.steps)

    def compile_repeat(self, node: Repeat) -> None:
        for _ in range(node.least):
            self.compile(node.part)
        if node.most is None:
            number = len(self.steps)
            either = self.add(Step(EITHER))
            self.compile(node.part)
            back = self.add(Step(EITHER))
            back.next = back.other = number
            either.other = len(self.steps)
            return
        ways_out = []
        for _ in range(node.most - node.least):
            ways_out.append(self.add(Step(EITHER)))
            self.compile(node.part)
        for either in ways_out:
            either.other = len(self.steps)

    def add(self, step: Step) -> Step:
        """The step; the one that follows it is the next that is added."""
        if len(self.steps) >= STEPS_MAX:
            raise InvalidExpression(f"more than {STEPS_MAX} steps")
        self.steps.append(step)
        step.next = len(self.steps)
        return step

    def pattern(self, text: str) -> re.Pattern[str]:
        if text not in self.patterns:
            self.patterns[text] = re.compile(self.flags + text, re.ASCII)
        return self.patterns[text]


def matches(step: Step, name: str, place: int) -> bool:
    return step.pattern is not None and step.pattern.match(name, place) is not None
