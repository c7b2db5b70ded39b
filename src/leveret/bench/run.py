"""One run from options to totals: connect, declare, load, clean up."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from contextlib import (
    AbstractContextManager,
    ExitStack,
    contextmanager,
    nullcontext,
)

from leveret.bench.consumer import Consumer
from leveret.bench.errors import BenchError
from leveret.bench.frames.confirms import Confirms
from leveret.bench.frames.deliveries import Deliveries
from leveret.bench.frames.histogram import Histogram
from leveret.bench.frames.publishes import PublishBlock
from leveret.bench.interrupts import interrupts_stop
from leveret.bench.live_line import is_live, show
from leveret.bench.load import Load
from leveret.bench.messages import properties_of, publish_block
from leveret.bench.options import Options
from leveret.bench.pacing import SECOND, Pacer
from leveret.bench.publisher import Publisher
from leveret.bench.reader import RECEIVE_BYTES
from leveret.bench.session import Session
from leveret.bench.topology import Topology
from leveret.bench.totals import Counts, Totals, live_line, percentiles
from leveret.bench.uri import Address, parse_uri
from leveret.wire.amqp091.methods import ConfirmSelect, ConfirmSelectOk


class Run:
    """Everything that one run of `leveret bench` holds."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.address: Address = parse_uri(options.uri)
        self.topology = Topology.of(options)
        self.properties = properties_of(options)
        self._block: PublishBlock | None = None
        self.latency = Histogram() if options.latency else None
        self.confirm_latency = Histogram() if options.latency and options.confirm else None

    def __call__(self, during: AbstractContextManager[object] | None = None) -> Totals:
        """Runs; BenchError where the broker refuses before the load has begun.

        `during` is entered when the load begins, and left when it ends.
        """
        with ExitStack() as stack:
            control = self._session(stack)
            stack.callback(self.topology.delete, self.address, self.options)
            self.topology.declare(control, self.options)
            consumers = [self._consumer(stack, index) for index in range(self.options.consumers)]
            publishers = [self._publisher(stack) for _ in range(self.options.publishers)]
            return self._run(publishers, consumers, during or nullcontext())

    def _session(self, stack: ExitStack) -> Session:
        session = Session(self.address)
        stack.callback(session.close)
        return session

    def _consumer(self, stack: ExitStack, index: int) -> Consumer:
        options = self.options
        session = self._session(stack)
        deliveries = Deliveries(
            frame_max=session.frame_max,
            receive_bytes=RECEIVE_BYTES,
            body_bytes=options.size if options.publishers else -1,
            ack_every=options.ack,
            latency=self.latency,
        )
        consumer = Consumer(session, deliveries)
        stack.callback(consumer.finish)
        queues = self.topology.queues_of_consumer(index, consumers=options.consumers)
        consumer.subscribe(queues, options)
        return consumer

    def _publisher(self, stack: ExitStack) -> Publisher:
        options = self.options
        session = self._session(stack)
        confirms = Confirms(
            frame_max=session.frame_max, window=options.confirm, latency=self.confirm_latency
        )
        publisher = Publisher(
            session,
            self._block_for(session),
            confirms,
            count=options.count,
            stamped=options.latency,
        )
        stack.callback(publisher.finish)
        if options.confirm:
            session.call(ConfirmSelect(), ConfirmSelectOk)
        return publisher

    def _block_for(self, session: Session) -> PublishBlock:
        """One for all publishers, unless each writes its times into it."""
        if self._block is not None and not self.options.latency:
            return self._block
        self._block = publish_block(
            self.options, self.topology, self.properties, frame_max=session.frame_max
        )
        return self._block

    def _run(
        self,
        publishers: list[Publisher],
        consumers: list[Consumer],
        during: AbstractContextManager[object],
    ) -> Totals:
        failure = None
        options = self.options
        with _no_garbage_collection(), during:
            cpu, start = time.process_time(), time.monotonic_ns()
            load = self._load(publishers, consumers, start)
            with interrupts_stop(load):
                try:
                    load.run(_Live(load, start).tick if is_live(options) else _no_tick)
                except BenchError as error:
                    failure = str(error)
            seconds = (time.monotonic_ns() - start) / SECOND
            cpu_seconds = time.process_time() - cpu
        return Totals(
            seconds=seconds,
            cpu_seconds=cpu_seconds,
            body_bytes=options.size,
            counts=load.counts(),
            latency=percentiles(self.latency),
            confirm_latency=percentiles(self.confirm_latency),
            failure=failure,
        )

    def _load(self, publishers: list[Publisher], consumers: list[Consumer], start: int) -> Load:
        options = self.options
        if options.rate:
            for index, publisher in enumerate(publishers):
                shift = index * SECOND // (options.rate * len(publishers))
                publisher.pacer = Pacer(rate=options.rate, start=start + shift)
        return Load(
            publishers,
            consumers,
            expected=self._expected(),
            deadline=start + int(options.time * SECOND) if options.time else None,
            backlog=options.backlog,
            copies=options.copies or 1,
        )

    def _expected(self) -> int | None:
        """How many messages are to be consumed; None if that cannot be known, 0 without end."""
        options = self.options
        if not options.count or not options.publishers:
            return options.count
        copies = options.copies
        return None if copies is None else options.count * options.publishers * copies


class _Live:
    """One line on standard error, written over each second."""

    def __init__(self, load: Load, start: int) -> None:
        self._load = load
        self._start = start
        self._before = Counts()

    def tick(self, now: int) -> None:
        counts = self._load.counts()
        seconds = (now - self._start) // SECOND
        show(live_line(seconds, self._before, counts, blocked=self._load.blocked()))
        self._before = counts


def _no_tick(_now: int) -> None:
    pass


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """The load makes no cycles, and a collection in its middle is a latency of its own."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
