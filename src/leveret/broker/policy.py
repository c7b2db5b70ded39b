"""A policy: what queues and exchanges do, of which the names match; and how several go together.

    definition    {"message-ttl": 60000, "dead-letter-exchange": "dead", ...}

Of all policies that match a queue, one counts: that with the highest priority. Of all operator
policies, one too; it can only narrow. Both are merged to one definition, and that with what the
queue was declared with, to the arguments that it goes by:

    numbers           the least of all three
    other keys        the operator's before the policy's, the queue's own before both; but for
                      overflow at a quorum queue, where the policy's comes first
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, NamedTuple

from leveret.broker.argument_values import JsonValue
from leveret.broker.arguments import Arguments
from leveret.broker.errors import PreconditionFailed
from leveret.broker.expression import Expression, compiled
from leveret.broker.expression_program import InvalidExpression
from leveret.broker.queue_arguments import CLASSIC, OVERFLOWS, TYPE

ALTERNATE_EXCHANGE: Final = "alternate-exchange"
OVERFLOW: Final = "overflow"
LEAST: Final = (  # of these numbers the least counts
    "consumer-timeout",
    "delivery-limit",
    "expires",
    "max-in-memory-bytes",
    "max-in-memory-length",
    "max-length",
    "max-length-bytes",
    "message-ttl",
)
ALL: Final = "all"
EXCHANGES: Final = "exchanges"
QUEUES: Final = "queues"
QUEUES_OF_TYPE: Final[Mapping[str, str]] = MappingProxyType(
    {CLASSIC: "classic_queues", "quorum": "quorum_queues", "stream": "streams"}
)
APPLY_TO: Final = (QUEUES, *QUEUES_OF_TYPE.values(), EXCHANGES, ALL)


def whole(least: int) -> Callable[[object], bool]:
    return lambda value: type(value) is int and value >= least


def text(value: object) -> bool:
    return isinstance(value, str)


class KnownKey(NamedTuple):
    """`what` a valid value is, in RabbitMQ's words."""

    is_valid: Callable[[object], bool]
    what: str


HONOURED: Final[Mapping[str, KnownKey]] = MappingProxyType(
    {
        ALTERNATE_EXCHANGE: KnownKey(text, "alternate exchange name"),
        "consumer-timeout": KnownKey(whole(0), "consumer timeout"),
        "dead-letter-exchange": KnownKey(text, "dead letter exchange name"),
        "dead-letter-routing-key": KnownKey(text, "dead letter routing key"),
        "delivery-limit": KnownKey(whole(-1), "delivery limit"),
        "expires": KnownKey(whole(1), "queue expiry"),
        "max-length": KnownKey(whole(0), "maximum length"),
        "max-length-bytes": KnownKey(whole(0), "maximum length in bytes"),
        "message-ttl": KnownKey(whole(0), "message TTL"),
        OVERFLOW: KnownKey(lambda value: value in OVERFLOWS, "overflow value"),
    }
)
# RabbitMQ knows these. Nothing here goes by them: they are about other types of queues, clusters,
# and links to other brokers; or about how a queue is stored.
KEPT: Final = (
    "consumer-disconnected-timeout",
    "dead-letter-strategy",
    "delayed-retry-max",
    "delayed-retry-min",
    "delayed-retry-type",
    "federation-upstream",
    "federation-upstream-pattern",
    "federation-upstream-set",
    "initial-cluster-size",
    "max-age",
    "max-in-memory-bytes",
    "max-in-memory-length",
    "queue-leader-locator",
    "queue-master-locator",
    "queue-mode",
    "queue-version",
    "stream-filter-size-bytes",
    "stream-max-segment-size-bytes",
    "target-group-size",
)
# A policy with one of these does not apply to classic queues at all.
NOT_FOR_CLASSIC: Final = frozenset(
    {
        "consumer-disconnected-timeout",
        "dead-letter-strategy",
        "delayed-retry-max",
        "delayed-retry-min",
        "delayed-retry-type",
        "initial-cluster-size",
        "max-age",
        "max-in-memory-bytes",
        "max-in-memory-length",
        "stream-filter-size-bytes",
        "stream-max-segment-size-bytes",
        "target-group-size",
    }
)
OPERATORS: Final = (*LEAST, "target-group-size")


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """As it was set."""

    name: str
    pattern: str
    definition: Mapping[str, JsonValue]
    priority: int = 0
    apply_to: str = ALL

    def check(self, *, operator: bool = False, lenient: bool = False) -> Expression:
        """What its pattern compiles to. `lenient`: keys that are not known are let pass.

        Raises PreconditionFailed.
        """
        if self.apply_to not in APPLY_TO:
            refuse(f"apply-to '{self.apply_to}' unrecognised; should be one of: {names(APPLY_TO)}")
        if not self.definition:
            refuse("no policy provided")
        for key, value in self.definition.items():
            known = HONOURED.get(key)
            if known is not None and not known.is_valid(value):
                refuse(f"{value!r} is not a valid {known.what}")
        known_keys = OPERATORS if operator else (*HONOURED, *KEPT)
        unknown = [key for key in self.definition if key not in known_keys]
        if unknown and not lenient:
            refuse(f"{names(unknown)} are not recognised policy settings")
        try:
            return compiled(self.pattern)
        except InvalidExpression as error:
            return refuse(f"invalid regular expression '{self.pattern}': {error}")

    def without_effect(self) -> list[str]:
        """Its keys that nothing here goes by."""
        return [key for key in self.definition if key not in HONOURED]

    def applies_to_queues(self, type: str) -> bool:
        if type == CLASSIC and not NOT_FOR_CLASSIC.isdisjoint(self.definition):
            return False
        return self.apply_to in (ALL, QUEUES, QUEUES_OF_TYPE.get(type))

    def applies_to_exchanges(self) -> bool:
        return self.apply_to in (ALL, EXCHANGES)


class Effective(NamedTuple):
    """What a queue or an exchange goes by beside its arguments, and the names of whose it is."""

    policy: str | None = None
    operator_policy: str | None = None
    definition: Mapping[str, JsonValue] = MappingProxyType({})


NO_POLICY: Final = Effective()


def merged(policy: Policy | None, operator: Policy | None) -> Effective:
    if policy is None and operator is None:
        return NO_POLICY
    definition = dict(policy.definition) if policy is not None else {}
    for key, value in (operator.definition if operator is not None else {}).items():
        definition[key] = least(definition.get(key), value) if key in LEAST else value
    return Effective(
        policy.name if policy is not None else None,
        operator.name if operator is not None else None,
        MappingProxyType(definition),
    )


def effective_arguments(
    arguments: Arguments, definition: Mapping[str, JsonValue]
) -> dict[str, object]:
    """What a queue goes by that was declared with these arguments."""
    effective = dict(arguments)
    is_classic = arguments.get(TYPE, CLASSIC) == CLASSIC
    for key, value in definition.items():
        name = f"x-{key}"
        if key not in HONOURED or key == ALTERNATE_EXCHANGE:
            continue
        if key in LEAST:
            effective[name] = least(arguments.get(name), value)
        elif name not in arguments or (key == OVERFLOW and not is_classic):
            effective[name] = value
    return effective


def least(one: object, other: object) -> JsonValue:
    """Of two numbers, either of which may not be there; a negative one is no limit."""
    numbers = [number for number in (one, other) if isinstance(number, int)]
    return min((number for number in numbers if number >= 0), default=-1)


def names(words: object) -> str:
    return ", ".join(f"'{word}'" for word in words)  # type: ignore[attr-defined]  # a tuple or list


def refuse(text: str) -> Expression:
    raise PreconditionFailed(f"Validation failed: {text}")
