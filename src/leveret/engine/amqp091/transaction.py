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
# What the objects for a staged message take beside its bytes, for an acknowledgement beside its
# delivery tags, and for each of these.
MESSAGE_BYTES = 300
SETTLEMENT_BYTES = 150
TAG_BYTES = 100


class StagedMessage(NamedTuple):
    """`names` are exchange and routing key as two short strings."""

    names: bytes
    flags: int
    properties: bytes
    body: bytes


class StagedSettlement(NamedTuple):
    """The delivery tags of one acknowledgement, and what becomes of the messages."""

    tags: list[int]
    outcome: int


class Transaction:
    """`tags` are all that are staged; up to `all_staged_to` no others wait to be.

    While `committing` nothing more may be told.
    """

    def __init__(self, bytes_max: int) -> None:
        self.bytes_max = bytes_max
        self.committing = False
        self.clear()

    def clear(self) -> None:
        """Forgets all that is staged."""
        self.messages: list[StagedMessage] = []
        self.settlements: list[StagedSettlement] = []
        self.tags: set[int] = set()
        self.all_staged_to = 0
        self.bytes_staged = 0

    def publish(self, message: StagedMessage, channel: int) -> None:
        """Stages a message."""
        self.check_open(channel, PUBLISH)
        size = len(message.names) + len(message.properties) + len(message.body)
        self.take_room(MESSAGE_BYTES + size, channel, PUBLISH)
        self.messages.append(message)

    def settle(self, settlement: StagedSettlement, channel: int, method: int) -> None:
        """Stages an acknowledgement of tags that are not staged."""
        self.take_room(SETTLEMENT_BYTES + TAG_BYTES * len(settlement.tags), channel, method)
        self.settlements.append(settlement)
        self.tags.update(settlement.tags)

    def take_room(self, size: int, channel: int, method: int) -> None:
        """Raises PeerViolation if there is no room for so many bytes more."""
        self.bytes_staged += size
        if self.bytes_staged > self.bytes_max:
            raise PeerViolation(
                "resource_error",
                f"more than {self.bytes_max} bytes in a transaction",
                channel,
                method,
            )

    def check_open(self, channel: int, method: int) -> None:
        """Raises PeerViolation while a commit is going on."""
        if self.committing:
            raise PeerViolation(
                "channel_error",
                "unexpected command while processing 'tx.commit'",
                channel,
                method,
            )
