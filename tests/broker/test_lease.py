from dataclasses import replace

import pytest


@pytest.fixture
def at(host):
    """Has turns until nothing is left to do at that time."""

    def at(now):
        host.shard.agenda.set_time(now)
        while host.shard.pending:
            host.shard.turn()

    return at


@pytest.fixture
def leased(host, at):
    at(1000)
    return host.declare_queue("q", arguments={"x-expires": 50}, connection=None)


def test_a_queue_that_nobody_uses_goes(host, at, leased, fill):
    at(1049)
    fill(leased, 1)
    assert "q" in host.queues
    at(1050)
    assert "q" not in host.queues
    assert leased.store.closed


@pytest.mark.parametrize("passive", [True, False])
def test_to_declare_it_is_to_use_it(host, at, leased, passive):
    at(1049)
    host.declare_queue(
        "q", passive=passive, arguments={} if passive else leased.arguments, connection=None
    )
    at(1098)
    assert "q" in host.queues
    at(1099)
    assert "q" not in host.queues


def test_it_stays_as_long_as_somebody_consumes_and_then_for_its_time(host, at, leased, subscriber):
    consumer = subscriber()
    leased.subscribe(consumer)
    at(2000)
    assert "q" in host.queues
    leased.unsubscribe(consumer)
    at(2049)
    assert "q" in host.queues
    at(2050)
    assert "q" not in host.queues


def test_a_consumer_is_told_if_it_comes_too_late_for_the_clock(host, at, leased, subscriber):
    at(1049)
    leased.subscribe(subscriber())
    at(1050)
    assert "q" in host.queues


def test_a_queue_that_was_deleted_is_not_deleted_again(host, at, leased):
    host.delete_queue("q", connection=None)
    other = host.declare_queue("q", connection=None)
    at(1100)
    assert host.queues["q"] is other


def test_another_lease_counts_from_when_it_is_given(host, at, leased):
    at(1040)
    replace(leased.settings, expires=100).apply(leased)
    replace(leased.settings, max_length=5).apply(leased)
    at(1139)
    assert "q" in host.queues
    at(1140)
    assert "q" not in host.queues


def test_without_a_lease_it_stays(host, at, leased):
    replace(leased.settings, expires=None).apply(leased)
    at(10_000)
    assert "q" in host.queues
