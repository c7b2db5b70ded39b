"""The arguments that a consumer may carry. Those that are not known have no effect."""

from __future__ import annotations

from leveret.broker.arguments import Arguments
from leveret.broker.equivalence import type_name
from leveret.broker.errors import PreconditionFailed

PRIORITY = "x-priority"
# What the engine compares; beyond, all are the highest or the lowest.
PRIORITY_MAX = 2**31 - 1


def priority_of(arguments: Arguments, *, resource: str) -> int:
    """Consumers of a lower priority are served while those of a higher one can take nothing.

    Raises PreconditionFailed if it is not a whole number.
    """
    value = arguments.get(PRIORITY, 0)
    if type(value) is not int:  # a bool is none, nor is a time
        reason = f"{{unacceptable_type,{type_name(value)}}}"
        raise PreconditionFailed(f"invalid arg '{PRIORITY}' for {resource}: {reason}")
    return max(-PRIORITY_MAX, min(value, PRIORITY_MAX))
