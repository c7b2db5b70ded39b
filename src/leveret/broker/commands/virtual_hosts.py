"""Commands on virtual hosts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from leveret.broker.commands.command import Column, Command
from leveret.broker.commands.node import Node
from leveret.broker.virtual_host import VirtualHost

COLUMNS: Final = (
    Column("name", "its name", lambda host: host.name),
    Column("queues", "how many it has", lambda host: len(host.queues)),
    Column("exchanges", "how many it has", lambda host: len(host.exchanges)),
    Column("bindings", "how many it has", lambda host: host.topology.binding_count),
    Column("consumers", "how many it has", lambda host: host.topology.consumer_count),
)
SHOWN: Final = ("name",)


def list_vhosts(node: Node) -> Iterator[VirtualHost]:
    yield from list(node.broker.virtual_hosts.values())


COMMANDS: Final = (
    Command(
        "list_vhosts",
        "list the virtual hosts",
        list_vhosts,
        (),
        COLUMNS,
        SHOWN,
        example="name queues",
    ),
)
