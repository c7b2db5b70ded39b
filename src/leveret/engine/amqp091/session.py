"""What a connection and its channels share."""

from __future__ import annotations

try:
    import cython
except ImportError:
    from leveret._cython_compat import cython

from leveret.engine.amqp091.control import Control, Delivered
from leveret.engine.buffer import Buffer
from leveret.engine.output import Output
from leveret.engine.route import RouteCache
from leveret.engine.shard import Shard

if cython.compiled:
    from cython.cimports.leveret.engine.buffer import Buffer
    from cython.cimports.leveret.engine.output import Output
    from cython.cimports.leveret.engine.route import RouteCache
    from cython.cimports.leveret.engine.shard import Shard
else:
    # Reasons for reading to rest, bits: see connection.py.
    ASKED = 1
    STALLED = 2
    HELD = 4

# RabbitMQ's default; what is larger belongs elsewhere, with its address in the message.
MESSAGE_BYTES_MAX = 16 * 1024 * 1024
# All messages of one connection that are half received, together: four of the largest.
UNFINISHED_BYTES_MAX = 64 * 1024 * 1024
# All that waits for a channel's commit, which is done in one go: 0.2 s, if it is small messages.
TRANSACTION_BYTES_MAX = 128 * 1024 * 1024
# Of one channel: when it goes they all go back in one go, which takes 40 ms.
UNACKED_MAX = 1_000_000
# What RabbitMQ offers; a frame's payload may be this long.
FRAME_MAX = 131072


class Session:
    """The surroundings of a connection's channels: shard, output, routes, limits.

    `delivered` is what consumers to come call with each message, None: nothing.
    """

    def __init__(self, shard: Shard, control: Control, owner: object) -> None:
        self.shard = shard
        self.control = control
        self.output = Output(owner, shard.outputs)
        self.routes = RouteCache()
        self.user = cython.cast(Buffer, None)
        self.frame_max = FRAME_MAX
        self.message_bytes_max = MESSAGE_BYTES_MAX
        self.unfinished_bytes_max = UNFINISHED_BYTES_MAX
        self.transaction_bytes_max = TRANSACTION_BYTES_MAX
        self.unacked_max = UNACKED_MAX
        self.unfinished_bytes = 0
        self.handled = 0
        self.scattered = False  # many routes are in use, and the last message took another
        self.now = 0
        self.paused = 0
        self.publisher = False
        self.delivered: Delivered | None = None

    def limit_messages(
        self,
        message_bytes_max: cython.Py_ssize_t,
        unfinished_bytes_max: cython.Py_ssize_t = UNFINISHED_BYTES_MAX,
        transaction_bytes_max: cython.Py_ssize_t = TRANSACTION_BYTES_MAX,
    ) -> None:
        """How large a message's body may be; all that are half received, together; all that wait
        for one commit. Of these two there may always be two of the largest."""
        self.message_bytes_max = message_bytes_max
        self.unfinished_bytes_max = max(unfinished_bytes_max, 2 * message_bytes_max)
        self.transaction_bytes_max = max(transaction_bytes_max, 2 * message_bytes_max)

    def limit_unacked(self, unacked_max: cython.Py_ssize_t) -> None:
        """How many messages each channel that is opened from now on may hold unacknowledged."""
        self.unacked_max = unacked_max

    def answered(self, since: cython.ulonglong) -> cython.int:
        """What was written since that position of the output are answers to the peer."""
        if self.output.answered(since):
            self.paused |= STALLED
        return 0

    def become_publisher(self) -> cython.int:
        """It publishes, or wants to: where memory is short it is one of those who wait."""
        if not self.publisher:
            self.publisher = True
            self.shard.publishers[self.output.owner] = None
        return 0

    def leave(self) -> cython.int:
        """The connection is over."""
        self.shard.publishers.pop(self.output.owner, None)
        return 0
