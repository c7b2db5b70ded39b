"""A message, as far as exchanges look at it."""

from __future__ import annotations

from typing import NamedTuple

from leveret.broker.arguments import NO_ARGUMENTS, Arguments

NO_PROPERTIES = b"\0\0"


class Message(NamedTuple):
    """`routing_keys`: its own first, then those that CC and BCC add.

    `properties` are as on the wire, the rest of the fields are what is in them. `body` may be a
    view of memory that is somebody else's as soon as the message is routed.
    """

    exchange: str  # where it was published
    routing_keys: tuple[str, ...]
    headers: Arguments = NO_ARGUMENTS
    message_id: str | None = None
    correlation_id: str | None = None
    timestamp: int | None = None
    priority: int = 0
    arrival: int = 0  # milliseconds since 1970
    expiration: int | None = None  # milliseconds that it may stay
    persistent: bool = False
    properties: bytes = NO_PROPERTIES
    body: bytes | memoryview = b""
