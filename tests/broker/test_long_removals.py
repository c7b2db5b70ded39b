"""Exchanges, queues and bindings that are removed in slices of several turns."""

import pytest


@pytest.fixture
def busy(host):
    """What may be done at once in this turn has been done."""
    host.shard.chores.spend(1 << 14)


@pytest.fixture
def bind(host):
    def bind(queue, exchange, routing_key=""):
        host.bind_queue(queue=queue, exchange=exchange, routing_key=routing_key, connection=None)

    return bind


MANY = 500


@pytest.fixture
def many(declare, bind):
    """A queue with many bindings from one exchange."""
    queue = declare("q")
    for number in range(MANY):
        bind("q", "amq.topic", f"key.{number}")
    return queue


def test_an_exchange_goes_at_once_and_its_bindings_over_turns(host, declare, bind, turns, busy):
    host.declare_exchange("e", "direct")
    host.bind_exchange(destination="e", source="amq.fanout", routing_key="")
    queue = declare("q")
    for number in range(MANY):
        bind("q", "e", str(number))
    chore = host.delete_exchange("e")
    assert (chore.done, "e" in host.exchanges) == (False, False)
    assert host.route("amq.fanout", "7").queue_count == 0
    assert turns() > 1
    assert (chore.done, queue.bindings, host.topology.binding_count) == (True, None, 0)
    assert host.exchanges["amq.fanout"].binding_count == 0


def test_a_queue_goes_at_once_and_its_bindings_over_turns(host, many, routed, turns, busy):
    assert routed("amq.topic", "key.7") == ["q"]
    chore = host.delete_queue("q", connection=None).chore
    assert (chore.done, "q" in host.queues, many.store.closed) == (False, False, True)
    assert host.route("amq.topic", "key.8").queue_count == 0
    assert turns() > 1
    assert (chore.done, host.topology.binding_count) == (True, 0)
    assert host.exchanges["amq.topic"].binding_count == 0


def test_no_other_queue_has_the_number_of_one_to_which_routes_may_still_lead(
    host, many, declare, turns, busy
):
    stale = host.route("amq.topic", "key.7")
    number = many.store.number
    host.delete_queue("q", connection=None)
    host.shard.turn()
    assert stale.is_good() or host.topology.binding_count < MANY
    assert declare("early").store.number != number
    turns()
    assert not stale.is_good()
    assert declare("late").store.number == number


def test_a_binding_that_goes_at_both_ends_is_counted_once(host, declare, bind, turns, busy):
    host.declare_exchange("e", "topic", auto_delete=True)
    declare("q")
    for number in range(MANY):
        bind("q", "e", str(number))
    host.delete_queue("q", connection=None)
    host.delete_exchange("e")
    turns()
    assert (host.topology.binding_count, "e" in host.exchanges) == (0, False)


def test_what_is_declared_while_its_namesake_goes_is_not_touched(host, many, declare, bind, turns):
    host.shard.chores.spend(1 << 14)
    host.delete_queue("q", connection=None)
    again = declare("q")
    bind("q", "amq.topic", "key.0")
    turns()
    assert host.queues["q"] is again
    assert (len(again.bindings), host.topology.binding_count) == (1, 1)


def test_consumers_are_told_over_turns_that_their_queue_has_gone(
    host, declare, subscriber, turns, busy
):
    queue = declare("q")
    subscribers = [subscriber() for _ in range(MANY)]
    for each in subscribers:
        queue.subscribe(each)
    host.delete_queue("q", connection=None)
    assert turns() > 1
    assert [each.cancellations for each in subscribers] == [1] * MANY


def test_a_connections_queues_go_over_turns(host, declare, turns, busy):
    connection = object()
    for number in range(MANY):
        declare(f"q{number}", exclusive=True, connection=connection)
    kept = declare("other", exclusive=True, connection="another")
    host.delete_queue("q7", connection=connection)
    chore = host.connection_closed(connection)
    assert host.connection_closed(connection) is None
    host.delete_queue("q9", connection=connection)
    assert turns() > 1
    assert chore.done
    assert list(host.queues.values()) == [kept]
