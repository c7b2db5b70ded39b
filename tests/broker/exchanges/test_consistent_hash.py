from collections import Counter

import pytest

from leveret.broker.errors import PreconditionFailed
from leveret.broker.exchanges.consistent_hash import BUCKETS_MAX, ConsistentHash
from tests.broker.exchanges.messages import keyed, with_headers

COUNT = 1000


@pytest.fixture
def consistent(surroundings):
    return ConsistentHash({}, surroundings)


def where(exchange, messages):
    """The one destination of each."""
    return [next(iter(exchange.destinations(message))) for message in messages]


KEYS = [keyed(str(number)) for number in range(COUNT)]


def test_each_message_has_one_destination_the_same_for_the_same_key(consistent, binding):
    for queue in ("p", "q", "r"):
        consistent.bind(binding(queue, "1"))
    assert all(len(list(consistent.destinations(message))) == 1 for message in KEYS)
    assert where(consistent, KEYS) == where(consistent, KEYS)
    assert not consistent.by_content


def test_weights_are_shares(consistent, binding):
    for queue, weight in (("p", "1"), ("q", "2"), ("r", "+1")):
        consistent.bind(binding(queue, weight))
    counts = Counter(where(consistent, KEYS))
    assert 200 < counts["p"] < 300
    assert 450 < counts["q"] < 550
    assert 200 < counts["r"] < 300


def test_a_binding_that_comes_takes_its_share_and_nothing_else_moves(consistent, binding):
    for queue in ("p", "q", "r"):
        consistent.bind(binding(queue, "10"))
    before = where(consistent, KEYS)
    consistent.bind(binding("s", "10"))
    moved = [new for old, new in zip(before, where(consistent, KEYS), strict=True) if old != new]
    assert set(moved) == {"s"}
    assert 200 < len(moved) < 300


@pytest.mark.parametrize(("gone", "moved_max"), [("s", 300), ("p", 550)])
def test_a_binding_that_goes_moves_its_share_and_at_most_as_much_again(
    consistent, binding, gone, moved_max
):
    for queue in ("p", "q", "r", "s"):
        consistent.bind(binding(queue, "10"))
    before = where(consistent, KEYS)
    consistent.unbind(binding(gone, "10"))
    after = where(consistent, KEYS)
    assert gone not in after
    assert sum(old != new for old, new in zip(before, after, strict=True)) < moved_max
    assert len(consistent.buckets) == 30


def test_without_bindings_there_is_no_destination(consistent, binding):
    assert list(consistent.destinations(keyed("a"))) == []
    consistent.bind(binding("q", "3"))
    assert list(consistent.bindings()) == [binding("q", "3")]
    consistent.unbind(binding("q", "3"))
    assert list(consistent.destinations(keyed("a"))) == list(consistent.bindings()) == []


def bound(arguments, surroundings, binding):
    exchange = ConsistentHash(arguments, surroundings)
    for number in range(50):
        exchange.bind(binding(number, "1"))
    assert exchange.by_content
    return exchange


@pytest.mark.parametrize("values", [("a", "b"), (1, 2), ([1], [2]), ("1", 1), (None, 0)])
def test_the_value_may_be_that_of_a_header(surroundings, binding, values):
    exchange = bound({"hash-header": "h"}, surroundings, binding)
    one, other = (with_headers({"h": value}) for value in values)
    assert where(exchange, [one, other]) == where(exchange, [one, other])
    assert where(exchange, [one]) != where(exchange, [other])
    assert where(exchange, [keyed("a")]) == where(exchange, [keyed("b")])


@pytest.mark.parametrize("name", ["message_id", "correlation_id", "timestamp"])
def test_the_value_may_be_that_of_a_property(surroundings, binding, name):
    exchange = bound({"hash-property": name}, surroundings, binding)
    values = [1, 2] if name == "timestamp" else ["a", "b"]
    one, other = (keyed("k", **{name: value}) for value in values)
    assert where(exchange, [one]) != where(exchange, [other])
    assert where(exchange, [keyed("a", **{name: values[0]})]) == where(exchange, [one])


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (
            {"hash-header": "h", "hash-property": "message_id"},
            "hash-header and hash-property are mutually exclusive",
        ),
        ({"hash-property": "app_id"}, "Unsupported property: app_id"),
        ({"hash-header": 1}, "invalid type 'signedint' for arg 'hash-header'"),
        ({"hash-property": None}, "invalid type 'void' for arg 'hash-property'"),
    ],
)
def test_arguments_that_cannot_be_are_refused(surroundings, arguments, text):
    with pytest.raises(PreconditionFailed) as refusal:
        ConsistentHash(arguments, surroundings)
    assert refusal.value.text == text


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("", "The binding key must be an integer: <<>>"),
        ("x", 'The binding key must be an integer: <<"x">>'),
        ("1.5", 'The binding key must be an integer: <<"1.5">>'),
        ("1_0", 'The binding key must be an integer: <<"1_0">>'),
        ("0", "The binding key must be greater than 0"),
        ("-3", "The binding key must be greater than 0"),
        (
            str(BUCKETS_MAX),
            f"the binding keys of an x-consistent-hash exchange may add up to {BUCKETS_MAX}",
        ),
    ],
)
def test_a_key_that_is_no_weight_is_refused_and_not_bound(consistent, binding, key, text):
    consistent.bind(binding("q", "1"))
    with pytest.raises(PreconditionFailed) as refusal:
        consistent.bind(binding("q", key))
    assert refusal.value.text == text
    assert list(consistent.bindings()) == [binding("q", "1")]
