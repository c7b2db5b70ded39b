"""Bindings with names for ends: most exchange types do not look at the ends."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest

from leveret.broker.binding import Binding
from leveret.broker.exchanges.surroundings import Surroundings


@pytest.fixture
def binding():
    def binding(destination: object, routing_key: str = "", arguments: tuple = ()) -> Binding:
        return Binding("source", destination, routing_key, arguments)

    return binding


@pytest.fixture
def delivered() -> list[tuple[bytes, object]]:
    """What an exchange type has handed on itself: body and destination."""
    return []


@pytest.fixture
def surroundings(delivered: list[tuple[bytes, object]]) -> Surroundings:
    def deliver(message, destination) -> None:
        delivered.append((message.body, destination))

    random: Callable[[int], bytes] = Random(1).randbytes
    return Surroundings(random, deliver, spend=abs)
