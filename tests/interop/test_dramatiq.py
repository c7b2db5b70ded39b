"""Dramatiq: actors, a worker with threads in this process, retries, delays, results."""

import queue
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import dramatiq
import pika.exceptions
import pytest
from dramatiq import Worker
from dramatiq.brokers.rabbitmq import RabbitmqBroker
from dramatiq.errors import ConnectionClosed
from dramatiq.middleware import AgeLimit, Callbacks, Pipelines, Retries
from dramatiq.results import ResultFailure, Results
from dramatiq.results.backends import StubBackend

from tests.interop.broker_under_test import BrokerUnderTest

WAIT_SECONDS_MAX = 10
WAIT_MS_MAX = WAIT_SECONDS_MAX * 1000
WAKE_UP_MS = 20  # of an idle worker; it also has to wake up to stop

pytestmark = pytest.mark.slow


class Bench:
    """A Dramatiq broker whose queues all begin with the name of the test, and its workers."""

    def __init__(self, broker: BrokerUnderTest, name: str, **options: object) -> None:
        middleware = [
            *(AgeLimit(), Callbacks(), Pipelines(), Retries(min_backoff=1, max_backoff=5)),
            Results(backend=StubBackend()),
        ]
        self.queue = name
        self.dramatiq = RabbitmqBroker(url=broker.url, middleware=middleware, **options)
        self.done: queue.Queue[object] = queue.Queue()

    def actor(self, function: Callable[..., object], **options: object) -> dramatiq.Actor:
        options = {"queue_name": self.queue, "max_retries": 0, **options}
        return dramatiq.actor(function, broker=self.dramatiq, **options)

    @contextmanager
    def working(self, threads: int = 2) -> Iterator[Worker]:
        worker = Worker(self.dramatiq, worker_timeout=WAKE_UP_MS, worker_threads=threads)
        worker.start()
        try:
            yield worker
        finally:
            worker.stop()

    def next_done(self) -> object:
        return self.done.get(timeout=WAIT_SECONDS_MAX)

    def counts(self) -> tuple[int, ...]:
        """The messages that are ready: the queue's, the delayed and the dead ones."""
        return tuple(self.dramatiq.get_queue_message_counts(self.queue))


@pytest.fixture
def make_bench(broker: BrokerUnderTest, name: str) -> Iterator[Callable[..., Bench]]:
    benches: list[Bench] = []

    def make_bench(**options: object) -> Bench:
        options = {"confirm_delivery": True, **options}
        benches.append(Bench(broker, name, **options))
        dramatiq.set_broker(benches[-1].dramatiq)  # messages look there for their results
        return benches[-1]

    yield make_bench
    for bench in benches:
        bench.dramatiq.close()
    for own in (f"{name}.DQ", f"{name}.XQ"):
        broker.forget(own)


@pytest.fixture
def bench(make_bench: Callable[..., Bench]) -> Bench:
    return make_bench()


def test_an_actor_is_called(bench: Bench) -> None:
    actor = bench.actor(lambda *arguments: bench.done.put(arguments), actor_name="act")
    actor.send(1, "two", None)
    with bench.working():
        assert bench.next_done() == (1, "two", None)
    assert bench.counts() == (0, 0, 0)


def test_many_messages_over_many_threads(bench: Bench) -> None:
    actor = bench.actor(bench.done.put, actor_name="act")
    for number in range(200):
        actor.send(number)
    with bench.working(threads=8):
        assert sorted(bench.next_done() for _ in range(200)) == list(range(200))
    assert bench.counts() == (0, 0, 0)


def test_threads_work_at_the_same_time(bench: Bench) -> None:
    barrier = threading.Barrier(3)
    meet = bench.actor(lambda: bench.done.put(barrier.wait(WAIT_SECONDS_MAX)), actor_name="meet")
    for _ in range(3):
        meet.send()
    with bench.working(threads=3):
        assert sorted(bench.next_done() for _ in range(3)) == [0, 1, 2]


def test_a_result_is_kept(bench: Bench) -> None:
    add = bench.actor(lambda x, y: x + y, actor_name="add", store_results=True)
    with bench.working():
        assert add.send(2, 3).get_result(block=True, timeout=WAIT_MS_MAX) == 5


def test_a_failure_is_kept(bench: Bench) -> None:
    divide = bench.actor(
        lambda x: 1 // x, actor_name="divide", store_results=True, throws=(ValueError,)
    )
    with bench.working(), pytest.raises(ResultFailure, match="ZeroDivisionError"):
        divide.send(0).get_result(block=True, timeout=WAIT_MS_MAX)


def test_a_failed_message_is_tried_again(bench: Bench) -> None:
    attempts: list[int] = []

    def fail_twice() -> None:
        attempts.append(1)
        if len(attempts) < 3:
            raise ValueError("not yet")
        bench.done.put("third")

    bench.actor(fail_twice, max_retries=5).send()
    with bench.working():
        assert bench.next_done() == "third"
    assert bench.counts()[:2] == (0, 0)


def test_a_message_that_failed_for_good_is_dropped(bench: Bench) -> None:
    bench.actor(bench.done.put, actor_name="told")
    fail = bench.actor(lambda: 1 // 0, actor_name="fail", throws=(ZeroDivisionError,))
    told = bench.actor(lambda data, error: bench.done.put(error["type"]), actor_name="failed")
    fail.send_with_options(on_failure=told)
    with bench.working():
        assert bench.next_done() == "ZeroDivisionError"
    assert bench.counts()[:2] == (0, 0)


def test_a_delayed_message_waits(bench: Bench) -> None:
    actor = bench.actor(bench.done.put, actor_name="act")
    actor.send_with_options(args=("later",), delay=200)
    actor.send("now")
    assert bench.counts() == (1, 1, 0)
    with bench.working():
        assert [bench.next_done(), bench.next_done()] == ["now", "later"]


def test_delayed_messages_go_back_when_the_worker_stops(bench: Bench) -> None:
    actor = bench.actor(bench.done.put, actor_name="act")
    for _ in range(3):
        actor.send_with_options(args=("in an hour",), delay=3_600_000)
    actor.send("now")
    with bench.working():
        assert bench.next_done() == "now"
    assert bench.counts() == (0, 3, 0)


def test_what_was_not_begun_goes_back_when_the_worker_stops(bench: Bench) -> None:
    begun, go = threading.Event(), threading.Event()

    def hold() -> None:
        begun.set()
        go.wait(WAIT_SECONDS_MAX)

    actor = bench.actor(hold)
    for _ in range(5):
        actor.send()
    with bench.working(threads=1) as worker:
        assert begun.wait(WAIT_SECONDS_MAX)
        stopping = threading.Thread(target=worker.stop)
        stopping.start()
        while worker.workers[0].running:  # it takes no more messages as soon as it is told
            time.sleep(0.001)
        go.set()
        stopping.join(WAIT_SECONDS_MAX)
    assert bench.counts()[0] == 4


def test_a_pipeline_hands_results_on(bench: Bench) -> None:
    add = bench.actor(lambda x, y: x + y, actor_name="add", store_results=True)
    pipeline = add.message(1, 2) | add.message(10) | add.message(100)
    with bench.working():
        assert pipeline.run().get_result(block=True, timeout=WAIT_MS_MAX) == 113


def test_a_group_gathers_results(bench: Bench) -> None:
    add = bench.actor(lambda x, y: x + y, actor_name="add", store_results=True)
    group = dramatiq.group([add.message(number, 1) for number in range(10)])
    with bench.working():
        results = group.run().get_results(block=True, timeout=WAIT_MS_MAX)
        assert list(results) == list(range(1, 11))


def test_a_message_that_is_too_old_is_skipped(bench: Bench) -> None:
    actor = bench.actor(bench.done.put, actor_name="act")
    old = actor.message_with_options(args=("old",), max_age=1)
    bench.dramatiq.enqueue(old.copy(message_timestamp=old.message_timestamp - 60_000))
    actor.send("young")
    with bench.working(threads=1):
        assert bench.next_done() == "young"


def test_flushing_empties_the_queues(bench: Bench) -> None:
    actor = bench.actor(bench.done.put, actor_name="act")
    actor.send(1)
    actor.send_with_options(args=(2,), delay=1000)
    assert bench.counts() == (1, 1, 0)
    bench.dramatiq.flush_all()
    assert bench.counts() == (0, 0, 0)


def test_queues_with_priorities_are_declared(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench(max_priority=10)
    bench.actor(bench.done.put, actor_name="act").send_with_options(args=(1,), broker_priority=7)
    with bench.working():
        assert bench.next_done() == 1


def test_a_lost_queue_is_declared_again(bench: Bench) -> None:
    actor = bench.actor(bench.done.put, actor_name="act")
    actor.send(1)
    bench.dramatiq.channel.queue_delete(bench.queue)
    actor.send(2)
    assert bench.counts() == (1, 0, 0)


def test_sending_survives_a_lost_connection(bench: Bench) -> None:
    actor = bench.actor(bench.done.put, actor_name="act")
    actor.send(1)
    bench.dramatiq.connection._impl._transport._sock.shutdown(socket.SHUT_RDWR)
    actor.send(2)
    assert bench.counts() == (2, 0, 0)


def test_a_queue_that_is_another(
    bench: Bench, make_bench: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dramatiq.brokers.rabbitmq.MAX_DECLARE_ATTEMPTS", 1)
    bench.actor(bench.done.put, actor_name="act").send(1)
    other = make_bench(max_priority=5)
    with pytest.raises(ConnectionClosed) as error:
        other.actor(other.done.put, actor_name="act").send(1)
    cause = error.value.args[0]
    assert isinstance(cause, pika.exceptions.ChannelClosedByBroker)
    assert (cause.reply_code, cause.reply_text) == (
        406,
        f"PRECONDITION_FAILED - inequivalent arg 'x-max-priority' for queue '{bench.queue}' in "
        "vhost '/': received the value '5' of type 'signedint' but current is none",
    )


def test_a_wrong_password(
    broker: BrokerUnderTest, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dramatiq.brokers.rabbitmq.MAX_DECLARE_ATTEMPTS", 1)
    refused = RabbitmqBroker(url=broker.url.replace("guest:guest@", "guest:wrong@"), middleware=[])
    with pytest.raises(ConnectionClosed) as error:
        refused.declare_queue(name, ensure=True)
    assert "ACCESS_REFUSED" in repr(error.value.args[0])
