"""What is known of clients at one moment, in plain values: for operators, not for messages.

A peer tells it of itself, its channels and its consumers, whatever protocol it speaks; the server
adds what it knows of the socket. Names of connections and channels (`pid`) are numbers that no
other has or had in this process: `17`, and `17.1` for its channel 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from leveret.broker.argument_values import JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerStatistics:
    """`prefetch_count` 0: no limit. `active`: it may be given something."""

    channel_pid: str
    consumer_tag: str
    ack_required: bool
    active: bool
    exclusive: bool
    prefetch_count: int
    priority: int
    unacked_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelStatistics:
    """`prefetch_count` is for consumers to come, `global_prefetch_count` for all; 0: no limit."""

    pid: str
    number: int
    virtual_host: str
    user: str
    confirm: bool
    transactional: bool
    consumer_count: int
    unacked_count: int
    unconfirmed_count: int
    prefetch_count: int
    global_prefetch_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerStatistics:
    """Of who has not said so yet, `protocol`, `user` and `virtual_host` are empty.

    `client_properties` are some that clients tell of themselves; `name` is their own for the
    connection. `heartbeat_s` 0: there are none. `heard_tick`: when something came last.
    """

    state: str
    protocol: str = ""
    user: str = ""
    virtual_host: str = ""
    name: str = ""
    client_properties: Mapping[str, JsonValue] = field(default_factory=dict)
    channel_count: int = 0
    channel_max: int = 0
    frame_max: int = 0
    heartbeat_s: int = 0
    heard_tick: int | None = None
    received_bytes: int = 0
    sent_bytes: int = 0
    is_blocked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionStatistics:
    """A socket and its peer. `connected_at` is a date in milliseconds, `idle_ms` how long it has
    said nothing, None if that is not known."""

    pid: str
    peer_host: str
    peer_port: int
    host: str
    port: int
    connected_at: int
    idle_ms: int | None
    peer: PeerStatistics

    @property
    def name(self) -> str:
        """As RabbitMQ names it."""
        return f"{self.peer_host}:{self.peer_port} -> {self.host}:{self.port}"
