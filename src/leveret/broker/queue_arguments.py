"""The arguments that a queue's declaration may carry.

When a queue is made they are checked, by RabbitMQ's rules and in its words; when it is declared
again, those are compared that its type knows. Arguments that no type of queue knows are kept.

An argument that comes to be known is an entry in COMPARED, and in CHECKS if not everything goes;
what it does, it says in queue_settings.py.
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
    whole_number,
    whole_number_in,
)
from leveret.broker.arguments import Arguments
from leveret.broker.equivalence import plain
from leveret.broker.errors import PreconditionFailed
from leveret.broker.queue_settings import CLASSIC, QUORUM, REJECT_PUBLISH_DLX

TYPE: Final = "x-queue-type"
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
COMPARED_OF_QUORUM: Final = (  # beside those that both types know
    "x-consumer-timeout",
    "x-dead-letter-strategy",
    "x-delivery-limit",
    "x-quorum-initial-group-size",
)
# What only other types understand: a queue that took it would not do it.
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
NOT_OF_QUORUM: Final = (
    "x-consumer-disconnected-timeout",
    "x-delayed-retry-max",
    "x-delayed-retry-min",
    "x-delayed-retry-type",
    "x-initial-cluster-size",
    "x-max-age",
    "x-max-priority",
    "x-queue-mode",
    "x-queue-version",
    "x-stream-filter-size-bytes",
    "x-stream-max-segment-size-bytes",
)
OVERFLOWS: Final = ("drop-head", "reject-publish", "reject-publish-dlx")
LEADER_LOCATORS: Final = ("client-local", "balanced", "random", "least-leaders")
PRIORITY_MAX: Final = 255  # a message's priority is one byte


def queue_type(value: object) -> str | None:
    otherwise = f"\"unsupported queue type '{plain(value)}'\""
    return one_of((CLASSIC, QUORUM), otherwise)(value)


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


CHECKS_OF_QUORUM: Final[Mapping[str, Check]] = MappingProxyType(
    {
        "x-consumer-timeout": whole_number_in(0, inf),
        "x-dead-letter-strategy": one_of(("at-most-once",), "unsupported_dead_letter_strategy"),
        "x-delivery-limit": whole_number,
        "x-quorum-initial-group-size": whole_number_in(1, inf, too_small="value_zero"),
    }
)


def type_of(arguments: Arguments) -> str:
    """For arguments that were checked, or may be found wanting yet."""
    return plain(arguments.get(TYPE, CLASSIC))


def check(arguments: Arguments, *, resource: str) -> None:
    """Raises PreconditionFailed for an argument that a queue of its type cannot take."""
    check_exchange_name(arguments, DEAD_LETTER_EXCHANGE, resource=resource)
    check_values(arguments, CHECKS, resource=resource)
    is_quorum = type_of(arguments) == QUORUM
    if is_quorum:
        check_values(arguments, CHECKS_OF_QUORUM, resource=resource)
        if plain(arguments.get("x-overflow", "")) == REJECT_PUBLISH_DLX:
            refuse("x-overflow", "invalid_overflow", resource=resource)
    if DEAD_LETTER_ROUTING_KEY in arguments and DEAD_LETTER_EXCHANGE not in arguments:
        refuse(DEAD_LETTER_ROUTING_KEY, "routing_key_but_no_dlx_defined", resource=resource)
    names, kind = (NOT_OF_QUORUM, QUORUM) if is_quorum else (OF_OTHER_TYPES, CLASSIC)
    check_not_of_other_types(arguments, names, kind=kind, resource=resource)


def check_kind(
    arguments: Arguments, *, durable: bool, exclusive: bool, auto_delete: bool, resource: str
) -> None:
    """Raises PreconditionFailed if a queue of this type cannot be such a one."""
    if type_of(arguments) != QUORUM:
        return
    for wrong, what in (
        (auto_delete, "auto-delete"),
        (exclusive, "exclusive-owner"),
        (not durable, "non-durable"),
    ):
        if wrong:
            raise PreconditionFailed(f"invalid property '{what}' for {resource}")


def check_named(name: str, arguments: Arguments) -> None:
    """Raises PreconditionFailed if the server may not make up a name for it."""
    if not name and type_of(arguments) == QUORUM:
        raise PreconditionFailed("Cannot declare a server-named queue for type rabbit_quorum_queue")


def compared(arguments: Arguments) -> tuple[str, ...]:
    """What two declarations of a queue must have in common."""
    return COMPARED + COMPARED_OF_QUORUM if type_of(arguments) == QUORUM else COMPARED
