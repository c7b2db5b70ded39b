"""What is opened and closed again, against a broker."""

from __future__ import annotations

from typing import Any

import pytest

from leveret.bench.churn import Churn, ChurnTotals
from leveret.bench.errors import BenchError
from leveret.bench.options import CHURNS, Options
from leveret.bench.session import Session
from leveret.bench.uri import parse_uri
from leveret.wire.amqp091.methods import ChannelClose, QueueDeclare, QueueDeclareOk
from tests.bench.scripted_broker import Side, playing
from tests.broker_process import BrokerProcess


def churn(uri: str, **options: Any) -> ChurnTotals:
    return Churn(Options(uri=uri, quiet=True, **options))()


@pytest.mark.parametrize("kind", CHURNS)
def test_each_kind_is_opened_and_closed(broker: BrokerProcess, kind: str) -> None:
    totals = churn(broker.url, churn=kind, count=3)
    assert (totals.kind, totals.count, totals.failure) == (kind, 3, None)
    for latency in (totals.opening, totals.closing):
        assert latency is not None
        assert 0 < latency["p50"] <= latency["max"]


@pytest.mark.parametrize("kind", ["queues", "bindings", "consumers"])
def test_nothing_is_left_behind(broker: BrokerProcess, kind: str) -> None:
    one = Churn(Options(uri=broker.url, churn=kind, count=1, quiet=True))
    one()
    for name in (one.name, f"{one.name}-0"):
        session = Session(parse_uri(broker.url))
        with pytest.raises(BenchError, match="404"):
            session.call(QueueDeclare(queue=name, passive=True), QueueDeclareOk)
        session.close()


def test_it_ends_with_its_time(broker: BrokerProcess) -> None:
    totals = churn(broker.url, churn="channels", time=0.02)
    assert totals.count > 0
    assert totals.seconds >= 0.02


def test_it_ends_when_it_is_stopped(broker: BrokerProcess) -> None:
    one = Churn(Options(uri=broker.url, churn="channels", quiet=True))
    one.stopped = True
    totals = one()
    assert (totals.count, totals.opening) == (0, None)


def test_bindings_may_be_to_another_exchange(broker: BrokerProcess) -> None:
    totals = churn(broker.url, churn="bindings", count=3, exchange="nowhere")
    assert (totals.count, totals.opening) == (0, None)
    assert totals.failure is not None
    assert "no exchange 'nowhere'" in totals.failure


def test_what_the_broker_refuses_ends_it_with_the_totals_so_far() -> None:
    def script(side: Side) -> None:
        side.open()
        side.expect(QueueDeclare)
        side.send(ChannelClose(reply_code=403, reply_text="ACCESS_REFUSED - enough"))

    with playing(script) as address:
        uri = f"amqp://{address.host}:{address.port}"
        totals = churn(uri, churn="queues")
    assert totals.failure == "the broker answered 403 ACCESS_REFUSED - enough"


def example() -> ChurnTotals:
    latency = {"p50": 55.0, "max": 1200.4}
    return ChurnTotals(
        kind="queues", count=3000, seconds=2.0, opening=latency, closing=None, failure=None
    )


def test_text_has_the_rate_and_percentiles_in_microseconds() -> None:
    first, second = example().as_text().splitlines()
    assert first.split() == "queues 3,000 opened and closed in 2.00 s: 1,500 per second".split()
    assert second == "open, µs: p50 55  max 1,200"


def test_json_has_everything() -> None:
    assert example().as_json() == {
        "churn": "queues",
        "seconds": 2.0,
        "count": 3000,
        "per_second": 1500.0,
        "open_latency_us": {"p50": 55.0, "max": 1200.4},
        "close_latency_us": None,
        "failure": None,
    }
