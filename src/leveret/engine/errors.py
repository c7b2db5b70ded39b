"""What the engine raises: a peer that broke a rule, or a bug."""

from __future__ import annotations


class PeerViolation(Exception):
    """The peer broke a rule of its protocol.

    `kind` names the rule as in the table of reply codes ("frame_error", "precondition_failed"),
    `method` is class id << 16 | method id of the frame at fault, 0 where there is none.
    """

    def __init__(self, kind: str, text: str, channel: int = 0, method: int = 0) -> None:
        super().__init__(text)
        self.kind = kind
        self.text = text
        self.channel = channel
        self.method = method


class InvariantError(Exception):
    """The engine's own state contradicts itself: a bug, never the peer's doing."""


class ReplayError(Exception):
    """A batch of the log holds what no broker has written; the text says what."""


class PagesLost(InvariantError):
    """What a queue knows of its messages cannot be read back: the shard is of no use any more."""
