"""What all peers of one server have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

from leveret.broker.broker import Broker
from leveret.engine.shard import Shard
from leveret.peers.pace import Pace
from leveret.peers.settings import Settings


class Definitions(Protocol):
    """Where definitions are kept: queues, exchanges, bindings."""

    def when_durable(self, done: Callable[[int, int], None]) -> bool:
        """True: all that was defined so far is kept. False: `done(now, tick)` is called then."""


class Messages(Protocol):
    """Where persistent messages are kept."""

    def when_durable(self, done: Callable[[int, int], None]) -> bool:
        """As of definitions, of all that was published and settled so far."""


class Journal(Protocol):
    """What an operator may want to know of a connection, which has the name `owner`.

    `event` is one of few texts, `detail` may have come from the client.
    """

    def warning(self, owner: object, event: str, detail: str) -> None:
        """It lost the connection by it."""

    def info(self, owner: object, event: str, detail: str) -> None:
        """It goes on."""


class NoJournal:
    """Nobody wants to know."""

    def warning(self, owner: object, event: str, detail: str) -> None:
        pass

    def info(self, owner: object, event: str, detail: str) -> None:
        pass


class InMemory:
    """All is kept as well as it ever will be, at once."""

    def when_durable(self, done: Callable[[int, int], None]) -> bool:
        return True


def nowhere(owner: object) -> Mapping[str, object]:
    """There are no sockets."""
    return {}


class Service(NamedTuple):
    """`report` is told of errors that are nobody's fault but ours. `address_of` knows the name of
    an owner's connection, and the ends of its socket; nothing, if it has gone.
    """

    shard: Shard
    broker: Broker
    pace: Pace
    report: Callable[[Exception], None]
    version: str
    cluster_name: str
    definitions: Definitions = InMemory()
    messages: Messages = InMemory()
    settings: Settings = Settings()
    journal: Journal = NoJournal()
    address_of: Callable[[object], Mapping[str, object]] = nowhere
