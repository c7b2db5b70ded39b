"""The arguments that a consumer may carry. Those that no type of queue knows have no effect."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from types import MappingProxyType
from typing import Final

from leveret.broker.argument_checks import (
    Check,
    check_not_of_other_types,
    check_values,
    whole_number,
    whole_number_in,
)
from leveret.broker.arguments import Arguments
from leveret.broker.queue_settings import CLASSIC, QUORUM

PRIORITY: Final = "x-priority"
# What the engine compares; beyond, all are the highest or the lowest.
PRIORITY_MAX: Final = 2**31 - 1
TIMEOUT: Final = "x-consumer-timeout"
CHECKS: Final[Mapping[str, Check]] = MappingProxyType({PRIORITY: whole_number})
CHECKS_OF_QUORUM: Final[Mapping[str, Check]] = MappingProxyType({TIMEOUT: whole_number_in(0, inf)})
OF_STREAMS: Final = (
    "x-stream-filter",
    "x-stream-match-unfiltered",
    "x-stream-offset",
)


def check(arguments: Arguments, *, kind: str = CLASSIC, resource: str) -> None:
    """Raises PreconditionFailed for an argument that a consumer of this type cannot have."""
    check_values(arguments, CHECKS, resource=resource)
    others: tuple[str, ...] = OF_STREAMS
    if kind == QUORUM:
        check_values(arguments, CHECKS_OF_QUORUM, resource=resource)
    else:
        others = (TIMEOUT, *OF_STREAMS)
    check_not_of_other_types(arguments, others, kind=kind, resource=resource)


def priority_of(arguments: Arguments) -> int:
    """Consumers of a lower priority are served while those of a higher one can take nothing.

    For arguments that were checked.
    """
    value = arguments.get(PRIORITY, 0)
    return max(-PRIORITY_MAX, min(value, PRIORITY_MAX)) if isinstance(value, int) else 0
