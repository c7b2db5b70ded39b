"""What is opened and closed, over and over, one after the other; how long each takes."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

from leveret.bench.errors import BenchError
from leveret.bench.frames.histogram import Histogram
from leveret.bench.interrupts import interrupts_stop
from leveret.bench.live_line import is_live, show
from leveret.bench.options import Options
from leveret.bench.pacing import SECOND
from leveret.bench.session import Session
from leveret.bench.topology import declare_queues, delete_all, own_name
from leveret.bench.totals import latency_line, percentiles
from leveret.bench.uri import parse_uri
from leveret.wire.amqp091.methods import (
    BasicCancel,
    BasicCancelOk,
    BasicConsume,
    BasicConsumeOk,
    ChannelClose,
    ChannelCloseOk,
    ChannelOpen,
    ChannelOpenOk,
    Method,
    QueueBind,
    QueueBindOk,
    QueueDeclare,
    QueueDeclareOk,
    QueueDelete,
    QueueDeleteOk,
    QueueUnbind,
    QueueUnbindOk,
)

EXCHANGE = "amq.direct"
OTHER_CHANNEL = 2
REPLY_SUCCESS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ChurnTotals:
    """`count` were opened and closed. Percentiles are in microseconds; None of nothing."""

    kind: str
    count: int
    seconds: float
    opening: dict[str, float] | None
    closing: dict[str, float] | None
    failure: str | None

    def as_json(self) -> dict[str, object]:
        return {
            "churn": self.kind,
            "seconds": round(self.seconds, 6),
            "count": self.count,
            "per_second": round(self.count / self.seconds, 3),
            "open_latency_us": self.opening,
            "close_latency_us": self.closing,
            "failure": self.failure,
        }

    def as_text(self) -> str:
        rate = self.count / self.seconds
        lines = [
            f"{self.kind:<12}{self.count:>12,} opened and closed in {self.seconds:.2f} s: "
            f"{rate:,.0f} per second"
        ]
        for name, latency in (("open", self.opening), ("close", self.closing)):
            if latency is not None:
                lines.append(latency_line(name, latency))
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Calls:
    """What opens, what closes, and the replies to expect."""

    open: Method
    opened: type[Method]
    close: Method
    closed: type[Method]
    channel: int = 1


class Churn:
    """One run of `leveret bench --churn`. `stopped`: ends after the cycle it is in."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.address = parse_uri(options.uri)
        self.name = own_name()
        self.stopped = False
        self.count = 0
        self._opening = Histogram()
        self._closing = Histogram()

    def __call__(self) -> ChurnTotals:
        """Runs; BenchError where the broker refuses before it has begun."""
        with ExitStack() as stack:
            control = Session(self.address)
            stack.callback(control.close)
            if self.options.churn in {"bindings", "consumers"}:
                declare_queues(control, [self.name], self.options)
                stack.callback(delete_all, self.address, queues=[self.name])
            start = time.monotonic_ns()
            failure = None
            with interrupts_stop(self):
                try:
                    self._run(control, start)
                except BenchError as error:
                    failure = str(error)
            return self._totals(time.monotonic_ns() - start, failure)

    def _run(self, control: Session, start: int) -> None:
        options = self.options
        live = is_live(options)
        next_tick = start + SECOND
        deadline = start + int(options.time * SECOND) if options.time else None
        cycle = self._connection if options.churn == "connections" else self._called(control)
        while not self.stopped and not 0 < options.count <= self.count:
            now = time.monotonic_ns()
            if deadline is not None and now >= deadline:
                return
            if live and now >= next_tick:
                next_tick += SECOND
                show(f"{(now - start) // SECOND:>4} s  {self.count:,} {options.churn}")
            cycle()
            self.count += 1

    def _connection(self) -> None:
        """Connects, logs in, opens a channel, and closes."""
        begin = time.monotonic_ns()
        session = Session(self.address)
        opened = time.monotonic_ns()
        session.close()
        self._record(begin, opened)

    def _called(self, control: Session) -> Callable[[], None]:
        """The cycle of what is opened and closed on a connection that stays."""

        def cycle() -> None:
            calls = self._calls()
            begin = time.monotonic_ns()
            control.call(calls.open, calls.opened, calls.channel)
            opened = time.monotonic_ns()
            control.call(calls.close, calls.closed, calls.channel)
            self._record(begin, opened)

        return cycle

    def _calls(self) -> Calls:
        """The next cycle, with a name of its own."""
        name = f"{self.name}-{self.count}"
        match self.options.churn:
            case "channels":
                close = ChannelClose(reply_code=REPLY_SUCCESS, reply_text="")
                return Calls(ChannelOpen(), ChannelOpenOk, close, ChannelCloseOk, OTHER_CHANNEL)
            case "queues":
                return Calls(
                    QueueDeclare(
                        queue=name,
                        durable=self.options.durable,
                        arguments=self.options.queue_arguments,
                    ),
                    *(QueueDeclareOk, QueueDelete(queue=name), QueueDeleteOk),
                )
            case "bindings":
                exchange = self.options.exchange or EXCHANGE
                return Calls(
                    QueueBind(queue=self.name, exchange=exchange, routing_key=name),
                    QueueBindOk,
                    QueueUnbind(queue=self.name, exchange=exchange, routing_key=name),
                    QueueUnbindOk,
                )
            case _:
                consume = BasicConsume(queue=self.name, consumer_tag=name)
                return Calls(consume, BasicConsumeOk, BasicCancel(consumer_tag=name), BasicCancelOk)

    def _record(self, begin: int, opened: int) -> None:
        self._opening.record(opened - begin)
        self._closing.record(time.monotonic_ns() - opened)

    def _totals(self, nanoseconds: int, failure: str | None) -> ChurnTotals:
        return ChurnTotals(
            kind=str(self.options.churn),
            count=self.count,
            seconds=nanoseconds / SECOND,
            opening=percentiles(self._opening),
            closing=percentiles(self._closing),
            failure=failure,
        )
