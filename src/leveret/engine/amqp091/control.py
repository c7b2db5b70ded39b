"""What the data plane of a connection asks of its control plane."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeAlias

from leveret.engine.chores import Chore
from leveret.engine.route import Route

Delivered: TypeAlias = Callable[[int, int, bool, bytes, bytes, bytes], None]
"""Told of a delivery: channel, queue, redelivered, names, properties, body. Not to do anything to
the engine."""


class Control(Protocol):
    """Everything that does not happen for every message. Called while frames are handled."""

    def protocol_header(self, header: bytes) -> None:
        """The first eight bytes."""

    def method(self, channel: int, method: int, arguments: bytes) -> None:
        """Any method but publish, ack, nack and reject; `method` is class id << 16 | method id."""

    def route(self, channel: int, exchange: bytes, routing_key: bytes) -> Route:
        """Where a message goes, if this channel may publish there. The route is in the cache.

        Raises PeerViolation where there is no such exchange or no permission.
        """

    def route_content(
        self,
        channel: int,
        exchange: bytes,
        routing_key: bytes,
        properties: bytes,
        body: memoryview,
    ) -> tuple[Route, bytes]:
        """Where this message alone goes, on a route of its own, and with which properties.

        Asked where the route is `by_content`, or the message has CC or BCC among its headers.
        `body` is good during the call only. Raises PeerViolation for headers that cannot be.
        """

    def check_copies(self, channel: int, properties: bytes) -> None:
        """Raises as route_content() would for this CC or BCC: the message is routed later."""

    def returned(
        self, channel: int, exchange: bytes, routing_key: bytes, properties: bytes, body: bytes
    ) -> None:
        """A mandatory message has no queue to go to."""

    def began(self, chore: Chore) -> None:
        """A frame has begun what is not done yet: no more is to be handled until it is."""

    def violated(self, error: Exception) -> None:
        """Handling a frame raised this; what is not the peer's fault may be raised again."""
