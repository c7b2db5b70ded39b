import pytest

from leveret.broker.exchanges.direct import Direct
from tests.broker.exchanges.messages import keyed


@pytest.fixture
def direct(binding):
    direct = Direct()
    direct.bind(binding("q1", "a"))
    direct.bind(binding("q2", "a"))
    direct.bind(binding("q3", "b"))
    return direct


@pytest.mark.parametrize(
    ("key", "queues"), [("a", ["q1", "q2"]), ("b", ["q3"]), ("", []), ("A", []), ("a.b", [])]
)
def test_a_message_goes_where_the_key_is_the_same(direct, key, queues):
    assert list(direct.destinations(keyed(key))) == queues


def test_unbinding_leaves_the_others(direct, binding):
    direct.unbind(binding("q1", "a"))
    assert list(direct.destinations(keyed("a"))) == ["q2"]
    direct.unbind(binding("q2", "a"))
    assert list(direct.destinations(keyed("a"))) == []


def test_two_bindings_that_differ_in_arguments_count_as_two(direct, binding):
    direct.bind(binding("q3", "b", (("x", 1),)))
    direct.unbind(binding("q3", "b"))
    assert list(direct.destinations(keyed("b"))) == ["q3"]


def test_all_bindings_are_told(direct, binding):
    assert list(direct.bindings()) == [binding("q1", "a"), binding("q2", "a"), binding("q3", "b")]


def test_a_message_with_several_keys_goes_where_each_leads(direct):
    assert list(direct.destinations(keyed("b", "none", "a"))) == ["q3", "q1", "q2"]
