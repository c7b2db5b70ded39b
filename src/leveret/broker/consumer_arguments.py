"""The arguments that a consumer may carry. Those that no type of queue knows have no effect."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from leveret.broker.argument_checks import (
    Check,
    check_not_of_other_types,
    check_values,
    whole_number,
)
from leveret.broker.arguments import Arguments

PRIORITY: Final = "x-priority"
# What the engine compares; beyond, all are the highest or the lowest.
PRIORITY_MAX: Final = 2**31 - 1
CHECKS: Final[Mapping[str, Check]] = MappingProxyType({PRIORITY: whole_number})
OF_OTHER_TYPES: Final = (
    "x-consumer-timeout",
    "x-stream-filter",
    "x-stream-match-unfiltered",
    "x-stream-offset",
)


def check(arguments: Arguments, *, resource: str) -> None:
    """Raises PreconditionFailed for an argument that a consumer of a classic queue cannot have."""
    check_values(arguments, CHECKS, resource=resource)
    check_not_of_other_types(arguments, OF_OTHER_TYPES, resource=resource)


def priority_of(arguments: Arguments) -> int:
    """Consumers of a lower priority are served while those of a higher one can take nothing.

    For arguments that were checked.
    """
    value = arguments.get(PRIORITY, 0)
    return max(-PRIORITY_MAX, min(value, PRIORITY_MAX)) if isinstance(value, int) else 0
