import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from leveret.broker.binding import Binding
from leveret.broker.exchanges import topic
from leveret.broker.exchanges.topic import Topic, words
from tests.broker.exchanges.messages import keyed


def matches(pattern: str, key: str) -> bool:
    """What the words mean, said as plainly as can be and without regard to time."""

    def match(pattern: list[str], key: list[str]) -> bool:
        if not pattern:
            return not key
        first, rest = pattern[0], pattern[1:]
        if first == "#":
            return any(match(rest, key[skipped:]) for skipped in range(len(key) + 1))
        return bool(key) and first in ("*", key[0]) and match(rest, key[1:])

    return match(words(pattern), words(key))


def bound(*patterns: str) -> Topic:
    exchange = Topic()
    for pattern in patterns:
        exchange.bind(Binding("source", pattern, pattern, ()))
    return exchange


word = st.sampled_from(["a", "b", "", "*", "#"])
keys = st.lists(word, max_size=6).map(".".join)


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("a.b", ["a.b"], ["", "a", "a.b.c", "ab", "A.b"]),
        ("*", ["a", "*"], ["", "a.b", "."]),
        ("a.*", ["a.b", "a."], ["a", "a.b.c"]),
        ("#", ["", "a", "a.b.c", "."], []),
        ("a.#", ["a", "a.b", "a.b.c"], ["", "b.a"]),
        ("#.a", ["a", "b.a", "a.a"], ["", "a.b"]),
        ("a.#.b", ["a.b", "a.c.d.b"], ["a", "b", "a.b.c"]),
        ("#.#", ["", "a", "a.b"], []),
        ("*.#", ["a", "a.b"], [""]),
        ("", [""], ["a", "."]),
        ("a*", ["a*"], ["ab"]),
    ],
)
def test_patterns_match_word_by_word(pattern, yes, no):
    exchange = bound(pattern)
    assert [key for key in yes + no if list(exchange.destinations(keyed(key)))] == yes


@settings(max_examples=50)
@given(st.lists(keys, max_size=8, unique=True), keys)
def test_the_trie_finds_what_a_naive_matcher_finds_and_each_pattern_once(patterns, key):
    found = list(bound(*patterns).destinations(keyed(key)))
    assert sorted(found) == sorted(pattern for pattern in patterns if matches(pattern, key))


def test_destinations_come_in_the_same_order_every_time():
    patterns = ["#", "a.#", "a.*", "a.b", "*.b", "#.b", "*.*", "#.#"]
    first, second = (list(bound(*patterns).destinations(keyed("a.b"))) for _ in range(2))
    assert first == second


def test_however_many_hashes_each_node_is_looked_at_once_for_each_word(monkeypatch):
    looked = []
    look = topic.children_of
    monkeypatch.setattr(topic, "children_of", lambda node: looked.append(node) or look(node))
    nodes, key = 2 * 60 + 1, ["a"] * 100
    exchange = bound(".".join(["#", "a"] * 60))
    looked.clear()
    list(exchange.destinations(keyed(".".join(key))))
    assert len(looked) <= 4 * nodes * (len(key) + 1)


def test_unbinding_the_last_cuts_the_trie_back():
    exchange = bound("a.b.c", "a.b")
    exchange.unbind(Binding("source", "a.b.c", "a.b.c", ()))
    assert exchange.root.children["a"].children["b"].children is None
    exchange.unbind(Binding("source", "a.b", "a.b", ()))
    assert exchange.root.children is None


def test_unbinding_what_is_not_bound_is_a_bug_and_fails():
    with pytest.raises(KeyError):
        bound("a").unbind(Binding("source", "b", "b", ()))


class TopicMachine(RuleBasedStateMachine):
    """Binds and unbinds at random, and compares with a set and the naive matcher."""

    def __init__(self) -> None:
        super().__init__()
        self.exchange = Topic()
        self.model: set[Binding] = set()

    @rule(queue=st.sampled_from("pq"), pattern=keys, arguments=st.sampled_from([(), (("x", 1),)]))
    def bind_or_unbind(self, queue, pattern, arguments):
        binding = Binding("source", queue, pattern, arguments)
        if binding in self.model:
            self.model.remove(binding)
            self.exchange.unbind(binding)
        else:
            self.model.add(binding)
            self.exchange.bind(binding)

    @rule(key=keys)
    def route(self, key):
        found = sorted(self.exchange.destinations(keyed(key)))
        assert found == sorted(
            binding.destination for binding in self.model if matches(binding.routing_key, key)
        )

    @invariant()
    def holds_what_is_bound(self):
        assert sorted(self.exchange.bindings()) == sorted(self.model)


TestTopicMachine = TopicMachine.TestCase
TestTopicMachine.settings = settings(max_examples=20, stateful_step_count=20)


def test_a_message_with_several_keys_goes_where_each_leads():
    exchange = bound("a.*", "b.#", "c")
    assert list(exchange.destinations(keyed("b.x", "a.x", "d"))) == ["b.#", "a.*"]
