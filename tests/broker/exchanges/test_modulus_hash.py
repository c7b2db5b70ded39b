from collections import Counter
from typing import NamedTuple

import pytest

from leveret.broker.exchanges.modulus_hash import ModulusHash
from tests.broker.exchanges.messages import keyed


class Named(NamedTuple):
    name: str


KEYS = [keyed(str(number)) for number in range(900)]


def where(exchange):
    return [next(iter(exchange.destinations(message))).name for message in KEYS]


@pytest.fixture
def exchange(binding):
    """Binds these in this order."""

    def exchange(*names):
        exchange = ModulusHash()
        for name in names:
            exchange.bind(binding(Named(name), f"a key of {name}"))
        return exchange

    return exchange


def test_destinations_get_about_as_much(exchange):
    counts = Counter(where(exchange("p", "q", "r")))
    assert set(counts) == {"p", "q", "r"}
    assert all(250 < count < 350 for count in counts.values())


def test_the_order_of_binding_does_not_matter(exchange):
    assert where(exchange("p", "q", "r")) == where(exchange("r", "p", "q"))


def test_a_destination_that_is_bound_twice_counts_once(exchange, binding):
    twice = exchange("p", "q")
    twice.bind(binding(Named("p"), "again"))
    assert where(twice) == where(exchange("p", "q"))


def test_several_keys_have_one_destination_together(exchange):
    assert len(list(exchange("p", "q", "r").destinations(keyed("a", "b", "c")))) == 1


def test_what_is_bound_and_unbound_counts_from_then_on(exchange, binding):
    changing = exchange("p")
    assert set(where(changing)) == {"p"}
    changing.bind(binding(Named("q"), "x"))
    assert where(changing) == where(exchange("p", "q"))
    for bound in list(changing.bindings()):
        changing.unbind(bound)
    assert list(changing.destinations(keyed("a"))) == []
