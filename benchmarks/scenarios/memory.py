"""Publishers that push more than the broker may hold, and are not stopped by any consumer."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from harness.brokers import Running, leveret
from harness.culprit import Deed, culprit
from harness.figures import Figure
from harness.loads import SECONDS_PER_CONNECTION, WARM_UP_SECONDS, Load
from harness.process import cpu_seconds, resident_kilobytes

from leveret.bench.consumer import Consumer
from leveret.bench.frames.deliveries import Deliveries
from leveret.bench.options import Options
from leveret.bench.reader import RECEIVE_BYTES
from leveret.bench.session import Session
from leveret.bench.uri import parse_uri
from leveret.server.spilling import spill_folder
from leveret.wire.amqp091.methods import BasicConsume, BasicConsumeOk, QueueDeclare, QueueDeclareOk
from scenarios.settings import Settings

PUBLISHERS = (1, 20, 200)
SIZES = {"16B": 16, "1KB": 1000, "1MB": 1_000_000}
WHERE: dict[str, list[str]] = {"memory": [], "spill": ["--spill-dir", spill_folder()]}
LIMIT_MB = 256
ROOM = 1.25
NAME = "calm"
WINDOW_MAX = 1000
WINDOW_BYTES = 4_000_000
PREFETCH = 100
PUSH_SECONDS_MAX = 30
DRAIN_SECONDS_MAX = 300
LOOK_SECONDS = 1.0
SAMPLE_SECONDS = 0.02
IDLE_SHARE = 0.05  # of a core: nothing more is taken


class Watch(threading.Thread):
    """Samples the broker's resident memory; `most` are kilobytes."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.most = 0
        self._pid = pid
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.wait(SAMPLE_SECONDS):
            self.most = max(self.most, resident_kilobytes(self._pid))

    def stop(self) -> None:
        self._over.set()
        self.join()


def memory(
    settings: Settings, publishers: int, size: str, who: str, options: list[str]
) -> list[Figure]:
    """All is pushed, or as much as is taken; then drained, while the publishers go on."""
    count = max(1, settings.bytes // SIZES[size] // publishers)
    total = count * publishers
    with leveret("--memory-limit", f"{LIMIT_MB}MB", *options) as running, ExitStack() as stack:
        watch = Watch(running.pid)
        watch.start()
        stack.callback(watch.stop)
        declare(running)
        deed = CONSUMERS[who]
        other = stack.enter_context(culprit(deed, running.uri, SIZES[size])) if deed else None
        if other is not None:
            other.wait_until_holding()
        pushing = Load(running.uri, *pushed(publishers, SIZES[size], count))
        stack.callback(pushing.stop)
        time.sleep(WARM_UP_SECONDS + publishers * SECONDS_PER_CONNECTION)
        held_up = not wait_until_taken(running, pushing)
        taken = other.close() if other is not None else 0
        delivered = taken + drain(running, pushing, SIZES[size], total - taken)
        most = resident_kilobytes(running.pid, "VmHWM")
    return [
        peak_figure(most, watch.most),
        drain_figure(pushing, delivered=delivered, total=total, held_up=held_up),
    ]


def declare(running: Running) -> None:
    session = Session(parse_uri(running.uri))
    session.call(QueueDeclare(queue=NAME), QueueDeclareOk)
    session.close()


def pushed(publishers: int, size: int, count: int) -> list[str]:
    window = max(1, min(WINDOW_MAX, WINDOW_BYTES // size))
    options = ["--publishers", str(publishers), "--consumers", "0", "--queue", NAME]
    options += ["--size", str(size), "--confirm", str(window)]
    return [*options, "--count", str(count)]


def drain(running: Running, pushing: Load, size: int, count: int) -> int:
    """Consumes so many while the publishers go on; returns how many came."""
    options = ["--publishers", "0", "--consumers", "1", "--queue", NAME]
    consuming = None
    if count:
        options += ["--size", str(size), "--count", str(count)]
        consuming = Load(running.uri, *options)
    pushing.wait(DRAIN_SECONDS_MAX)
    if consuming is None:
        return 0
    consuming.wait(DRAIN_SECONDS_MAX)
    if failure := consuming.totals["failure"]:
        raise SystemExit(f"draining: {failure}")
    consumed: int = consuming.totals["consumed"]
    return consumed


def wait_until_taken(running: Running, pushing: Load) -> bool:
    """True: all was taken. False: nothing more is taken for now, or it takes too long."""
    deadline = time.monotonic() + PUSH_SECONDS_MAX
    while not pushing.has_ended():
        before = cpu_seconds(running.pid)
        time.sleep(LOOK_SECONDS)
        idle = cpu_seconds(running.pid) - before < IDLE_SHARE * LOOK_SECONDS
        if idle or time.monotonic() > deadline:
            return pushing.has_ended()
    return True


def peak_figure(most: int, sampled: int) -> Figure:
    megabytes = most / 1024
    value = f"{megabytes:.0f} MB (sampled {sampled / 1024:.0f}), limit {LIMIT_MB}"
    goal = LIMIT_MB * ROOM
    return Figure("peak resident memory", value, f"<= {goal:g} MB", megabytes <= goal)


def drain_figure(pushing: Load, *, delivered: int, total: int, held_up: bool) -> Figure:
    confirmed, failure = pushing.totals["acked"], pushing.totals["failure"]
    held = "publishers were held up, and went on" if held_up else "all was taken at once"
    value = f"{confirmed:,} confirmed, {delivered:,} delivered of {total:,}; {failure or held}"
    met = confirmed == delivered == total and not failure
    return Figure("drained", value, "all that is confirmed", met)


@contextmanager
def consume_slowly(uri: str, size: int) -> Iterator[Callable[[], int]]:
    """A read each time; counts what it has acknowledged."""
    session = Session(parse_uri(uri))
    deliveries = Deliveries(
        frame_max=session.frame_max,
        receive_bytes=RECEIVE_BYTES,
        body_bytes=size,
        ack_every=1,
        latency=None,
    )
    consumer = Consumer(session, deliveries)
    consumer.subscribe([NAME], Options(ack=1, prefetch=PREFETCH))
    session.socket.setblocking(False)

    def read() -> int:
        consumer.receive()
        return deliveries.received_count

    yield read
    consumer.finish()
    session.close()


@contextmanager
def stop_reading(uri: str, size: int) -> Iterator[Callable[[], int]]:
    """Nothing of what it is sent is acknowledged, so that all goes back when it goes."""
    session = Session(parse_uri(uri))
    session.call(BasicConsume(queue=NAME, consumer_tag="t"), BasicConsumeOk)
    yield lambda: 0
    session.close()


CONSUMERS: dict[str, Deed | None] = {"none": None, "slow": consume_slowly, "stuck": stop_reading}
