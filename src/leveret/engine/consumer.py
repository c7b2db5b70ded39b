"""One taker of a queue's messages, of whatever protocol; each protocol writes its own frames."""

from __future__ import annotations

try:
    import cython
except ImportError:
    from leveret._cython_compat import cython

from leveret.engine.buffer import Buffer
from leveret.engine.errors import InvariantError
from leveret.engine.output import Output

if cython.compiled:
    from cython.cimports.leveret.engine.buffer import Buffer
    from cython.cimports.leveret.engine.output import Output
else:
    IN_ROUND = 0
    FOR_CREDIT = 1
    FOR_OUTPUT = 2
    FOR_TURN = 3


class Consumer:
    """What a queue needs to know of whom it delivers to.

    `credit_max` is how many of its messages may be unacknowledged, 0 for any number. A `settled`
    consumer acknowledges nothing: what it was sent is gone. A consumer is `parked` while it can
    take nothing, for want of credit or of room in its output: the queue does not look at it until
    it is unparked; or for its turn, where only one at a time is served. Those of a lower
    `priority` are served while all of a higher one are parked.
    """

    def __init__(self, output: Output, credit_max: int, settled: bool, priority: int = 0) -> None:
        self.output = output
        self.credit_max = credit_max
        self.settled = settled
        self.unacked_count = 0
        self.priority = priority
        self.parked = IN_ROUND
        self.closed = False
        # Its neighbours in its round.
        self.next = cython.cast(Consumer, None)
        self.previous = cython.cast(Consumer, None)

    def has_credit(self) -> cython.bint:
        return self.settled or self.credit_max == 0 or self.unacked_count < self.credit_max

    def deliver(
        self,
        chunk: Buffer,
        at: cython.Py_ssize_t,
        position: cython.ulonglong,
        redelivered: cython.bint,
    ) -> cython.int:
        """Writes the record at `at` to the peer; what is not `settled` will be settled by it."""
        raise InvariantError("each protocol says how its consumers deliver")
