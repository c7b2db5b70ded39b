import pytest

from leveret.broker.errors import PreconditionFailed
from leveret.broker.exchanges.local_random import LocalRandom
from tests.broker.exchanges.messages import keyed


@pytest.fixture
def exchange(surroundings):
    return LocalRandom({}, surroundings)


def test_queues_are_bound_without_a_key(exchange, binding, host, declare):
    bound = binding(declare("q"))
    exchange.bind(bound)
    assert list(exchange.destinations(keyed("k"))) == [host.queues["q"]]
    exchange.unbind(bound)
    assert list(exchange.destinations(keyed("k"))) == []


def test_a_key_is_refused(exchange, binding, declare):
    with pytest.raises(PreconditionFailed) as refusal:
        exchange.bind(binding(declare("q"), "k"))
    assert refusal.value.text == "Non empty binding 'k' key not permitted"
    assert list(exchange.bindings()) == []


def test_an_exchange_is_refused(exchange, binding, host):
    with pytest.raises(PreconditionFailed) as refusal:
        exchange.bind(binding(host.exchanges["amq.fanout"]))
    assert refusal.value.text == "Destination not found"
    assert list(exchange.bindings()) == []
