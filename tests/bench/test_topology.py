"""Which queues a run has, and who uses which."""

from __future__ import annotations

import os
from typing import Any

from leveret.bench.options import Options
from leveret.bench.topology import Topology, numbered


def topology(**options: Any) -> Topology:
    return Topology.of(Options(**options))


def test_a_run_has_a_queue_of_its_own() -> None:
    assert topology().queues == (f"leveret-bench-{os.getpid()}",)


def test_numbers_have_one_length() -> None:
    assert numbered("q", 11)[::10] == ("q-00", "q-10")


def test_a_place_for_the_number_is_filled() -> None:
    assert numbered("q-%d", 11)[::10] == ("q-0", "q-10")
    assert numbered("a-%03d.b", 2) == ("a-000.b", "a-001.b")
    assert numbered("q-%d", 1) == ("q-0",)
    assert numbered("100%", 2) == ("100%-0", "100%-1")


def test_an_exchange_of_the_runs_own_needs_a_type_only() -> None:
    own = f"leveret-bench-{os.getpid()}"
    assert topology(exchange_type="topic").exchange == own
    assert topology(exchange_type="topic", exchange="x").exchange == "x"
    assert topology().exchange == ""


def test_the_default_exchange_routes_to_each_queue_in_turn() -> None:
    assert topology(queue="q", queues=2).routing_keys == ("q-0", "q-1")


def test_an_exchange_gets_the_key_or_the_queue_name() -> None:
    assert topology(queue="q", queues=2, exchange="x").routing_keys == ("q",)
    assert topology(exchange="x", routing_key="k").routing_keys == ("k",)
    assert topology(exchange="x", routing_key="k", routing_keys=2).routing_keys == ("k-0", "k-1")


def test_few_consumers_share_the_queues_out() -> None:
    three = topology(queue="q", queues=3)
    assert three.queues_of_consumer(0, consumers=2) == ("q-0", "q-2")
    assert three.queues_of_consumer(1, consumers=2) == ("q-1",)


def test_many_consumers_take_turns_over_the_queues() -> None:
    two = topology(queue="q", queues=2)
    assert [two.queues_of_consumer(index, consumers=3) for index in range(3)] == [
        ("q-0",),
        ("q-1",),
        ("q-0",),
    ]
