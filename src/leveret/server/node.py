"""The broker as a process, for the commands of operators; see leveret.broker.commands.node."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import leveret
from leveret.engine.buffer import COMPILED
from leveret.server.resident import resident_bytes
from leveret.wire.amqp091.tables import CLASSES

if TYPE_CHECKING:
    from leveret.broker.argument_values import JsonValue
    from leveret.broker.broker import Broker
    from leveret.broker.commands.node import Connection
    from leveret.peers.service import Definitions
    from leveret.server.config import Config
    from leveret.server.server import Server


class Node:
    """`report` is told of errors that are nobody's fault but ours."""

    def __init__(
        self,
        server: Server,
        broker: Broker,
        config: Config,
        *,
        definitions: Definitions,
        report: Callable[[Exception], None],
    ) -> None:
        self.broker = broker
        self.classes = CLASSES
        self.report = report
        self.when_durable = definitions.when_durable
        self._server = server
        self._config = config

    # What commands ask

    def status(self) -> Mapping[str, JsonValue]:
        config, server = self._config, self._server
        memory = server.shard.memory
        return {
            "version": leveret.__version__,
            "compiled": COMPILED,
            "python": ".".join(str(part) for part in sys.version_info[:3]),
            "pid": os.getpid(),
            "uptime_ms": server.uptime_ms,
            "listeners": [str(address) for address in server.addresses],
            "control_socket": config.control_socket,
            "data_directory": config.data_directory,
            "durability": self._durability(),
            "memory_bytes": memory.in_use,
            "memory_limit_bytes": memory.limit,
            "resident_bytes": resident_bytes(),
            "disk_free_bytes": self._disk_free_bytes(),
            "disk_free_limit_bytes": (
                None if config.data_directory is None else config.disk_free_bytes_min
            ),
            "blocked_by": self._blocked_by(),
            "connections": server.connection_count,
        }

    def _durability(self) -> str:
        if self._config.data_directory is None:
            return "memory"
        return "fsync" if self._config.is_synced else "os"

    def _disk_free_bytes(self) -> int | None:
        if self._config.data_directory is None:
            return None
        try:
            disk = os.statvfs(self._config.data_directory)
        except OSError:
            return None
        return disk.f_bavail * disk.f_frsize

    def _blocked_by(self) -> str | None:
        """What publishers have to wait for."""
        memory = self._server.shard.memory
        if not memory.full:
            return None
        return "disk" if memory.held else "memory"

    def connections(self) -> list[Connection]:
        return list(self._server.connections.values())

    def find_connection(self, pid: str) -> Connection | None:
        is_number = pid.isascii() and pid.isdigit() and len(pid) < 20
        return self._server.connections.get(int(pid)) if is_number else None

    def stop(self) -> None:
        self._server.stop_asked.set()

    # What who runs commands needs

    def begin(self) -> None:
        """Take the time."""
        self._server.begin_turn()

    def want_turn(self) -> None:
        """Let what a command has begun go on."""
        self._server.want_turn()

    def fail(self, error: Exception) -> None:
        """The state of the broker contradicts itself."""
        self._server.fail(error)
