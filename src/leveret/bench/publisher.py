"""One publishing connection."""

from __future__ import annotations

import time
from contextlib import suppress

from leveret.bench.errors import BenchError
from leveret.bench.frames.confirms import Confirms
from leveret.bench.frames.publishes import PublishBlock
from leveret.bench.pacing import Pacer
from leveret.bench.reader import Reader
from leveret.bench.session import Session

SEND_BYTES_MAX = 1 << 17
SECONDS_TO_COMPLETE = 1


class Publisher:
    """Sends its block over and over, as fast as pace, window and socket allow.

    `count` messages at most, 0 without end. `waiting`: the socket takes no more for now.
    """

    def __init__(
        self,
        session: Session,
        block: PublishBlock,
        confirms: Confirms,
        *,
        count: int,
        stamped: bool,
    ) -> None:
        self.session = session
        self.confirms = confirms
        self.pacer: Pacer | None = None  # from the moment the load begins
        self.count = count
        self.published = 0
        self.waiting = False
        self._reader = Reader(session, confirms)
        self._block = block
        self._memory = block.block.memory()
        self._stamped = stamped
        self._offset = 0
        self._batch = SEND_BYTES_MAX * block.message_count // len(self._memory) + 1

    def allowed(self, now: int) -> int:
        """How many messages may be sent now."""
        allowed = self._batch
        if self.confirms.window:
            allowed = min(allowed, self.confirms.room())
        if self.pacer is not None:
            allowed = min(allowed, self.pacer.due_count(now) - self.published)
        if self.count:
            allowed = min(allowed, self.count - self.published)
        return allowed

    def send(self, count: int, now: int) -> int:
        """Sends up to `count` messages, the rest of one that was cut first; returns how many."""
        block, offset = self._block, self._offset
        first = block.index_at(offset)
        behind = min(first + count, block.message_count)
        end = block.start(behind)
        if self._stamped:
            whole_from = first + (offset > block.start(first))
            now = time.monotonic_ns()  # not the turn's: microseconds count
            block.stamp(whole_from, behind - whole_from, now)
        try:
            sent = self.session.socket.send(self._memory[offset:end])
        except BlockingIOError:
            sent = 0
        except OSError as error:
            raise BenchError(f"the connection was lost: {error}") from None
        self.waiting = sent < end - offset
        whole = block.index_at(offset + sent) - first
        self.published += whole
        if self.confirms.window:
            self.confirms.sent(whole, now)
        self._offset = (offset + sent) % len(self._memory)
        return whole

    def receive(self) -> None:
        """Takes what the broker has sent."""
        self._reader.receive()

    def finished(self) -> bool:
        """Whether all of `count` are published, and confirmed if confirms were asked for."""
        return self.published == self.count > 0 and not self.confirms.unconfirmed

    def finish(self) -> None:
        """Completes the message that was cut."""
        index = self._block.index_at(self._offset)
        if self._offset == self._block.start(index):
            return
        with suppress(OSError):  # the broker does not read: closing is all that is left
            self.session.socket.settimeout(SECONDS_TO_COMPLETE)
            self.session.socket.sendall(self._memory[self._offset : self._block.start(index + 1)])
