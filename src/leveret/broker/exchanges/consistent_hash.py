"""Consistent hash: each message to one destination, the same for the same value.

The value is the routing key, or what one of two arguments names: `hash-header` a header,
`hash-property` a property. A binding's key is its weight, a whole number: its share of the values.

    weights 1, 2, 1      buckets | p | q | q | r |      jump(value, 4) -> a bucket

When a binding comes, each bucket gives an equal part of its values to the new ones, and no value
moves otherwise. When one goes, the last buckets move into its places. So about as many values
move as a binding has, and once more when it was not the last.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from leveret.broker.arguments import Arguments, canonical
from leveret.broker.equivalence import as_term, type_name
from leveret.broker.errors import PreconditionFailed
from leveret.broker.exchanges.hashing import digest, jump

if TYPE_CHECKING:
    from leveret.broker.binding import Binding, Destination
    from leveret.broker.exchanges.surroundings import Surroundings
    from leveret.broker.message import Message

HEADER = "hash-header"
PROPERTY = "hash-property"
PROPERTIES = ("correlation_id", "message_id", "timestamp")
WHOLE_NUMBER = re.compile(r"[+-]?[0-9]+")
# They take 800 KB. What matters is the ratio of the weights, not how large they are.
BUCKETS_MAX = 100_000


class ConsistentHash:
    """Raises PreconditionFailed for arguments that it cannot take."""

    __slots__ = ("buckets", "by_content", "header", "held", "property")

    def __init__(self, arguments: Arguments, _surroundings: Surroundings) -> None:
        self.header = text_in(arguments, HEADER)
        self.property = text_in(arguments, PROPERTY)
        if self.header is not None and self.property is not None:
            raise PreconditionFailed(f"{HEADER} and {PROPERTY} are mutually exclusive")
        if self.property is not None and self.property not in PROPERTIES:
            raise PreconditionFailed(f"Unsupported property: {self.property}")
        self.by_content = self.header is not None or self.property is not None
        self.held: dict[Binding, None] = {}
        self.buckets: list[Binding] = []

    def bind(self, binding: Binding) -> None:
        weight = weight_in(binding.routing_key)
        if len(self.buckets) + weight > BUCKETS_MAX:
            raise PreconditionFailed(
                f"the binding keys of an x-consistent-hash exchange may add up to {BUCKETS_MAX}"
            )
        self.held[binding] = None
        self.buckets += [binding] * weight

    def unbind(self, binding: Binding) -> None:
        del self.held[binding]
        index = 0
        while index < len(self.buckets):
            if self.buckets[index] != binding:
                index += 1
                continue
            last = self.buckets.pop()
            if index < len(self.buckets):
                self.buckets[index] = last

    def destinations(self, message: Message) -> Iterable[Destination]:
        if not self.buckets:
            return ()
        bucket = jump(digest(self.value_of(message)), len(self.buckets))
        return (self.buckets[bucket].destination,)

    def bindings(self) -> Iterable[Binding]:
        return self.held

    def value_of(self, message: Message) -> object:
        """Messages without the header or property have one value together."""
        if self.header is not None:
            return canonical(message.headers.get(self.header))
        if self.property is not None:
            return canonical(getattr(message, self.property))
        return message.routing_keys


def text_in(arguments: Arguments, name: str) -> str | None:
    """Raises PreconditionFailed."""
    if name not in arguments:
        return None
    value = arguments[name]
    if isinstance(value, str):
        return value
    raise PreconditionFailed(f"invalid type '{type_name(value)}' for arg '{name}'")


def weight_in(routing_key: str) -> int:
    """Raises PreconditionFailed."""
    if not WHOLE_NUMBER.fullmatch(routing_key):
        raise PreconditionFailed(f"The binding key must be an integer: {as_term(routing_key)}")
    weight = int(routing_key)
    if weight < 1:
        raise PreconditionFailed("The binding key must be greater than 0")
    return weight
