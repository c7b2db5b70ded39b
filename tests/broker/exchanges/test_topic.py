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
    exchange = Topic(spend=abs)
    for pattern in patterns:
        exchange.bind(Binding("source", pattern, pattern, ()))
    return exchange


def routed_by(exchange: Topic, key: str) -> list[str]:
    return list(exchange.destinations(keyed(key)))


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


@settings(max_examples=200)
@given(st.lists(keys, max_size=8, unique=True), keys)
def test_the_trie_finds_what_a_naive_matcher_finds_and_each_pattern_once(patterns, key):
    found = list(bound(*patterns).destinations(keyed(key)))
    assert sorted(found) == sorted(pattern for pattern in patterns if matches(pattern, key))


def test_destinations_come_in_the_same_order_every_time():
    patterns = ["#", "a.#", "a.*", "a.b", "*.b", "#.b", "*.*", "#.#"]
    first, second = (list(bound(*patterns).destinations(keyed("a.b"))) for _ in range(2))
    assert first == second


def looked_for(key: str, *patterns: str) -> int:
    """At how many nodes the exchange looks to find where the key leads."""
    spent: list[int] = []
    exchange = Topic(spent.append)
    for pattern in patterns:
        exchange.bind(Binding("source", pattern, pattern, ()))
    list(exchange.destinations(keyed(key)))
    return spent[0]


@pytest.mark.parametrize(
    "patterns",
    [
        [".".join(["#", "a"] * 60)],
        [".".join(["#", "a", "b"] * 40)],
        [".".join((["#", "a"] * 60)[:length]) for length in range(1, 121)],
    ],
    ids=["one word", "two words", "each part bound too"],
)
def test_however_many_hashes_no_pattern_is_begun_again_at_each_word(patterns):
    nodes, words = 121, 120
    assert looked_for(".".join(["a", "b"] * 60), *patterns) <= 4 * (nodes + words)


def test_what_is_bound_behind_a_hash_is_found_by_the_last_words_too():
    exchange = bound("#.a.b.#.x", "#.a.b", "#.a", "#.b.a.b.#")
    found = {key: list(exchange.destinations(keyed(key))) for key in ("a.b.c.a.b", "a.b.a", "a.a")}
    assert found == {"a.b.c.a.b": ["#.a.b"], "a.b.a": ["#.a"], "a.a": ["#.a"]}


def test_a_hash_with_more_ways_than_the_key_has_words_is_asked_for_each_word():
    assert looked_for("a.b.c", *(f"#.{number}" for number in range(1000))) < 20


def test_what_searches_have_found_out_is_forgotten_when_it_is_too_much(monkeypatch):
    monkeypatch.setattr(topic, "ENDS_MAX", 5)
    exchange = bound(*(f"#.{word}.x" for word in "abcdefgh"))
    for _ in range(3):
        assert len(routed_by(exchange, "a.b.c.d.e.f.g.h.x")) == 1
        assert len(exchange.ends) == 8
    routed_by(exchange, "a.x.x.x.x.x.x.x.x")
    assert len(exchange.ends) == 1


def test_a_new_binding_is_found_where_a_search_has_been_before():
    exchange = bound("#.a.b.#")
    assert routed_by(exchange, "a.b.a.c") == ["#.a.b.#"]
    exchange.bind(Binding("source", "#.a.c", "#.a.c", ()))
    assert sorted(routed_by(exchange, "a.b.a.c")) == ["#.a.b.#", "#.a.c"]


def test_unbinding_the_last_cuts_the_trie_back():
    exchange = bound("a.b.c", "a.b")
    exchange.unbind(Binding("source", "a.b.c", "a.b.c", ()))
    assert exchange.root.children["a"].children["b"].children == {}
    exchange.unbind(Binding("source", "a.b", "a.b", ()))
    assert exchange.root.children == {}


def test_unbinding_what_is_not_bound_is_a_bug_and_fails():
    with pytest.raises(KeyError):
        bound("a").unbind(Binding("source", "b", "b", ()))


class TopicMachine(RuleBasedStateMachine):
    """Binds and unbinds at random, and compares with a set and the naive matcher."""

    def __init__(self) -> None:
        super().__init__()
        self.exchange = Topic(spend=abs)
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
