"""What the broker refuses, and why, in RabbitMQ's words.

`kind` is the protocol-neutral name of the refusal; each protocol maps it to its own code. `text`
is for the client, without the name of the code in front of it.
"""

from __future__ import annotations

from typing import ClassVar


class BrokerError(Exception):
    """A command was refused: the model is as it was before."""

    kind: ClassVar[str]

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class NotFound(BrokerError):
    kind = "not_found"


class AccessRefused(BrokerError):
    kind = "access_refused"


class PreconditionFailed(BrokerError):
    kind = "precondition_failed"


class ResourceLocked(BrokerError):
    """Another connection has the queue for itself."""

    kind = "resource_locked"


class NotAllowed(BrokerError):
    """Not for this connection at all: it cannot go on."""

    kind = "not_allowed"


class CommandInvalid(BrokerError):
    kind = "command_invalid"


class MalformedResponse(BrokerError):
    """An answer during authentication could not be read."""

    kind = "syntax_error"
