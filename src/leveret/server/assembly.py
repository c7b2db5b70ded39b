"""The parts of a broker, put together."""

from __future__ import annotations

import logging
import os
import socket

import leveret
from leveret.broker.broker import Broker
from leveret.engine.shard import Shard
from leveret.peers.peer import Peer
from leveret.peers.protocol_header import Newcomer
from leveret.peers.service import Service
from leveret.server.address import Address
from leveret.server.clock import Clock
from leveret.server.config import Config
from leveret.server.selector import TurnSelector
from leveret.server.server import Server

log = logging.getLogger(__name__)

SEED_BYTES = 8


def make_server(
    config: Config, *, clock: Clock | None = None, selector: TurnSelector | None = None
) -> Server:
    """A server with a new and empty broker; see Server."""
    shard = Shard(int.from_bytes(os.urandom(SEED_BYTES)))
    service = Service(
        shard,
        Broker(shard, os.urandom),
        report=report,
        version=leveret.__version__,
        cluster_name=f"leveret@{socket.gethostname()}",
        settings=config.settings,
    )

    def open_peer(owner: int, remote: Address, tick: int) -> Peer:
        return Newcomer(service, owner=owner, is_loopback=remote.is_loopback, tick=tick)

    return Server(shard, open_peer, config, clock=clock, selector=selector)


def report(error: Exception) -> None:
    """An error in the broker that its client was told of as an internal error."""
    log.critical("internal error: %s", type(error).__name__, exc_info=error)
