"""Connections and queues that are opened and held: how many the broker can take."""

from __future__ import annotations

import select
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass

from leveret.bench.errors import BenchError
from leveret.bench.interrupts import interrupts_stop
from leveret.bench.live_line import clear, is_live, show
from leveret.bench.options import Options
from leveret.bench.pacing import SECOND
from leveret.bench.session import Session
from leveret.bench.topology import CALLS_AT_ONCE, declare_queues, delete_all, numbered, own_name
from leveret.bench.uri import parse_uri

LOOK_MS = 100  # how long the end of the time may go unnoticed
RECEIVE_BYTES = 1 << 16


@dataclass(slots=True)
class Held:
    """How many of one kind were wanted and reached, in which time, and how many went away."""

    wanted: int
    reached: int = 0
    seconds: float = 0
    lost: int = 0

    def as_text(self, name: str) -> str:
        rate = self.reached / self.seconds if self.seconds else 0
        text = f"{name:<12}{self.reached:>12,} of {self.wanted:,} in {self.seconds:.2f} s: "
        lost = f", {self.lost:,} lost since" if self.lost else ""
        return f"{text}{rate:,.0f} per second{lost}"


@dataclass(frozen=True, slots=True, kw_only=True)
class IdleTotals:
    """`failure`: why it were not more, or what went away."""

    connections: Held
    queues: Held
    held_seconds: float
    failure: str | None

    def as_json(self) -> dict[str, object]:
        return {
            "connections": asdict(self.connections),
            "queues": asdict(self.queues),
            "held_seconds": round(self.held_seconds, 6),
            "failure": self.failure,
        }

    def as_text(self) -> str:
        kinds = (("connections", self.connections), ("queues", self.queues))
        lines = [held.as_text(name) for name, held in kinds if held.wanted]
        return "\n".join([*lines, f"held for {self.held_seconds:.2f} s"])


class Idle:
    """One run of `leveret bench --idle-connections --idle-queues`. `stopped`: lets them go."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.address = parse_uri(options.uri)
        self.stopped = False
        self.connections = Held(options.idle_connections)
        self.queues = Held(options.idle_queues)
        self.failure: str | None = None
        self.names = numbered(options.queue or own_name(), options.idle_queues)
        self._sessions: dict[int, Session] = {}
        self._poll = select.poll()

    def __call__(self) -> IdleTotals:
        """Runs; BenchError where there is no broker."""
        with ExitStack() as stack, interrupts_stop(self):
            control = Session(self.address)
            stack.callback(control.close)
            if self.options.queue is None:
                stack.callback(delete_all, self.address, queues=self.names)
            for held, step in (
                (self.queues, lambda: self._declare(control)),
                (self.connections, lambda: self._connect(stack)),
            ):
                if self.failure is None:
                    self._reach(held, step)
            start = time.monotonic_ns()
            self.hold(start)
            held_seconds = (time.monotonic_ns() - start) / SECOND
            return IdleTotals(
                connections=self.connections,
                queues=self.queues,
                held_seconds=held_seconds,
                failure=self.failure,
            )

    def _reach(self, held: Held, step: Callable[[], int]) -> None:
        """Repeats the step, which returns how many it opened, until all are, or one cannot be."""
        start = time.monotonic_ns()
        next_tick = start + SECOND
        try:
            while held.reached < held.wanted and not self.stopped:
                held.reached += step()
                now = time.monotonic_ns()
                if now >= next_tick and is_live(self.options):
                    next_tick = now + SECOND
                    show(self._progress())
        except BenchError as error:
            self.failure = str(error)
        held.seconds = (time.monotonic_ns() - start) / SECOND

    def _declare(self, control: Session) -> int:
        """Declares some more queues, in one go."""
        first = self.queues.reached
        names = self.names[first : first + CALLS_AT_ONCE]
        declare_queues(control, names, self.options)
        return len(names)

    def _connect(self, stack: ExitStack) -> int:
        session = Session(self.address)
        stack.callback(session.close)
        self._sessions[session.socket.fileno()] = session
        self._poll.register(session.socket, select.POLLIN)
        return 1

    def _progress(self) -> str:
        return f"{self.connections.reached:,} connections, {self.queues.reached:,} queues"

    def hold(self, start: int) -> None:
        """Until the time is over, or Ctrl-C, or none is left."""
        if self.failure is not None:
            return
        if not self.options.quiet:
            clear()
            print(f"holding {self._progress()}: Ctrl-C ends it", file=sys.stderr, flush=True)
        deadline = start + int(self.options.time * SECOND) if self.options.time else None
        while not self.stopped and (deadline is None or time.monotonic_ns() < deadline):
            for fd, _ in self._poll.poll(LOOK_MS):
                self._take(fd)
            if self._sessions and self.connections.lost == self.connections.reached:
                return

    def _take(self, fd: int) -> None:
        """What the broker has sent; its goodbye, most likely."""
        session = self._sessions[fd]
        try:
            received = session.socket.recv(RECEIVE_BYTES)
            if not received:
                raise BenchError("the broker closed the connection")
            session.take(received)
        except (BenchError, OSError) as error:
            self.failure = self.failure or str(error)
            self.connections.lost += 1
            self._poll.unregister(fd)
