from collections import Counter

import pytest

from leveret.broker.exchanges.random import Random
from tests.broker.exchanges.messages import keyed


@pytest.fixture
def exchange(surroundings):
    return Random({}, surroundings)


def choices(exchange, count=600):
    return Counter(next(iter(exchange.destinations(keyed("k")))) for _ in range(count))


def test_each_binding_is_as_likely(exchange, binding):
    for queue in ("p", "q", "r"):
        exchange.bind(binding(queue, "whatever"))
    chosen = choices(exchange)
    assert set(chosen) == {"p", "q", "r"}
    assert all(160 < count < 240 for count in chosen.values())
    assert exchange.by_content


def test_each_message_goes_to_one(exchange, binding):
    for queue in ("p", "q", "r"):
        exchange.bind(binding(queue))
    assert len(list(exchange.destinations(keyed("a", "b")))) == 1


def test_what_is_bound_and_unbound_counts_from_then_on(exchange, binding):
    exchange.bind(binding("p"))
    assert set(choices(exchange)) == {"p"}
    exchange.bind(binding("q"))
    assert set(choices(exchange)) == {"p", "q"}
    exchange.unbind(binding("p"))
    assert set(choices(exchange)) == {"q"}
    assert list(exchange.bindings()) == [binding("q")]
    exchange.unbind(binding("q"))
    assert list(exchange.destinations(keyed("k"))) == []
