"""What a server is told at its start; it never changes afterwards."""

from __future__ import annotations

from dataclasses import dataclass

from leveret.peers.settings import Settings
from leveret.server.address import Address

DEFAULT_SETTINGS = Settings()
CHUNK_BYTES_MAX = 256 * 1024 * 1024  # a burst of a quarter of a second, on the fastest connections
DEFAULT_ADDRESS = Address("127.0.0.1", 5672)  # 5672 is what IANA assigned to AMQP


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The settings of one server.

    `linger_ms`: how long a connection that is over may take to accept what is still unsent.
    `stop_ms`: how long clients may take at a shutdown before they are cut off.
    `chunk_bytes_max`: how many bytes of messages stay in memory before some leave it.
    `settings`: what the clients' peers are told.
    """

    listen: tuple[Address, ...] = (DEFAULT_ADDRESS,)
    linger_ms: int = 2_000
    stop_ms: int = 5_000
    chunk_bytes_max: int = CHUNK_BYTES_MAX
    settings: Settings = DEFAULT_SETTINGS
