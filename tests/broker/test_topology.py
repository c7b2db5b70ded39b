from itertools import pairwise

import pytest


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
    host, exchanges, declare, bind, unbind, how
):
    names = [f"auto {number}" for number in range(1100)]
    exchanges(*names, auto_delete=True)
    declare("q")
    bind("q", names[-1])
    if how == "unbind":
        unbind("q", names[-1])
    else:
        host.delete_queue("q", connection=None)
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
