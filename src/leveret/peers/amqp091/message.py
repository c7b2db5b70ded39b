"""A message as it was published, for the broker to look into.

The headers CC and BCC are arrays of more routing keys; consumers do not see the second.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from leveret.broker.arguments import NO_ARGUMENTS
from leveret.broker.equivalence import type_name
from leveret.broker.errors import BrokerError, PreconditionFailed
from leveret.broker.message import Message
from leveret.engine.errors import PeerViolation
from leveret.wire.amqp091.methods import BasicPublish
from leveret.wire.amqp091.properties import decode_properties, without_header

BLIND_COPIES: Final = "BCC"
COPIES: Final = ("CC", BLIND_COPIES)
PERSISTENT: Final = 2  # the delivery mode


def published(
    exchange: str, routing_key: str, properties: bytes, body: memoryview, arrival: int
) -> Message:
    """Raises PreconditionFailed if CC or BCC is no array."""
    decoded = decode_properties(properties)
    headers = NO_ARGUMENTS if decoded.headers is None else decoded.headers
    copies = [key for name in COPIES for key in routing_keys_in(headers, name)]
    if BLIND_COPIES in headers:
        properties = without_header(properties, BLIND_COPIES)
        headers = {name: value for name, value in headers.items() if name != BLIND_COPIES}
    return Message(
        exchange,
        (routing_key, *copies),
        headers,
        message_id=decoded.message_id,
        correlation_id=decoded.correlation_id,
        timestamp=decoded.timestamp,
        priority=decoded.priority or 0,
        arrival=arrival,
        expiration=None if decoded.expiration is None else int(decoded.expiration),
        persistent=decoded.delivery_mode == PERSISTENT,
        properties=properties,
        body=body,
    )


def violation(error: BrokerError, channel: int) -> PeerViolation:
    """What the engine raises for a message that the broker refuses."""
    return PeerViolation(error.kind, error.text, channel, BasicPublish.METHOD_ID)


def routing_keys_in(headers: Mapping[str, object], name: str) -> list[str]:
    """What is not text among them is not looked at. Raises PreconditionFailed."""
    if name not in headers:
        return []
    keys = headers[name]
    if isinstance(keys, list):
        return [key for key in keys if isinstance(key, str)]
    reason = f'{{unacceptable_type_in_header,"{name}",{type_name(keys)}}}'
    raise PreconditionFailed(f"invalid message: {reason}")
