import pytest

from leveret.broker.errors import PreconditionFailed
from leveret.broker.exchanges import recent_history
from leveret.broker.exchanges.recent_history import DEFAULT_LENGTH, LENGTH_MAX, RecentHistory
from tests.broker.exchanges.messages import keyed


@pytest.fixture
def exchange(surroundings):
    def exchange(arguments=None):
        return RecentHistory(arguments or {}, surroundings)

    return exchange


def publish(exchange, *bodies, **fields):
    for body in bodies:
        list(exchange.destinations(keyed("k", body=memoryview(body), **fields)))


def test_a_message_goes_wherever_is_bound(exchange, binding):
    history = exchange()
    for queue, key in (("p", "a"), ("q", "b")):
        history.bind(binding(queue, key))
    assert list(history.destinations(keyed("c"))) == ["p", "q"]
    assert history.by_content
    history.unbind(binding("p", "a"))
    assert list(history.destinations(keyed("c"))) == ["q"]
    assert list(history.bindings()) == [binding("q", "b")]


def test_a_new_binding_gets_the_last_messages_oldest_first(exchange, binding, delivered):
    history = exchange({"x-recent-history-length": 2})
    history.bind(binding("p"))
    publish(history, b"1", b"2", b"3")
    assert delivered == []
    history.bind(binding("q"))
    assert delivered == [(b"2", "q"), (b"3", "q")]


def test_without_a_length_it_is_twenty(exchange, binding, delivered):
    history = exchange()
    publish(history, *[b"%d" % number for number in range(DEFAULT_LENGTH + 5)])
    history.bind(binding("q"))
    assert [body for body, _ in delivered] == [b"%d" % number for number in range(5, 25)]


def test_a_message_is_remembered_when_its_memory_is_used_again(exchange, binding, delivered):
    memory = bytearray(b"abc")
    history = exchange()
    list(history.destinations(keyed("k", body=memoryview(memory)[:2])))
    memory[:] = b"xyz"
    history.bind(binding("q"))
    assert delivered == [(b"ab", "q")]


@pytest.mark.parametrize(
    ("value", "stored"), [(True, 0), (False, 1), (1, 1), ("true", 1), (None, 1)]
)
def test_a_header_says_that_a_message_is_not_to_be_remembered(
    exchange, binding, delivered, value, stored
):
    history = exchange()
    publish(history, b"x", headers={"x-recent-history-no-store": value})
    history.bind(binding("q"))
    assert len(delivered) == stored


@pytest.mark.parametrize(
    ("length", "shown"),
    [(0, "0"), (-1, "-1"), ("5", '<<"5">>'), (True, "true"), (1.5, "1.5"), (None, "undefined")],
)
def test_a_length_that_is_no_positive_integer_is_refused(exchange, length, shown):
    with pytest.raises(PreconditionFailed) as refusal:
        exchange({"x-recent-history-length": length})
    assert refusal.value.text == (
        f"Invalid argument {shown}, 'x-recent-history-length' must be a positive integer"
    )


def test_a_length_has_a_limit(exchange):
    exchange({"x-recent-history-length": LENGTH_MAX})
    with pytest.raises(PreconditionFailed) as refusal:
        exchange({"x-recent-history-length": LENGTH_MAX + 1})
    assert refusal.value.text == (
        "Invalid argument 100001, 'x-recent-history-length' must not be above 100000"
    )


def test_what_is_remembered_has_a_limit_in_bytes_too(exchange, binding, delivered, monkeypatch):
    monkeypatch.setattr(recent_history, "BYTES_MAX", 3_000)
    history = exchange()
    publish(history, *[bytes(1_000) for _ in range(10)])
    history.bind(binding("q"))
    assert len(delivered) == 1
    publish(history, b"1", b"2", b"3", b"4", b"5", b"6")
    delivered.clear()
    history.bind(binding("r"))
    assert [body for body, _ in delivered] == [b"2", b"3", b"4", b"5", b"6"]


def test_the_last_message_is_remembered_however_large(exchange, binding, delivered, monkeypatch):
    monkeypatch.setattr(recent_history, "BYTES_MAX", 3_000)
    history = exchange()
    publish(history, b"small", bytes(5_000))
    history.bind(binding("q"))
    assert [len(body) for body, _ in delivered] == [5_000]
