"""What a method's handler returns: a reply, none, or that what it began is not done yet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

from leveret.engine.chores import Chore
from leveret.wire.amqp091.methods import Method


class Unfinished(NamedTuple):
    """`reply` makes the reply when the chores are done, which may be now."""

    chores: Sequence[Chore]
    reply: Callable[[], Method | None]


Outcome: TypeAlias = Method | Unfinished | None


def after(chore: Chore | None, reply: Method | None) -> Outcome:
    """The reply, if there is nothing left to be done before it."""
    return reply if chore is None or chore.done else Unfinished([chore], lambda: reply)
