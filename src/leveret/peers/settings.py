"""What the operator decides about all peers of a server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from leveret.engine.amqp091.session import MESSAGE_BYTES_MAX

MESSAGE_BYTES_LIMIT: Final = 512 * 1024 * 1024  # RabbitMQ's; a message is sent in one piece


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`strict`: as RabbitMQ does it, also where Leveret does better for most.

    `message_bytes_max` is for a message's body, up to MESSAGE_BYTES_LIMIT.
    """

    strict: bool = False
    message_bytes_max: int = MESSAGE_BYTES_MAX
