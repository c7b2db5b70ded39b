"""What is held, how many were reached, and what goes away."""

from __future__ import annotations

from typing import Any

import pytest

from leveret.bench.errors import BenchError
from leveret.bench.idle import Held, Idle, IdleTotals
from leveret.bench.options import Options
from leveret.bench.session import Session
from leveret.bench.uri import parse_uri
from leveret.wire.amqp091.methods import (
    ChannelClose,
    QueueDeclare,
    QueueDeclareOk,
    QueueDelete,
    QueueDeleteOk,
)
from tests.bench.scripted_broker import Side, playing
from tests.broker_process import STOP_LIMIT_S, BrokerProcess, running_broker

BRIEFLY = 0.01


def idle(uri: str, **options: Any) -> Idle:
    return Idle(Options(uri=uri, quiet=True, **options))


def declare_passively(broker: BrokerProcess, queue: str) -> None:
    session = Session(parse_uri(broker.url))
    try:
        session.call(QueueDeclare(queue=queue, passive=True), QueueDeclareOk)
        session.call(QueueDelete(queue=queue), QueueDeleteOk)
    finally:
        session.close()


def test_connections_and_queues_are_held(broker: BrokerProcess) -> None:
    totals = idle(broker.url, idle_connections=5, idle_queues=150, time=BRIEFLY)()
    assert (totals.connections.reached, totals.queues.reached) == (5, 150)
    assert (totals.connections.lost, totals.failure) == (0, None)
    assert totals.held_seconds >= BRIEFLY


def test_the_runs_own_queues_are_deleted(broker: BrokerProcess) -> None:
    one = idle(broker.url, idle_queues=1, time=BRIEFLY)
    one()
    with pytest.raises(BenchError, match="404"):
        declare_passively(broker, one.names[0])


def test_named_queues_are_kept(broker: BrokerProcess) -> None:
    idle(broker.url, idle_queues=2, queue="idle-%d", time=BRIEFLY)()
    for queue in ("idle-0", "idle-1"):
        declare_passively(broker, queue)


def test_it_ends_when_it_is_stopped(broker: BrokerProcess) -> None:
    one = idle(broker.url, idle_connections=5)
    one.stopped = True
    assert one().connections.reached == 0


def test_where_the_broker_refuses_more_it_says_how_many_were_reached() -> None:
    def script(side: Side) -> None:
        side.open()
        for _ in range(100):
            side.expect(QueueDeclare)
            side.send(QueueDeclareOk(queue="q", message_count=0, consumer_count=0))
        side.expect(QueueDeclare)
        side.send(ChannelClose(reply_code=406, reply_text="PRECONDITION_FAILED - enough"))

    with playing(script) as address:
        totals = idle(f"amqp://{address.host}:{address.port}", idle_queues=101, queue="q")()
    assert totals.queues.reached == 100
    assert totals.failure == "the broker answered 406 PRECONDITION_FAILED - enough"


def test_a_broker_that_stops_loses_the_connections() -> None:
    with running_broker() as stopping:
        one = idle(stopping.url, idle_connections=3)
        stop_when_held(one, stopping)
        totals = one()
        stopping.process.wait(STOP_LIMIT_S)
    assert totals.connections.lost == 3
    assert totals.failure is not None
    assert totals.failure.startswith("the broker answered 320 CONNECTION_FORCED")


def stop_when_held(one: Idle, broker: BrokerProcess) -> None:
    hold = one.hold

    def stop_and_hold(start: int) -> None:
        broker.process.terminate()
        hold(start)

    one.hold = stop_and_hold  # type: ignore[method-assign]  # the moment to stop the broker at


def example(**fields: Any) -> IdleTotals:
    held = Held(wanted=1000, reached=500, seconds=0.25, lost=2)
    defaults: dict[str, Any] = {"queues": Held(0), "held_seconds": 5.0, "failure": "enough"}
    return IdleTotals(connections=held, **defaults | fields)


def test_text_has_what_was_wanted() -> None:
    first, second = example().as_text().splitlines()
    assert first.split() == (
        "connections 500 of 1,000 in 0.25 s: 2,000 per second, 2 lost since".split()
    )
    assert second == "held for 5.00 s"


def test_json_has_everything() -> None:
    assert example().as_json() == {
        "connections": {"wanted": 1000, "reached": 500, "seconds": 0.25, "lost": 2},
        "queues": {"wanted": 0, "reached": 0, "seconds": 0, "lost": 0},
        "held_seconds": 5.0,
        "failure": "enough",
    }
