"""The parts of a broker, put together."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import leveret
from leveret.broker.broker import Broker
from leveret.broker.event_facts import alarm_facts
from leveret.engine.memory import Memory
from leveret.engine.shard import Shard
from leveret.peers.amqp091 import dead_letter
from leveret.peers.amqp091.notice import event_properties, trace_properties
from leveret.peers.pace import Pace
from leveret.peers.peer import Peer
from leveret.peers.protocol_header import Newcomer
from leveret.peers.service import Definitions, InMemory, Messages, Service
from leveret.server.address import Address
from leveret.server.clock import Clock
from leveret.server.config import Config
from leveret.server.durability import Durability
from leveret.server.resident import map_memory
from leveret.server.selector import TurnSelector
from leveret.server.server import Server
from leveret.server.spilling import fold_into

if TYPE_CHECKING:
    from leveret.server.node import Node

log = logging.getLogger(__name__)

SEED_BYTES = 8
AMQP_0_9_1 = 0
"""The protocol of a record, as the engine numbers them."""


def make_server(
    config: Config,
    *,
    clock: Clock | None = None,
    selector: TurnSelector | None = None,
    prepare: Callable[[Broker], None] | None = None,
) -> Server:
    """A server with a broker that is new, but for what its log has; see Server.

    `prepare` is called with the broker when it has what the log had, before anybody is served.

    Reading a log may take long, and is waited for. Raises leveret.server.durability.Refused.
    """
    journal = Journal()
    clock = clock or Clock()
    memory = Memory(config.memory_bytes_max, map_memory)
    is_kept = config.data_directory is not None
    shard = Shard(int.from_bytes(os.urandom(SEED_BYTES)), memory, journal=is_kept)
    shard.agenda.set_time(clock.now(clock.tick()))
    shard.contents[AMQP_0_9_1] = dead_letter
    if config.spill_folder is not None:
        fold_into(shard, config.spill_folder)  # also what a log has may be long
    broker = Broker(shard, os.urandom, config.limits, empty=is_kept)
    durability = recover_from(config, shard, broker)
    make_ready(broker, durability, prepare)
    keeper: Definitions | Messages = durability or InMemory()
    service = Service(
        shard,
        broker,
        Pace(shard),
        report=report,
        version=leveret.__version__,
        cluster_name=node_name(),
        definitions=keeper,
        messages=keeper,
        settings=config.settings,
        journal=journal,
        address_of=lambda owner: server.address_of(owner),
    )

    def open_peer(owner: int, remote: Address, tick: int, refusal: str | None) -> Peer:
        return Newcomer(
            service, owner=owner, is_loopback=remote.is_loopback, tick=tick, refusal=refusal
        )

    def make_node() -> Node:
        from leveret.server.node import Node  # not before an operator comes

        return Node(server, broker, config, definitions=keeper, report=report)

    server = Server(
        shard,
        open_peer,
        config,
        clock=clock,
        selector=selector,
        durability=durability,
        make_node=make_node,
        alarm=partial(tell_alarm, service),
    )
    journal.name_of = server.name_of
    return server


def make_ready(
    broker: Broker, durability: Durability | None, prepare: Callable[[Broker], None] | None
) -> None:
    """What is done before there are events, or anybody who wants any."""
    try:
        if prepare is not None:
            prepare(broker)
    except BaseException:
        if durability is not None:
            durability.leave()
        raise
    broker.events.open(event_properties)
    broker.hosts.write_trace = partial(trace_properties, node_name())


def recover_from(config: Config, shard: Shard, broker: Broker) -> Durability | None:
    """None: nothing is kept. Raises Refused."""
    if config.data_directory is None:
        return None
    from leveret.server.recovery import recover  # the log is not for who keeps nothing

    return recover(
        config.data_directory,
        shard,
        broker,
        is_synced=config.is_synced,
        disk_free_limit=config.disk_free_bytes_min,
    )


def node_name() -> str:
    return f"leveret@{socket.gethostname()}"


def tell_alarm(service: Service, source: str, begins: bool) -> None:
    name = "alarm.set" if begins else "alarm.cleared"
    service.broker.events.tell(name, alarm_facts, source, service.cluster_name)


class Journal:
    """What peers have to tell goes to the log; `name_of` is what an owner is called there."""

    def __init__(self) -> None:
        self.name_of: Callable[[object], str] = str

    def warning(self, owner: object, event: str, detail: str) -> None:
        log.warning(f"%s: {event}: %s", self.name_of(owner), detail)

    def info(self, owner: object, event: str, detail: str) -> None:
        log.info(f"%s: {event}: %s", self.name_of(owner), detail)


def report(error: Exception) -> None:
    """An error in the broker that its client was told of as an internal error."""
    log.critical("internal error: %s", type(error).__name__, exc_info=error)
