"""Local random: random among queues that are on this node, which here are all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leveret.broker.errors import PreconditionFailed
from leveret.broker.exchanges.random import Random
from leveret.broker.queue import Queue

if TYPE_CHECKING:
    from leveret.broker.binding import Binding


class LocalRandom(Random):
    """Bound to queues only, without a key."""

    __slots__ = ()

    def bind(self, binding: Binding) -> None:
        if binding.routing_key:
            text = f"Non empty binding '{binding.routing_key}' key not permitted"
            raise PreconditionFailed(text)
        if not isinstance(binding.destination, Queue):
            raise PreconditionFailed("Destination not found")
        super().bind(binding)
