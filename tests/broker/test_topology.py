from itertools import pairwise

import pytest

from leveret.broker.errors import PreconditionFailed
from leveret.broker.message import Message


@pytest.fixture
def exchanges(host):
    """Declares fanout exchanges bound in a row, each to the next."""

    def exchanges(*names, auto_delete=False):
        for name in names:
            host.declare_exchange(name, "fanout", auto_delete=auto_delete)
        for source, destination in pairwise(names):
            host.bind_exchange(destination=destination, source=source, routing_key="")

    return exchanges


@pytest.fixture
def bind(host):
    def bind(queue, exchange, routing_key=""):
        host.bind_queue(queue=queue, exchange=exchange, routing_key=routing_key, connection=None)

    return bind


@pytest.fixture
def unbind(host):
    def unbind(queue, exchange, routing_key=""):
        host.unbind_queue(queue=queue, exchange=exchange, routing_key=routing_key, connection=None)

    return unbind


def test_a_message_follows_bindings_between_exchanges(exchanges, declare, bind, routed):
    exchanges("a", "b", "c")
    declare("qa", "qc")
    bind("qa", "a")
    bind("qc", "c")
    assert routed("a", "") == ["qa", "qc"]
    assert routed("b", "") == ["qc"]


def test_a_queue_that_is_reached_twice_gets_a_message_once(host, declare, bind, routed):
    declare("q")
    for pattern in ("#", "a.*", "a.b"):
        bind("q", "amq.topic", pattern)
    assert routed("amq.topic", "a.b") == ["q"]


def test_exchanges_bound_in_a_circle_end(host, exchanges, declare, bind, routed):
    exchanges("a", "b", "c")
    host.bind_exchange(destination="a", source="c", routing_key="")
    host.bind_exchange(destination="a", source="a", routing_key="")
    declare("q")
    bind("q", "b")
    assert routed("a", "") == routed("b", "") == routed("c", "") == ["q"]


def test_each_exchange_on_the_way_judges_the_key_by_its_own_type(host, declare, bind, routed):
    host.bind_exchange(destination="amq.direct", source="amq.topic", routing_key="a.#")
    declare("q")
    bind("q", "amq.direct", "a.b")
    assert routed("amq.topic", "a.b") == ["q"]
    assert routed("amq.topic", "a.c") == []


def test_a_change_makes_the_routes_upstream_stale_and_no_others(host, exchanges, declare, bind):
    exchanges("a", "b", "c")
    host.declare_exchange("beside", "fanout")
    declare("q")
    routes = {name: host.route(name, "") for name in ("a", "b", "c", "beside")}
    bind("q", "b")
    assert [name for name, route in routes.items() if route.is_good()] == ["c", "beside"]


def test_routes_through_a_circle_become_stale(host, exchanges, declare, bind):
    exchanges("a", "b")
    host.bind_exchange(destination="a", source="b", routing_key="")
    declare("q")
    routes = [host.route(name, "") for name in ("a", "b")]
    bind("q", "b")
    assert not any(route.is_good() for route in routes)


def test_a_change_where_no_route_leads_costs_nothing_upstream(host, exchanges, declare, bind):
    exchanges("a", "b")
    declare("q1", "q2")
    route = host.route("a", "")
    bind("q1", "b")
    generation = host.exchanges["a"].source.generation
    assert not route.is_good()
    bind("q2", "b")
    assert host.exchanges["a"].source.generation == generation


def test_a_route_that_is_made_again_becomes_stale_again(host, exchanges, declare, bind):
    exchanges("a", "b")
    declare("q1", "q2")
    for queue in ("q1", "q2"):
        route = host.route("a", "")
        bind(queue, "b")
        assert not route.is_good()


def test_an_exchange_is_upstream_as_long_as_one_of_its_bindings_leads_here(
    host, exchanges, declare, bind
):
    exchanges("a", "b")
    host.bind_exchange(destination="b", source="a", routing_key="other")
    host.unbind_exchange(destination="b", source="a", routing_key="other")
    declare("q")
    route = host.route("a", "")
    bind("q", "b")
    assert not route.is_good()
    host.unbind_exchange(destination="b", source="a", routing_key="")
    assert host.exchanges["b"].upstream == {}


@pytest.mark.parametrize("change", ["unbind", "delete queue", "delete exchange"])
def test_whatever_removes_a_binding_makes_its_routes_stale(
    host, exchanges, declare, bind, unbind, change
):
    exchanges("a", "b")
    declare("q")
    bind("q", "b")
    routes = [host.route(name, "") for name in ("a", "b")]
    match change:
        case "unbind":
            unbind("q", "b")
        case "delete queue":
            host.delete_queue("q", connection=None)
        case "delete exchange":
            host.delete_exchange("b")
    assert not any(route.is_good() for route in routes)


def test_a_new_queue_makes_stale_what_led_nowhere_by_the_default_exchange(host, declare, routed):
    declare("q1")
    routes = {key: host.route("", key) for key in ("q1", "q2")}
    declare("q2")
    assert [key for key, route in routes.items() if route.is_good()] == ["q1"]
    assert routed("", "q2") == ["q2"]


def test_a_deleted_queue_makes_its_own_default_route_stale_and_no_other(host, declare, routed):
    declare("q1", "q2")
    routes = {key: host.route("", key) for key in ("q1", "q2")}
    host.delete_queue("q1", connection=None)
    assert [key for key, route in routes.items() if route.is_good()] == ["q2"]
    assert routed("", "q1") == []


def test_deleting_a_queue_removes_its_bindings(host, declare, bind, routed):
    declare("q1", "q2")
    for queue in ("q1", "q2"):
        bind(queue, "amq.direct", "key")
    host.delete_queue("q1", connection=None)
    assert routed("amq.direct", "key") == ["q2"]
    assert host.topology.binding_count == 1


def test_deleting_an_exchange_removes_its_bindings_at_both_ends(host, exchanges, declare, bind):
    exchanges("a", "b", "c")
    queue = declare("q")
    bind("q", "b")
    host.delete_exchange("b")
    assert queue.bindings is None
    assert host.exchanges["a"].binding_count == 0
    assert host.exchanges["c"].bindings is None
    assert host.topology.binding_count == 0


def test_an_auto_delete_exchange_goes_with_its_last_binding(host, exchanges, declare, bind, unbind):
    exchanges("auto", auto_delete=True)
    declare("q1", "q2")
    bind("q1", "auto")
    bind("q2", "auto")
    unbind("q1", "auto")
    assert "auto" in host.exchanges
    unbind("q2", "auto")
    assert "auto" not in host.exchanges


def test_an_auto_delete_exchange_that_was_never_bound_stays(host, exchanges):
    exchanges("auto", auto_delete=True)
    assert "auto" in host.exchanges


def test_an_auto_delete_exchange_goes_with_the_queue_that_it_fed(host, exchanges, declare, bind):
    exchanges("auto", auto_delete=True)
    declare("q")
    bind("q", "auto", "key 1")
    bind("q", "auto", "key 2")
    host.delete_queue("q", connection=None)
    assert "auto" not in host.exchanges


@pytest.mark.parametrize("how", ["unbind", "delete"])
def test_auto_delete_exchanges_go_one_after_the_other_in_a_row_of_any_length(
    host, exchanges, declare, bind, unbind, turns, how
):
    names = [f"auto {number}" for number in range(1100)]
    exchanges(*names, auto_delete=True)
    declare("q")
    bind("q", names[-1])
    if how == "unbind":
        unbind("q", names[-1])
    else:
        host.delete_queue("q", connection=None)
    assert turns() > 1
    assert not any(name in host.exchanges for name in names)
    assert host.topology.binding_count == 0


def test_an_auto_delete_exchange_with_other_bindings_stays(host, exchanges, declare, bind):
    exchanges("auto", auto_delete=True)
    declare("q1", "q2")
    bind("q1", "auto")
    bind("q2", "auto")
    host.delete_queue("q1", connection=None)
    assert "auto" in host.exchanges


def test_consumers_are_told_when_their_queue_goes(host, declare, subscriber):
    queue = declare("q")
    subscribers = [subscriber(), subscriber()]
    for one in subscribers:
        queue.subscribe(one)
    host.delete_queue("q", connection=None)
    assert [one.cancellations for one in subscribers] == [1, 1]
    assert queue.consumer_count == 0


def test_when_consumers_are_told_the_queue_has_let_go_and_its_messages_are_still_there(
    host, declare
):
    queue = declare("q")
    seen = []

    class Subscriber:
        exclusive = False

        def cancelled(self):
            queue.unsubscribe(self)
            seen.append(("q" in host.queues, queue.store.closed))

    queue.subscribe(Subscriber())
    host.delete_queue("q", connection=None)
    assert seen == [(False, False)]
    assert queue.store.closed


def test_a_queue_that_gets_the_number_of_a_deleted_one_gets_none_of_its_messages(
    host, declare, bind, routed
):
    old = declare("old").store.number
    bind("old", "amq.fanout")
    routed("amq.fanout", "")
    host.delete_queue("old", connection=None)
    assert declare("new").store.number == old
    assert host.routes.find(b"amq.fanout", b"") is None
    assert routed("amq.fanout", "") == []


def test_an_owner_is_forgotten_with_its_last_exclusive_queue(host, declare):
    owner = object()
    declare("q1", "q2", exclusive=True, connection=owner)
    host.delete_queue("q1", connection=owner)
    assert [queue.name for queue in host.topology.owned[owner]] == ["q2"]
    host.delete_queue("q2", connection=owner)
    assert host.topology.owned == {}


# Routes by content


@pytest.fixture
def reached(host):
    """The names of the queues that a message gets to, whatever decides."""

    def reached(exchange, *keys, **fields):
        names = {queue.store.number: queue.name for queue in host.queues.values()}
        route = host.route_message(Message(exchange, keys, **fields))
        return [names[route.queue(index)] for index in range(route.queue_count)]

    return reached


def test_a_route_that_gets_to_a_headers_exchange_is_by_content(host, declare, bind, reached):
    host.bind_exchange(destination="amq.headers", source="amq.topic", routing_key="a.#")
    declare("q", "h")
    bind("q", "amq.topic", "#")
    bind("h", "amq.headers")
    assert host.route("amq.topic", "a").by_content
    assert host.route("amq.topic", "a").queue_count == 0
    assert not host.route("amq.topic", "b").by_content
    assert sorted(reached("amq.topic", "a")) == ["h", "q"]
    assert reached("amq.topic", "b") == ["q"]


def test_a_route_by_content_is_stale_when_it_no_longer_is(host):
    ends = {"destination": "amq.headers", "source": "amq.topic", "routing_key": "#"}
    host.bind_exchange(**ends)
    route = host.route("amq.topic", "a")
    host.unbind_exchange(**ends)
    assert not route.is_good()
    assert not host.route("amq.topic", "a").by_content


def test_a_route_becomes_by_content_when_a_headers_exchange_comes_into_it(host):
    host.declare_exchange("e", "fanout")
    host.bind_exchange(destination="e", source="amq.topic", routing_key="#")
    route = host.route("amq.topic", "a")
    host.bind_exchange(destination="amq.match", source="e", routing_key="")
    assert not route.is_good()
    assert host.route("amq.topic", "a").by_content


def test_a_message_with_several_keys_gets_to_each_queue_once(declare, bind, reached):
    declare("q", "r")
    bind("q", "amq.topic", "a")
    bind("q", "amq.topic", "b")
    bind("r", "amq.topic", "b")
    assert reached("amq.topic", "a", "b", "a") == ["q", "r"]
    assert reached("", "r", "q", "none", "r") == ["r", "q"]


# Alternate exchanges


@pytest.fixture
def with_alternate(host):
    """Declares a direct exchange with an alternate."""

    def with_alternate(name, alternate, **options):
        arguments = {"alternate-exchange": alternate}
        host.declare_exchange(name, "direct", arguments=arguments, **options)

    return with_alternate


def test_an_alternate_gets_what_has_no_destination(with_alternate, declare, bind, routed):
    with_alternate("e", "amq.fanout")
    declare("bound", "other")
    bind("bound", "e", "k")
    bind("other", "amq.fanout")
    assert routed("e", "k") == ["bound"]
    assert routed("e", "none") == ["other"]


def test_alternates_follow_one_another_and_circles_end(with_alternate, declare, bind, routed):
    with_alternate("a", "b")
    with_alternate("b", "c")
    with_alternate("c", "a")
    assert routed("a", "k") == []
    declare("q")
    bind("q", "c", "k")
    assert routed("a", "k") == routed("b", "k") == routed("c", "k") == ["q"]
    assert routed("a", "x") == []


def test_an_exchange_bound_to_is_a_destination_even_if_it_has_none_itself(
    host, with_alternate, declare, bind, routed
):
    with_alternate("e", "amq.fanout")
    declare("q")
    bind("q", "amq.fanout")
    host.bind_exchange(destination="amq.direct", source="e", routing_key="k")
    assert routed("e", "k") == []


def test_an_exchange_on_the_way_has_its_own_alternate(host, with_alternate, declare, bind, routed):
    with_alternate("e", "amq.fanout")
    host.bind_exchange(destination="e", source="amq.topic", routing_key="#")
    declare("q")
    bind("q", "amq.fanout")
    assert routed("amq.topic", "k") == ["q"]


def test_an_alternate_may_come_and_go(host, with_alternate, declare, bind, routed):
    with_alternate("e", "later")
    declare("q")
    absent = host.route("e", "k")
    assert absent.queue_count == 0
    host.declare_exchange("later", "fanout")
    assert not absent.is_good()
    empty = host.route("e", "k")
    bind("q", "later")
    assert not empty.is_good()
    found = host.route("e", "k")
    assert routed("e", "k") == ["q"]
    host.delete_exchange("later")
    assert not found.is_good()
    assert routed("e", "k") == []


def test_an_alternate_that_deletes_itself_leaves_no_route(host, with_alternate, declare, bind):
    with_alternate("e", "passing")
    host.declare_exchange("passing", "fanout", auto_delete=True)
    declare("q")
    bind("q", "passing")
    route = host.route("e", "k")
    host.delete_queue("q", connection=None)
    assert not route.is_good()
    assert "passing" not in host.exchanges


def test_the_default_exchange_may_be_the_alternate(host, with_alternate, declare, routed):
    with_alternate("e", "")
    absent = host.route("e", "q")
    declare("q")
    assert not absent.is_good()
    route = host.route("e", "q")
    assert routed("e", "q") == ["q"]
    host.delete_queue("q", connection=None)
    assert not route.is_good()
    assert routed("e", "q") == []


def test_a_reply_queue_that_goes_leaves_no_route_through_an_alternate(host, with_alternate, routed):
    with_alternate("e", "")
    reply_queue = host.open_reply_queue("connection")
    route = host.route("e", reply_queue.name)
    assert route.queue_count == 1
    host.close_reply_queue(reply_queue)
    assert not route.is_good()
    assert routed("e", reply_queue.name) == []


def test_what_names_an_alternate_is_forgotten_with_its_exchange(host, with_alternate):
    with_alternate("e", "a")
    with_alternate("f", "a")
    host.delete_exchange("e")
    assert list(host.topology.alternated) == ["a"]
    host.delete_exchange("f")
    assert host.topology.alternated == {}


def test_an_alternate_is_for_messages_with_several_keys_of_which_none_leads(
    with_alternate, declare, bind, reached
):
    with_alternate("e", "amq.fanout")
    declare("bound", "other")
    bind("bound", "e", "k")
    bind("other", "amq.fanout")
    assert reached("e", "x", "k") == ["bound"]
    assert reached("e", "x", "y") == ["other"]


# What the broker hands on itself


@pytest.mark.parametrize("to", ["queue", "exchange"])
def test_a_message_is_handed_on_to_a_queue_or_through_an_exchange(host, declare, bind, to):
    declare("q")
    bind("q", "amq.direct", "k")
    destination = host.queues["q"] if to == "queue" else host.exchanges["amq.direct"]
    host.topology.deliver(Message("e", ("k",), body=memoryview(b"hello")), destination)
    assert host.queues["q"].message_count == 1
    assert host.queues["q"].store.ready_bytes == 5


def test_a_binding_that_its_type_refuses_is_nowhere(host, declare, bind):
    host.declare_exchange("e", "x-consistent-hash")
    queue = declare("q")
    with pytest.raises(PreconditionFailed):
        bind("q", "e", "no weight")
    assert (host.exchanges["e"].binding_count, queue.bindings) == (0, None)
    assert host.topology.binding_count == 0


@pytest.mark.parametrize(
    ("type", "arguments", "by_content"),
    [
        ("x-consistent-hash", {}, False),
        ("x-consistent-hash", {"hash-header": "h"}, True),
        ("x-modulus-hash", {}, False),
        ("x-random", {}, True),
        ("x-recent-history", {}, True),
    ],
)
def test_only_what_hangs_on_more_than_the_key_is_asked_for_each_message(
    host, declare, bind, reached, type, arguments, by_content
):
    host.declare_exchange("e", type, arguments=arguments)
    declare("q")
    bind("q", "e", "1")
    assert host.route("e", "k").by_content == by_content
    assert reached("e", "k") == ["q"]


@pytest.mark.parametrize("through", [(), ("f",)])
def test_a_history_is_handed_on_to_what_is_bound(host, declare, reached, through):
    host.declare_exchange("e", "x-recent-history")
    host.declare_exchange("f", "fanout")
    queue = declare("q")
    ends = {"queue": "q", "routing_key": "", "connection": None}
    reached("e", "k", body=b"12")
    reached("e", "k", body=b"345")
    if through:
        host.bind_queue(exchange="f", **ends)
        host.bind_exchange(destination="f", source="e", routing_key="")
    else:
        host.bind_queue(exchange="e", **ends)
    assert (queue.message_count, queue.store.ready_bytes) == (2, 5)
