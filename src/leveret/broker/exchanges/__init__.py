"""The exchange types, a file each. A new one is a `Router`, its file, and a line in the table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias

from leveret.broker.arguments import Arguments
from leveret.broker.exchange import Router
from leveret.broker.exchanges.consistent_hash import ConsistentHash
from leveret.broker.exchanges.direct import Direct
from leveret.broker.exchanges.fanout import Fanout
from leveret.broker.exchanges.headers import Headers
from leveret.broker.exchanges.local_random import LocalRandom
from leveret.broker.exchanges.modulus_hash import ModulusHash
from leveret.broker.exchanges.random import Random
from leveret.broker.exchanges.recent_history import RecentHistory
from leveret.broker.exchanges.surroundings import Surroundings
from leveret.broker.exchanges.topic import Topic

# Raises PreconditionFailed for arguments that the type cannot take.
RouterMaker: TypeAlias = Callable[[Arguments, Surroundings], Router]


def without_arguments(make: Callable[[], Router]) -> RouterMaker:
    return lambda _arguments, _surroundings: make()


EXCHANGE_TYPES: Mapping[str, RouterMaker] = MappingProxyType(
    {
        "direct": without_arguments(Direct),
        "fanout": without_arguments(Fanout),
        "topic": lambda _arguments, surroundings: Topic(surroundings.spend),
        "headers": lambda _arguments, surroundings: Headers(surroundings.spend),
        "x-consistent-hash": ConsistentHash,
        "x-modulus-hash": without_arguments(ModulusHash),
        "x-random": Random,
        "x-local-random": LocalRandom,
        "x-recent-history": RecentHistory,
    }
)
