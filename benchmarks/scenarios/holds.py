"""Clients that hold very much and do nothing with it, and then vanish, with a word or without."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass

from harness.brokers import Running, leveret
from harness.bystander import bystander
from harness.culprit import Culprit, Deed, culprit
from harness.figures import Figure, bystander_figure
from harness.loads import load
from harness.process import cpu_seconds, resident_bytes
from harness.table import percent
from harness.wire import content_begun, delivered_bytes

from leveret.bench.options import Options
from leveret.bench.run import Run
from leveret.bench.session import Session
from leveret.bench.topology import in_batches
from leveret.bench.uri import parse_uri
from leveret.wire.amqp091.frames import HEARTBEAT_FRAME
from leveret.wire.amqp091.methods import BasicConsume, BasicConsumeOk, QueueDeclare, QueueDeclareOk
from scenarios.settings import Settings

NAME = "calm"
CONNECTIONS = 10_000
HEARTBEAT_SECONDS = 60
TICKS_PER_ROUND = 2800  # of which each is at least 10 ms: all are sent in half a minute
IDLE_SHARE = 0.05
IDLE_KILOBYTES = 10
CONSUMERS = 10_000
CONSUMED = ["--publishers", "1", "--consumers", "0", "--queue", NAME, "--rate", "2000"]
UNACKED = 1_000_000
UNACKED_BYTES = 16
TAG = "t"
HALF_BODIES = 2_000
BODY_BYTES = 128 * 1024
READ_BYTES = 1 << 18
SETTLING_SECONDS = 0.5
MEGABYTE = 1e6
KILOBYTE = 1e3


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """`deed` takes hold of `count`; `busy` are the options of a load that runs meanwhile.

    `back`: so many messages are in the queue when it has gone.
    """

    deed: Deed
    count: int
    what: str
    busy: Sequence[str] = ()
    back: int = 0


def idle(settings: Settings) -> list[Figure]:
    """Ten thousand connections that do nothing but exchange heartbeats."""
    count = settings.count(CONNECTIONS)
    return held(Hold(deed=be_idle, count=count, what="idle connections"), settings)


def consumers(settings: Settings) -> list[Figure]:
    """Ten thousand consumers of one queue, which is published to."""
    count = settings.count(CONSUMERS)
    return held(Hold(deed=consume, count=count, what="consumers", busy=CONSUMED), settings)


def unacked(settings: Settings) -> list[Figure]:
    """A million deliveries that are not acknowledged: they go back when their consumer vanishes."""
    count = settings.count(UNACKED)
    hold = Hold(deed=keep_unacked, count=count, what="unacked deliveries", back=count)
    return held(hold, settings)


def half_bodies(settings: Settings) -> list[Figure]:
    """Two thousand clients that send half a message and no more."""
    count = settings.count(HALF_BODIES)
    kilobytes = BODY_BYTES // 2 // 1024
    what = f"half bodies of {kilobytes} KiB"
    return held(Hold(deed=begin_body, count=count, what=what), settings)


def held(hold: Hold, settings: Settings) -> list[Figure]:
    """Once with a goodbye, and once killed."""
    figures = []
    for goodbye, go in (("closed", Culprit.close), ("killed", Culprit.kill)):
        with leveret() as running:
            figures += held_until(hold, settings, running, goodbye, go)
    return figures


def held_until(
    hold: Hold,
    settings: Settings,
    running: Running,
    goodbye: str,
    go: Callable[[Culprit], object],
) -> list[Figure]:
    seconds = settings.seconds * settings.runs
    with bystander(running.uri) as client:
        alone = share_of_core(running, seconds / 2)
        before = resident_bytes(running.pid)
        with culprit(hold.deed, running.uri, hold.count) as other:
            other.wait_until_holding()
            busy = load(running.uri, *hold.busy) if hold.busy else nullcontext()
            with busy:
                time.sleep(SETTLING_SECONDS)
                share = share_of_core(running, seconds) - alone
                most = resident_bytes(running.pid)
                gone = time.monotonic()
                go(other)
                time.sleep(seconds)
                end = time.monotonic()
        after = resident_bytes(running.pid)
        ready = ready_count(running) if hold.back else 0
    each = (most - before) / hold.count / KILOBYTE
    what = f"{hold.count:,} {hold.what}, then {goodbye}"
    memory = " -> ".join(f"{value / MEGABYTE:.1f}" for value in (before, most, after))
    rounds = client.rounds
    value = f"{memory} MB, {each:.2f} KB each; {percent(share)} of a core more"
    goal, met = "-", None
    if hold.deed is be_idle:
        goal = f"<= {IDLE_KILOBYTES} KB each, < {percent(IDLE_SHARE)} of a core"
        met = each <= IDLE_KILOBYTES and share < IDLE_SHARE
    figures = [
        Figure(what, value, goal, met),
        bystander_figure("until then", rounds.within(other.began_at, gone)),
        bystander_figure(f"when {goodbye}", rounds.within(gone, end)),
    ]
    if hold.back:
        goal = f"{hold.back:,}"
        figures.append(Figure("back in the queue", f"{ready:,}", goal, ready == hold.back))
    return figures


def ready_count(running: Running) -> int:
    with sessions(running.uri, 1) as (session,):
        count: int = session.call(QueueDeclare(queue=NAME), QueueDeclareOk).message_count
        return count


def share_of_core(running: Running, seconds: float) -> float:
    """How busy the broker is, for so long."""
    cpu, since = cpu_seconds(running.pid), time.monotonic()
    time.sleep(seconds)
    return (cpu_seconds(running.pid) - cpu) / (time.monotonic() - since)


@contextmanager
def be_idle(uri: str, count: int) -> Iterator[Callable[[], int]]:
    """Of all connections some send a heartbeat each time."""
    with sessions(uri, count, heartbeat_s=HEARTBEAT_SECONDS) as opened:
        turns = itertools.cycle(opened)
        some = -(-count // TICKS_PER_ROUND)

        def send_heartbeats() -> int:
            for session in itertools.islice(turns, some):
                session.socket.send(HEARTBEAT_FRAME)
            return count

        yield send_heartbeats


@contextmanager
def consume(uri: str, count: int) -> Iterator[Callable[[], int]]:
    """All on one channel, and what they are sent is read."""
    with sessions(uri, 1) as (session,):
        session.call(QueueDeclare(queue=NAME), QueueDeclareOk)
        tags = (f"{TAG}{number}" for number in range(count))
        consumes = [BasicConsume(queue=NAME, consumer_tag=tag, no_ack=True) for tag in tags]
        in_batches(session, consumes, BasicConsumeOk)
        session.socket.setblocking(False)

        def read() -> int:
            with suppress(BlockingIOError):
                while session.socket.recv(READ_BYTES):
                    pass
            return count

        yield read


@contextmanager
def keep_unacked(uri: str, count: int) -> Iterator[Callable[[], int]]:
    options = Options(uri=uri, consumers=0, queue=NAME, size=UNACKED_BYTES, count=count, quiet=True)
    Run(options)()
    with sessions(uri, 1) as (session,):
        session.call(BasicConsume(queue=NAME, consumer_tag=TAG), BasicConsumeOk)
        left = count * delivered_bytes(TAG, NAME, UNACKED_BYTES)
        while left:
            left -= len(session.socket.recv(min(left, READ_BYTES)))
        yield lambda: count


@contextmanager
def begin_body(uri: str, count: int) -> Iterator[Callable[[], int]]:
    """As a publish to a queue that there is not: what counts is what is received."""
    begun = content_begun(NAME, size=BODY_BYTES, received=BODY_BYTES // 2)
    with sessions(uri, count) as opened:
        for session in opened:
            session.socket.sendall(begun)
        yield lambda: count


@contextmanager
def sessions(uri: str, count: int, *, heartbeat_s: int = 0) -> Iterator[list[Session]]:
    address = parse_uri(uri)
    with ExitStack() as stack:
        opened = []
        for _ in range(count):
            session = Session(address, heartbeat_s=heartbeat_s)
            stack.callback(session.close)
            opened.append(session)
        yield opened
