"""A binding: what takes messages from an exchange to a queue or to another exchange."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from leveret.broker.arguments import FrozenArguments

if TYPE_CHECKING:
    from leveret.broker.exchange import Exchange
    from leveret.broker.queue import Queue

    Destination: TypeAlias = Queue | Exchange


class Binding(NamedTuple):
    """Two bindings that agree in all four are one. A tuple, because there may be millions."""

    source: Exchange
    destination: Destination
    routing_key: str
    arguments: FrozenArguments
