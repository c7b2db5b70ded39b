"""What the operator decides about all peers of a server."""

from __future__ import annotations

from dataclasses import dataclass

from leveret import limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`strict`: as RabbitMQ does it, also where Leveret does better for most.

    The rest are limits; `limits` says what they are.
    """

    strict: bool = False
    channels_per_connection_max: int = limits.CHANNELS_PER_CONNECTION.default
    consumers_per_channel_max: int = limits.CONSUMERS_PER_CHANNEL.default
    declaration_bytes_max: int = limits.DECLARATION.default
    frame_bytes_max: int = limits.FRAME.default
    handshake_ms: int = limits.HANDSHAKE.default
    heartbeat_s: int = limits.HEARTBEAT.default
    message_bytes_max: int = limits.MESSAGE.default
    transaction_bytes_max: int = limits.TRANSACTION.default
    unacked_per_channel_max: int = limits.UNACKED_PER_CHANNEL.default
    unfinished_bytes_max: int = limits.UNFINISHED.default
