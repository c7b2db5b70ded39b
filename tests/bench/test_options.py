"""Which options go together, and what follows from them."""

from __future__ import annotations

from typing import Any

import pytest

from leveret.bench.errors import BenchError
from leveret.bench.options import CHURNS, OF_CHURN, OF_IDLE, Options


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"publishers": 0, "consumers": 0}, "no publishers and no consumers"),
        ({"ack": 11, "prefetch": 10}, "--ack may not be larger than --prefetch"),
        ({"latency": True, "size": 7}, "at least 8 bytes"),
        ({"backlog": 5, "consumers": 0}, "--backlog needs publishers and consumers"),
        ({"backlog": 5, "exchange": "x", "binding_key": "k"}, "--backlog needs to know"),
        ({"routing_keys": 2}, "--routing-keys needs --exchange or --exchange-type"),
        ({"routing_key": "a"}, "--routing-key needs --exchange"),
        ({"binding_key": "a"}, "--binding-key needs --exchange"),
        ({"binding_arguments": {"a": 1}}, "--binding-argument needs --exchange"),
        ({"churn": "queues", "idle_queues": 1}, "--idle-queues does not go with --churn"),
        ({"churn": "queues", "rate": 1}, "--rate does not go with --churn"),
        ({"idle_queues": 1, "count": 1}, "--count does not go with --idle-connections"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    options: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(BenchError, match=complaint):
        Options(**options)


def test_a_consumer_alone_measures_latency_of_any_body() -> None:
    assert Options(latency=True, size=0, publishers=0).latency


def test_an_option_without_effect_is_named_as_the_command_line_spells_it() -> None:
    with pytest.raises(BenchError, match="--binding-argument does not go with --churn"):
        Options(churn="queues", binding_arguments={"a": 1})


@pytest.mark.parametrize("allowed", [OF_CHURN, OF_IDLE])
def test_what_is_allowed_exists(allowed: set[str]) -> None:
    assert allowed <= set(Options.__dataclass_fields__)


@pytest.mark.parametrize("kind", CHURNS)
def test_a_churn_may_end(kind: str) -> None:
    assert Options(churn=kind, time=1, count=5, durable=True).churn == kind


@pytest.mark.parametrize(
    ("options", "copies"),
    [
        ({}, 1),
        ({"exchange": "x"}, 3),
        ({"exchange_type": "fanout"}, 3),
        ({"exchange_type": "x-consistent-hash", "binding_key": "1"}, 1),
        ({"exchange_type": "x-random"}, 1),
        ({"exchange": "x", "binding_key": "k-%d"}, None),
        ({"exchange_type": "headers", "binding_arguments": {"id": 1}}, None),
    ],
)
def test_how_many_queues_get_a_message(options: dict[str, Any], copies: int | None) -> None:
    assert Options(queues=3, **options).copies == copies
