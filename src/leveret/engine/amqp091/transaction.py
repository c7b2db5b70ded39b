"""What a channel in transaction mode has been told and not yet done.

    publish, ack, nack, reject --stage--> messages, settlements --commit--> done
                                                                --rollback--> forgotten

What is staged to be settled stays unacknowledged until the commit, so that a rollback has nothing
to mend. A commit publishes first and settles then, each in the order it was told.
"""

from __future__ import annotations

from typing import NamedTuple

try:
    import cython
except ImportError:
    from leveret._cython_compat import cython

from leveret.engine.errors import PeerViolation

PUBLISH = cython.declare(cython.int, 0x003C0028)
# Above the largest message that can be allowed, 512 MiB.
STAGED_BYTES_MAX = 1024 * 1024 * 1024
# What the objects for a staged message take beside its bytes.
MESSAGE_BYTES = 300


class StagedMessage(NamedTuple):
    """`names` are exchange and routing key as two short strings."""

    names: bytes
    flags: int
    properties: bytes
    body: bytes


class StagedSettlement(NamedTuple):
    """The delivery tags of one acknowledgement."""

    tags: list[int]
    requeue: bool


class Transaction:
    """`tags` are all that are staged; while `committing` nothing more may be told."""

    def __init__(self) -> None:
        self.committing = False
        self.clear()

    def clear(self) -> None:
        """Forgets all that is staged."""
        self.messages: list[StagedMessage] = []
        self.settlements: list[StagedSettlement] = []
        self.tags: set[int] = set()
        self.bytes_staged = 0

    def publish(self, message: StagedMessage, channel: int) -> None:
        """Stages a message."""
        self.check_open(channel, PUBLISH)
        self.bytes_staged += MESSAGE_BYTES + len(message.properties) + len(message.body)
        if self.bytes_staged > STAGED_BYTES_MAX:
            raise PeerViolation(
                "resource_error",
                f"more than {STAGED_BYTES_MAX} bytes in a transaction",
                channel,
                PUBLISH,
            )
        self.messages.append(message)

    def settle(self, settlement: StagedSettlement) -> None:
        """Stages an acknowledgement of tags that are not staged."""
        self.settlements.append(settlement)
        self.tags.update(settlement.tags)

    def check_open(self, channel: int, method: int) -> None:
        """Raises PeerViolation while a commit is going on."""
        if self.committing:
            raise PeerViolation(
                "channel_error",
                "unexpected command while processing 'tx.commit'",
                channel,
                method,
            )
