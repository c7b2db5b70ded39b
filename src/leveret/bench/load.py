"""The load: publishers and consumers on one thread, each with a socket of its own.

A turn lets every publisher send once, then waits for sockets, for which poll() is good enough:
a hundred connections at most, and changing what is waited for costs no system call. Under a
rate the wait is a spin, because sleeping until the next message is due takes the kernel tens of
microseconds longer than asked, and a sleeper is late for the delivery, too.
"""

from __future__ import annotations

import select
import time
from collections.abc import Callable

from leveret.bench.consumer import Consumer
from leveret.bench.errors import BenchError
from leveret.bench.pacing import SECOND
from leveret.bench.publisher import Publisher
from leveret.bench.totals import Counts

MILLISECOND = 1_000_000
WAIT_MS_MAX = 50  # how long Ctrl-C or the end of the time may go unnoticed
SPIN_NS = 100_000
SEND_MAX = 1 << 62  # messages, where the backlog has no limit
QUIET_SECONDS = 1  # after that long without a delivery, there will be none
MISSING_SECONDS = 10  # after that long, what is expected has been lost
SLEEP_NS_MIN = 2 * MILLISECOND  # what poll() cannot oversleep


class Load:
    """Runs until `deadline`, or until all is published and `expected` messages are consumed.

    Times are nanoseconds of the monotonic clock. `expected` 0 and `deadline` None: without end.
    `expected` None: as many as come, after all is published.
    At most `backlog` messages, of which `copies` are delivered, wait to be consumed; 0: no limit.
    """

    def __init__(
        self,
        publishers: list[Publisher],
        consumers: list[Consumer],
        *,
        expected: int | None,
        deadline: int | None,
        backlog: int,
        copies: int,
    ) -> None:
        self.publishers = publishers
        self.consumers = consumers
        self.stopped = False
        self._expected = expected
        self._deadline = deadline
        self._backlog = backlog
        self._copies = copies
        self._consumed_before = -1
        self._quiet_since = 0
        self._poll = select.poll()
        self._by_fd: dict[int, Publisher | Consumer] = {}
        peers: list[Publisher | Consumer] = [*publishers, *consumers]
        for peer in peers:
            peer.session.socket.setblocking(False)
            self._by_fd[peer.session.socket.fileno()] = peer
            self._poll.register(peer.session.socket, select.POLLIN)

    def run(self, tick: Callable[[int], None]) -> None:
        """Runs to the end, and calls `tick` with the time once a second."""
        now = time.monotonic_ns()
        next_tick = now + SECOND
        while not self._finished(now):
            self._wait(self._send(now))
            now = time.monotonic_ns()
            if now >= next_tick:
                next_tick += SECOND
                tick(now)

    def counts(self) -> Counts:
        """What has been done so far."""
        confirms = [publisher.confirms for publisher in self.publishers]
        return Counts(
            published=sum(publisher.published for publisher in self.publishers),
            consumed=self._consumed(),
            acked=sum(each.acked_count for each in confirms),
            nacked=sum(each.nacked_count for each in confirms),
            returned=sum(each.returned_count for each in confirms),
        )

    def blocked(self) -> bool:
        """Whether the broker has asked some publisher to stop."""
        return any(publisher.session.blocked for publisher in self.publishers)

    def _finished(self, now: int) -> bool:
        if self.stopped or (self._deadline is not None and now >= self._deadline):
            return True
        if self._expected == 0 or not all(each.finished() for each in self.publishers):
            return False
        if not self.consumers:
            return True
        consumed = self._consumed()
        if self._expected is not None and consumed >= self._expected:
            return True
        return bool(self.publishers) and self._is_quiet(consumed, now)

    def _is_quiet(self, consumed: int, now: int) -> bool:
        """Whether no more will come; BenchError if it should have."""
        if consumed != self._consumed_before:
            self._consumed_before, self._quiet_since = consumed, now
        quiet = now - self._quiet_since
        if self._expected is None:
            return quiet >= QUIET_SECONDS * SECOND
        if quiet >= MISSING_SECONDS * SECOND:
            missing = f"{self._expected - consumed:,} messages did not arrive"
            raise BenchError(f"{missing}: no delivery for {MISSING_SECONDS} s")
        return False

    def _consumed(self) -> int:
        return sum(consumer.deliveries.received_count for consumer in self.consumers)

    def _send(self, now: int) -> int:
        """Each publisher sends once; returns for how many milliseconds nothing is to be sent."""
        wait = WAIT_MS_MAX
        room = self._backlog_room() if self._backlog else SEND_MAX
        for publisher in self.publishers:
            if publisher.waiting:
                continue
            allowed = min(publisher.allowed(now), room)
            if allowed > 0:
                sent = publisher.send(allowed, now)
                room -= sent if self._backlog else 0
                self._watch(publisher)
                wait = 0
            elif publisher.pacer is not None:
                wait = min(wait, self._idle_ms(publisher, now))
        return wait

    def _backlog_room(self) -> int:
        """How many messages may be published before more are consumed."""
        published = sum(publisher.published for publisher in self.publishers)
        return self._backlog - (published - self._consumed() // self._copies)

    def _idle_ms(self, publisher: Publisher, now: int) -> int:
        """How long a paced publisher lets the loop sleep: not while a message is on its way."""
        pacer = publisher.pacer
        if pacer is None or publisher.confirms.unconfirmed:
            return 0
        idle = pacer.due_at(publisher.published) - now - SLEEP_NS_MIN
        return max(0, idle // MILLISECOND)

    def _wait(self, milliseconds: int) -> None:
        """Until some socket is ready; spinning at first, as most answers come in microseconds."""
        ready = self._poll.poll(0)
        if not ready and milliseconds:
            spin_until = time.monotonic_ns() + SPIN_NS
            while not ready and time.monotonic_ns() < spin_until:
                ready = self._poll.poll(0)
            if not ready:
                ready = self._poll.poll(milliseconds)
        for fd, events in ready:
            peer = self._by_fd[fd]
            if events & ~select.POLLOUT:
                peer.receive()
            if events & select.POLLOUT:
                if isinstance(peer, Publisher):
                    peer.waiting = False
                else:
                    peer.send_acks()
            self._watch(peer)

    def _watch(self, peer: Publisher | Consumer) -> None:
        writing = select.POLLOUT if peer.waiting else 0
        self._poll.modify(peer.session.socket, select.POLLIN | writing)
