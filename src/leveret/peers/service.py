"""What all peers of one server have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

from leveret.broker.broker import Broker
from leveret.engine.shard import Shard
from leveret.peers.settings import Settings


class Definitions(Protocol):
    """Where definitions are kept: queues, exchanges, bindings."""

    def when_durable(self, done: Callable[[int, int], None]) -> bool:
        """True: all that was defined so far is kept. False: `done(now, tick)` is called then."""


class Messages(Protocol):
    """Where persistent messages are kept."""

    def when_durable(self, done: Callable[[int, int], None]) -> bool:
        """As of definitions, of all that was published and settled so far."""


class InMemory:
    """All is kept as well as it ever will be, at once."""

    def when_durable(self, done: Callable[[int, int], None]) -> bool:
        return True


class Service(NamedTuple):
    """`report` is told of errors that are nobody's fault but ours."""

    shard: Shard
    broker: Broker
    report: Callable[[Exception], None]
    version: str
    cluster_name: str
    definitions: Definitions = InMemory()
    messages: Messages = InMemory()
    settings: Settings = Settings()
