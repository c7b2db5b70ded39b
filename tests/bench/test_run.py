"""Whole runs against a broker."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from leveret.bench.errors import BenchError
from leveret.bench.options import Options
from leveret.bench.run import Run
from leveret.bench.session import Session
from leveret.bench.totals import Counts, Totals
from leveret.bench.uri import parse_uri
from leveret.wire.amqp091.methods import (
    ExchangeDeclare,
    ExchangeDeclareOk,
    ExchangeDelete,
    ExchangeDeleteOk,
    QueueDeclare,
    QueueDeclareOk,
    QueueDelete,
    QueueDeleteOk,
)
from tests.broker_process import STOP_LIMIT_S, BrokerProcess, running_broker


def run(broker: BrokerProcess, **options: Any) -> Totals:
    return Run(Options(uri=broker.url, quiet=True, **options))()


@contextmanager
def session(broker: BrokerProcess) -> Iterator[Session]:
    opened = Session(parse_uri(broker.url))
    try:
        yield opened
    finally:
        opened.close()


def message_count(broker: BrokerProcess, queue: str) -> int:
    """What is in the queue, which is deleted."""
    with session(broker) as control:
        return control.call(QueueDelete(queue=queue), QueueDeleteOk).message_count


@contextmanager
def at_the_start(happens: Callable[[], object]) -> Iterator[None]:
    happens()
    yield


def test_all_that_is_published_is_consumed(broker: BrokerProcess) -> None:
    totals = run(broker, count=5000)
    assert totals.counts == Counts(published=5000, consumed=5000)
    assert totals.failure is None


def test_all_that_is_published_is_confirmed(broker: BrokerProcess) -> None:
    totals = run(broker, count=500, confirm=7, size=0)
    assert totals.counts == Counts(published=500, consumed=500, acked=500)


@pytest.mark.parametrize(("ack", "prefetch"), [(1, 1), (1, 0), (7, 10), (100, 100)])
def test_all_that_is_consumed_is_acknowledged(
    broker: BrokerProcess, ack: int, prefetch: int
) -> None:
    run(broker, count=1000, ack=ack, prefetch=prefetch, queue="bench-acks")
    assert message_count(broker, "bench-acks") == 0


def test_a_body_may_be_larger_than_a_frame(broker: BrokerProcess) -> None:
    assert run(broker, count=20, size=300_000).counts.consumed == 20


def test_a_fanout_is_consumed_from_each_queue(broker: BrokerProcess) -> None:
    totals = run(broker, count=100, exchange="amq.fanout", queues=5, consumers=5)
    assert totals.counts == Counts(published=100, consumed=500)


def test_each_of_many_routing_keys_is_bound(broker: BrokerProcess) -> None:
    totals = run(broker, count=600, exchange="amq.direct", routing_keys=300)
    assert totals.counts == Counts(published=600, consumed=600)


def test_names_with_numbers_may_differ_in_length(broker: BrokerProcess) -> None:
    totals = run(broker, count=600, queue="numbered-%d", queues=12, consumers=5, latency=True)
    assert totals.counts == Counts(published=600, consumed=600)
    assert [message_count(broker, f"numbered-{number}") for number in range(12)] == [0] * 12


@pytest.mark.slow
def test_keys_may_be_bound_by_one_pattern(broker: BrokerProcess) -> None:
    keys = {"routing_key": "key.%d", "routing_keys": 20, "binding_key": "key.#"}
    totals = run(broker, count=100, exchange_type="topic", queues=2, consumers=2, **keys)
    assert totals.counts == Counts(published=100, consumed=200)


@pytest.mark.slow
def test_each_queue_may_have_its_binding_key(broker: BrokerProcess) -> None:
    keys = {"routing_key": "k-%d", "routing_keys": 12, "binding_key": "k-%d"}
    totals = run(broker, count=120, exchange_type="direct", queues=12, **keys)
    assert totals.counts == Counts(published=120, consumed=120)


def test_the_runs_own_exchange_is_deleted(broker: BrokerProcess) -> None:
    one_run = Run(Options(uri=broker.url, count=1, exchange_type="fanout", quiet=True))
    one_run()
    with session(broker) as control, pytest.raises(BenchError, match="404 NOT_FOUND"):
        declare = ExchangeDeclare(exchange=one_run.topology.exchange, type="fanout", passive=True)
        control.call(declare, ExchangeDeclareOk)


def test_a_named_exchange_is_declared_and_kept(broker: BrokerProcess) -> None:
    for _ in range(2):
        run(broker, count=1, exchange="bench-kept-exchange", exchange_type="fanout")
    with session(broker) as control:
        delete = ExchangeDelete(exchange="bench-kept-exchange")
        control.call(delete, ExchangeDeleteOk)


def test_queue_arguments_are_declared(broker: BrokerProcess) -> None:
    run(broker, count=1, queue="bench-arguments", queue_arguments={"x-expires": 60_000})
    with pytest.raises(BenchError, match="406 PRECONDITION_FAILED - inequivalent arg 'x-expires'"):
        run(broker, count=1, queue="bench-arguments")
    message_count(broker, "bench-arguments")


def test_properties_arrive_with_every_message(broker: BrokerProcess) -> None:
    properties = {"content_type": "text/plain", "priority": 3, "headers": {"id": 1}}
    totals = run(broker, count=100, properties=properties, persistent=True, durable=True)
    assert totals.counts.consumed == 100


@pytest.mark.parametrize(("queues", "consumers"), [(3, 2), (2, 3)])
def test_queues_and_consumers_need_not_be_as_many(
    broker: BrokerProcess, queues: int, consumers: int
) -> None:
    totals = run(broker, count=100, publishers=3, queues=queues, consumers=consumers)
    assert totals.counts == Counts(published=300, consumed=300)


def test_published_alone_is_kept_and_consumed_alone_later(broker: BrokerProcess) -> None:
    assert run(broker, count=50, queue="bench-kept", consumers=0).counts.consumed == 0
    assert run(broker, count=50, queue="bench-kept", publishers=0).counts.consumed == 50
    assert message_count(broker, "bench-kept") == 0


def test_one_consumer_empties_many_queues_that_are_full(broker: BrokerProcess) -> None:
    run(broker, count=5000, queue="full-%d", queues=3, consumers=0)
    assert run(broker, count=5000, queue="full-%d", queues=3, publishers=0).counts.consumed == 5000
    assert [message_count(broker, f"full-{number}") for number in range(3)] == [0] * 3


def test_the_runs_own_queue_is_deleted(broker: BrokerProcess) -> None:
    one_run = Run(Options(uri=broker.url, count=1, quiet=True))
    one_run()
    with session(broker) as control, pytest.raises(BenchError, match="404 NOT_FOUND"):
        control.call(QueueDeclare(queue=one_run.topology.queues[0], passive=True), QueueDeclareOk)


def test_the_backlog_is_bounded(broker: BrokerProcess) -> None:
    totals = run(broker, count=1000, backlog=10, queue="bench-backlog")
    assert totals.counts.consumed == 1000
    assert message_count(broker, "bench-backlog") == 0


def test_the_rate_is_kept_and_the_time(broker: BrokerProcess) -> None:
    totals = run(broker, rate=500, time=0.1)
    assert 0 < totals.counts.published <= totals.seconds * 500 + 1
    assert totals.seconds >= 0.1


def test_every_latency_is_measured(broker: BrokerProcess) -> None:
    totals = run(broker, count=100, confirm=1, latency=True)
    for latency in (totals.latency, totals.confirm_latency):
        assert latency is not None
        assert 0 < latency["p50"] <= latency["p99"] <= latency["max"]


def test_a_deleted_queue_ends_the_run(broker: BrokerProcess) -> None:
    def delete() -> None:
        message_count(broker, "bench-deleted")

    one_run = Run(Options(uri=broker.url, queue="bench-deleted", quiet=True))
    totals = one_run(at_the_start(delete))
    assert totals.failure == "the broker cancelled a consumer: its queue has gone"


def test_a_broker_that_stops_ends_the_run() -> None:
    with running_broker() as stopping:
        one_run = Run(Options(uri=stopping.url, quiet=True))
        totals = one_run(at_the_start(stopping.process.terminate))
        stopping.process.wait(STOP_LIMIT_S)
    assert totals.failure is not None
    assert totals.failure.startswith("the broker answered 320 CONNECTION_FORCED")


def test_an_unknown_exchange_is_refused(broker: BrokerProcess) -> None:
    with pytest.raises(BenchError, match="404 NOT_FOUND - no exchange 'nowhere'"):
        run(broker, exchange="nowhere")
