"""Bindings with names for ends: the exchange types do not look at the ends."""

from __future__ import annotations

import pytest

from leveret.broker.binding import Binding


@pytest.fixture
def binding():
    def binding(destination: str, routing_key: str = "", arguments: tuple = ()) -> Binding:
        return Binding("source", destination, routing_key, arguments)

    return binding
