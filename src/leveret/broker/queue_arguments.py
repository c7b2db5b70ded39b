"""The arguments that a queue's declaration may carry.

When a queue is made they are checked, by RabbitMQ's rules and in its words; when it is declared
again, those are compared that classic queues know. Arguments that no type of queue knows are kept.

An argument that comes to be known is an entry in COMPARED, and in CHECKS if not everything goes.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from types import MappingProxyType
from typing import Final

from leveret.broker.argument_checks import (
    MILLISECONDS_MAX,
    Check,
    boolean,
    check_exchange_name,
    check_not_of_other_types,
    check_values,
    one_of,
    refuse,
    text,
    whole_number_in,
)
from leveret.broker.arguments import Arguments
from leveret.broker.equivalence import plain

TYPE: Final = "x-queue-type"
CLASSIC: Final = "classic"
DEAD_LETTER_EXCHANGE: Final = "x-dead-letter-exchange"
DEAD_LETTER_ROUTING_KEY: Final = "x-dead-letter-routing-key"
COMPARED: Final = (  # in the order in which RabbitMQ compares them: it names the first that differs
    "x-expires",
    "x-message-ttl",
    DEAD_LETTER_EXCHANGE,
    DEAD_LETTER_ROUTING_KEY,
    "x-max-length",
    "x-max-length-bytes",
    "x-max-priority",
    "x-overflow",
    "x-queue-mode",
    "x-queue-version",
    "x-single-active-consumer",
    TYPE,
    "x-queue-master-locator",
    "x-queue-leader-locator",
)
# What only quorum queues and streams understand: a classic queue that took it would not do it.
OF_OTHER_TYPES: Final = (
    "x-consumer-disconnected-timeout",
    "x-consumer-timeout",
    "x-dead-letter-strategy",
    "x-delayed-retry-max",
    "x-delayed-retry-min",
    "x-delayed-retry-type",
    "x-delivery-limit",
    "x-initial-cluster-size",
    "x-max-age",
    "x-quorum-initial-group-size",
    "x-stream-filter-size-bytes",
    "x-stream-max-segment-size-bytes",
)
OVERFLOWS: Final = ("drop-head", "reject-publish", "reject-publish-dlx")
LEADER_LOCATORS: Final = ("client-local", "balanced", "random", "least-leaders")
PRIORITY_MAX: Final = 255  # a message's priority is one byte


def queue_type(value: object) -> str | None:
    otherwise = f"\"unsupported queue type '{plain(value)}'\""
    return one_of((CLASSIC,), otherwise)(value)


def queue_version(value: object) -> str | None:
    """The first version, RabbitMQ dropped."""
    if type(value) is int and value >= 0 and value != 2:
        return f"\"unsupported queue version '{value}'\""
    return whole_number_in(0, inf)(value)


CHECKS: Final[Mapping[str, Check]] = MappingProxyType(
    {
        TYPE: queue_type,
        "x-expires": whole_number_in(
            1, MILLISECONDS_MAX, too_small="value_zero", too_large="value_too_large"
        ),
        "x-message-ttl": whole_number_in(0, MILLISECONDS_MAX, too_large="value_too_large"),
        DEAD_LETTER_ROUTING_KEY: text,
        "x-max-length": whole_number_in(0, inf),
        "x-max-length-bytes": whole_number_in(0, inf),
        "x-max-priority": whole_number_in(0, PRIORITY_MAX, too_large="max_value_exceeded"),
        "x-overflow": one_of(OVERFLOWS, "invalid_overflow"),
        "x-queue-version": queue_version,
        "x-single-active-consumer": boolean,
        "x-queue-leader-locator": one_of(LEADER_LOCATORS, "invalid_queue_locator_arg"),
    }
)


def check(arguments: Arguments, *, resource: str) -> None:
    """Raises PreconditionFailed for an argument that a classic queue cannot take."""
    check_exchange_name(arguments, DEAD_LETTER_EXCHANGE, resource=resource)
    check_values(arguments, CHECKS, resource=resource)
    if DEAD_LETTER_ROUTING_KEY in arguments and DEAD_LETTER_EXCHANGE not in arguments:
        refuse(DEAD_LETTER_ROUTING_KEY, "routing_key_but_no_dlx_defined", resource=resource)
    check_not_of_other_types(arguments, OF_OTHER_TYPES, resource=resource)
