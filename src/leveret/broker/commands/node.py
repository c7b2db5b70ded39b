"""The broker as a process, as commands see it: what the model does not know, the server does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from leveret.broker.argument_values import Classes, JsonValue
    from leveret.broker.broker import Broker
    from leveret.broker.statistics import ChannelStatistics, ConnectionStatistics


class Connection(Protocol):
    """One of a client, as long as its socket is open."""

    @property
    def pid(self) -> str: ...

    def statistics(self) -> ConnectionStatistics: ...

    def channel_statistics(self) -> Iterable[ChannelStatistics]: ...

    def shut_down(self, text: str) -> None:
        """Ask the client to go, and say why."""


class Node(Protocol):
    @property
    def broker(self) -> Broker: ...

    @property
    def classes(self) -> Classes:
        """Those of the protocols' field tables, by name."""

    def status(self) -> Mapping[str, JsonValue]:
        """What the process is and has: see status.py for the names."""

    def connections(self) -> list[Connection]:
        """Those of now; some may have gone when one looks at them."""

    def find_connection(self, pid: str) -> Connection | None: ...

    def stop(self) -> None:
        """Stop the broker, as a signal would."""
