"""Routes: where a name leads, remembered within limits and forgotten in time."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leveret.engine.route import Exchange, Route, RouteCache, stale_route

ROUTES_AT_FIRST = 256


def route_to(*queues: int, exchange: Exchange | None = None) -> Route:
    return Route(exchange or Exchange(), queues)


def cache_of(count: int, *, routes_max: int, seed: int = 0) -> tuple[RouteCache, set[bytes]]:
    """A cache into which so many keys were put, and those that it still knows."""
    cache = RouteCache(seed, routes_max)
    keys = [b"%d" % number for number in range(count)]
    for key in keys:
        cache.put(b"", key, route_to(int(key)))
    return cache, {key for key in keys if cache.find(b"", key) is not None}


@pytest.mark.parametrize("queues", [(), (5,), (0, 2**32 - 1, 7, 7)])
def test_a_route_is_the_numbers_of_its_queues(queues):
    route = route_to(*queues)
    assert route.queue_count == len(queues)
    assert [route.queue(index) for index in range(len(queues))] == list(queues)


@pytest.mark.parametrize("index", [2, -1, 2**60, 2**63 - 1])
def test_a_route_has_no_other_queue(index):
    with pytest.raises(IndexError):
        route_to(5, 6).queue(index)


def test_a_route_is_good_until_its_exchange_changes():
    exchange, other = Exchange(), Exchange()
    old, bystander = route_to(1, exchange=exchange), route_to(1, exchange=other)
    exchange.changed()
    new = route_to(1, exchange=exchange)
    assert (old.is_good(), bystander.is_good(), new.is_good()) == (False, True, True)
    exchange.changed()
    assert (old.is_good(), bystander.is_good(), new.is_good()) == (False, True, False)


def test_a_route_is_found_by_both_names():
    cache, route = RouteCache(), route_to(1)
    cache.put(b"e", b"k", route)
    assert cache.find(b"e", b"k") is route
    others = [(b"e", b""), (b"", b"k"), (b"k", b"e"), (b"ek", b""), (b"", b"ek"), (b"e", b"kk")]
    assert [cache.find(*names) for names in others] == [None] * len(others)


@pytest.mark.parametrize("length", [0, 1, 6, 7, 8, 9, 14, 15, 16, 17, 254, 255])
def test_names_of_any_length_are_told_apart_by_each_byte(length):
    cache, name = RouteCache(), bytes(range(1, 256))[:length]
    routes = {}
    for position in range(length):
        routes[name[:position] + b"\0" + name[position + 1 :]] = route_to(position)
    for key, route in routes.items():
        cache.put(name, key, route)
    found = [cache.find(name, key) for key in routes]
    assert found.count(None) <= length / 10
    assert all(one in (None, route) for one, route in zip(found, routes.values(), strict=True))
    assert all(cache.find(key, name) is None for key in routes)


def test_a_name_of_256_bytes_is_nobodys():
    with pytest.raises(ValueError):
        RouteCache().put(b"", bytes(256), route_to(1))


def test_a_stale_route_is_not_found_and_the_others_are():
    cache, exchange = RouteCache(), Exchange()
    stale, good = route_to(1, exchange=exchange), route_to(2)
    cache.put(b"e", b"k", stale)
    cache.put(b"f", b"k", good)
    exchange.changed()
    assert (cache.find(b"e", b"k"), cache.find(b"f", b"k")) == (None, good)


def test_a_route_can_be_stale_from_the_start():
    exchange = Exchange()
    route = stale_route(exchange)
    assert (route.exchange, route.queue_count, route.is_good()) == (exchange, 0, False)


@pytest.mark.parametrize("key", [b"k", bytes(255)])
def test_a_newer_route_takes_the_place_of_the_older(key):
    cache, old, new = RouteCache(), route_to(1), route_to(2)
    for route in (old, new, new):
        cache.put(b"e", key, route)
    assert (cache.find(b"e", key), cache.count, cache.route_count) == (new, 1, 1)


@pytest.mark.parametrize("queues", [(), (5,), (0, 2**32 - 1, 7, 7)])
def test_names_that_lead_to_the_same_queues_share_a_route(queues):
    cache, exchange = RouteCache(), Exchange()
    for key in (b"k", b"l", bytes(255)):
        cache.put(b"e", key, route_to(*queues, exchange=exchange))
    first = cache.find(b"e", b"k")
    assert cache.find(b"e", b"l") is cache.find(b"e", bytes(255)) is first
    assert (cache.count, cache.route_count) == (3, 1)


@pytest.mark.parametrize("queues", [(), (6,), (5, 5), (5, 6)])
def test_names_that_lead_elsewhere_have_a_route_of_their_own(queues):
    cache, exchange, other = RouteCache(), Exchange(), Exchange()
    routes = [
        Route(exchange, (5,)),
        Route(exchange, queues),
        Route(other, (5,)),
        Route(exchange, (5,), other),
        Route(exchange, (), by_content=True),
    ]
    for number, route in enumerate(routes):
        cache.put(b"e", b"%d" % number, route)
    assert [cache.find(b"e", b"%d" % number) for number in range(5)] == routes
    exchange.changed()
    cache.put(b"e", b"k", Route(exchange, (5,)))
    assert (cache.find(b"e", b"0"), cache.find(b"e", b"k").queue(0)) == (None, 5)


def test_a_route_is_forgotten_with_the_last_names_that_lead_to_it():
    cache, exchange, other = RouteCache(0, 4), Exchange(), Exchange()
    for number in range(4):
        cache.put(b"e", b"%d" % number, route_to(1, exchange=exchange))
    exchange.changed()
    counts = []
    for number in range(4):
        cache.put(b"f", b"%d" % number, route_to(1, exchange=other))
        counts.append(cache.route_count)
    assert counts == [2, 2, 2, 1]


@pytest.mark.parametrize("count", [1, ROUTES_AT_FIRST, 5000])
def test_a_cache_with_room_remembers_nearly_all(count):
    cache, known = cache_of(count, routes_max=65536)
    assert len(known) >= count * 0.9
    assert cache.count >= len(known)


@pytest.mark.parametrize("routes_max", [4, 8, 256, 1000, 1024])
def test_a_cache_keeps_no_more_than_it_may_and_the_newest_is_among_them(routes_max):
    cache, known = cache_of(4000, routes_max=routes_max)
    assert routes_max / 4 < len(known) <= cache.count <= routes_max
    assert b"3999" in known


def test_stale_routes_make_room_for_good_ones():
    cache, exchange = RouteCache(0, 4), Exchange()
    kept = [route_to(n) for n in range(3)]
    for number, route in enumerate(kept):
        cache.put(b"", b"%d" % number, route)
    for number in range(100):
        cache.put(b"gone", b"%d" % number, route_to(number, exchange=exchange))
        exchange.changed()
    assert [cache.find(b"", b"%d" % number) for number in range(3)] == kept


def test_growing_keeps_what_is_good_whatever_the_length_of_its_names():
    cache, exchange = RouteCache(), Exchange()
    for number in range(ROUTES_AT_FIRST):
        cache.put(b"%d" % number, b"k" * (number % 256), route_to(number % 3, exchange=exchange))
    found = [cache.find(b"%d" % number, b"k" * (number % 256)) for number in range(ROUTES_AT_FIRST)]
    assert [route and route.queue(0) for route in found] == [n % 3 for n in range(ROUTES_AT_FIRST)]
    assert (cache.count, cache.route_count) == (ROUTES_AT_FIRST, 3)


def test_growing_leaves_stale_routes_behind():
    cache, exchange = RouteCache(), Exchange()
    for number in range(ROUTES_AT_FIRST // 2):
        cache.put(b"", b"%d" % number, route_to(number, exchange=exchange))
    exchange.changed()
    before = cache.count
    for number in range(ROUTES_AT_FIRST // 2 + 10):
        cache.put(b"new", b"%d" % number, route_to(number))
    assert cache.count < before + ROUTES_AT_FIRST // 2
    assert cache.route_count == cache.count


@pytest.mark.parametrize(
    ("seed", "expected"),
    [
        (7, [1, 5, 6, 7, 9, 10, 11, 17, 19, 22, 26, 29, 30, 33, 38, 39]),
        (2**64 - 1, [0, 2, 4, 5, 8, 10, 15, 17, 19, 22, 26, 28, 32, 36, 37, 39]),
    ],
)
def test_which_routes_are_crowded_out_is_the_same_in_every_build(seed, expected):
    """The hash decides, so these keys pin its value: compiled, uncompiled, on any machine."""
    _, known = cache_of(40, routes_max=16, seed=seed)
    assert sorted(map(int, known)) == expected


def test_a_route_says_whether_the_content_decides():
    assert not Route(Exchange(), [1]).by_content
    route = Route(Exchange(), (), by_content=True)
    assert (route.by_content, route.queue_count) == (True, 0)


NAMES = st.sampled_from([b"", b"a", b"b", b"ab", bytes(255)])


@settings(max_examples=settings().max_examples // 2)
@given(
    st.sampled_from([4, 8, 65536]),
    st.lists(st.tuples(st.sampled_from("pppc"), NAMES, NAMES), max_size=60),
)
def test_what_is_found_is_what_was_put_last_and_is_good(routes_max, commands):
    cache = RouteCache(3, routes_max)
    exchanges: dict[bytes, Exchange] = {}
    last: dict[tuple[bytes, bytes], Route] = {}
    for command, name, key in commands:
        exchange = exchanges.setdefault(name, Exchange())
        if command == "p":
            last[name, key] = Route(exchange, [len(last) % 3])
            cache.put(name, key, last[name, key])
        else:
            exchange.changed()
            last = {names: route for names, route in last.items() if names[0] != name}
        for names in ((e, k) for e in exchanges for k in (b"", b"a", b"b", b"ab", bytes(255))):
            found = cache.find(*names)
            if found is None:
                assert names not in last or routes_max < 65536
            else:
                assert found.meaning() == last[names].meaning()


def test_the_queues_of_all_routes_together_have_a_limit():
    """Where each key leads to many queues, and no other leads to the same."""
    cache, exchange = RouteCache(), Exchange()
    for number in range(40):
        queues = range(number, number + (1 << 18))
        cache.put(b"e", b"%d" % number, route_to(*queues, exchange=exchange))
        assert cache.target_count <= 1 << 22
    assert cache.find(b"e", b"39") is not None
    assert cache.find(b"e", b"0") is None


def test_the_queues_of_routes_that_are_replaced_do_not_count():
    cache = RouteCache(routes_max=4)
    for number in range(100):
        cache.put(b"", b"%d" % (number % 10), route_to(1, 2, 3))
    assert cache.target_count == 3 * cache.count


def test_the_queues_of_a_route_that_many_names_share_count_once():
    cache, exchange = RouteCache(), Exchange()
    for number in range(10):
        cache.put(b"e", b"%d" % number, route_to(1, 2, 3, exchange=exchange))
    assert cache.target_count == 3


def test_a_cache_that_was_cleared_is_as_new():
    cache, _ = cache_of(1_000, routes_max=4096)
    cache.clear()
    assert (cache.count, cache.target_count, cache.route_count) == (0, 0, 0)
    assert cache.find(b"", b"1") is None
    cache.put(b"", b"1", route_to(7))
    assert cache.find(b"", b"1") is not None
