"""What a server is told at its start; it never changes afterwards."""

from __future__ import annotations

from dataclasses import dataclass

from leveret import limits
from leveret.broker.limits import Limits
from leveret.engine.memory import UNLIMITED
from leveret.peers.settings import Settings
from leveret.server.address import Address

DISK_FREE_BYTES_MIN = 50 * 1024 * 1024  # RabbitMQ's default
LINGER_MS = 2_000  # a round trip around the world takes a tenth of it, and who is gone is gone
DEFAULT_SETTINGS = Settings()
DEFAULT_LIMITS = Limits()
DEFAULT_ADDRESS = Address("127.0.0.1", 5672)  # 5672 is what IANA assigned to AMQP


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The settings of one server.

    `linger_ms`: how long a connection that is over may take to accept what is still unsent.
    `settings`: what the clients' peers are told; `limits`: what the broker is.
    `memory_bytes_max`: where publishers are blocked; see docs/features/flow-control.md.
    `spill_folder`: where messages go before that, to files without names; None: nowhere.
    `data_directory`: where the log is; None: all is in memory only. `is_synced`: whether what is
    confirmed is on the disk, or only given to the system; `disk_free_bytes_min`: below that
    publishers are blocked. `control_socket`: the path of the socket for operators; None: there is
    none. `is_control_needed`: if it cannot be had, there is no start.
    The rest are limits, which `leveret.limits` explains.
    """

    listen: tuple[Address, ...] = (DEFAULT_ADDRESS,)
    linger_ms: int = LINGER_MS
    stop_ms: int = limits.STOP.default
    connections_max: int = limits.CONNECTIONS.default
    connections_per_address_max: int = limits.CONNECTIONS_PER_ADDRESS.default
    settings: Settings = DEFAULT_SETTINGS
    limits: Limits = DEFAULT_LIMITS
    memory_bytes_max: int = UNLIMITED
    spill_folder: str | None = None
    data_directory: str | None = None
    is_synced: bool = True
    disk_free_bytes_min: int = DISK_FREE_BYTES_MIN
    control_socket: str | None = None
    is_control_needed: bool = True
