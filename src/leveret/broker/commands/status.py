"""Commands on the broker as a whole."""

from __future__ import annotations

from typing import Final

from leveret.broker.argument_values import JsonValue
from leveret.broker.commands.command import Command
from leveret.broker.commands.node import Node


def ping(node: Node) -> str:
    return "pong"


def status(node: Node) -> dict[str, JsonValue]:
    """What the process tells of itself, and how much there is in all virtual hosts."""
    broker = node.broker
    topologies = [host.topology for host in broker.virtual_hosts.values()]
    return {
        **node.status(),
        "virtual_hosts": len(topologies),
        "channels": broker.channel_count,
        "consumers": sum(topology.consumer_count for topology in topologies),
        "queues": sum(len(topology.queues) for topology in topologies),
        "exchanges": sum(len(topology.exchanges) for topology in topologies),
        "bindings": sum(topology.binding_count for topology in topologies),
    }


def stop(node: Node) -> None:
    node.stop()


COMMANDS: Final = (
    Command(
        "status",
        "what the broker is, has and uses",
        status,
        asks=True,
    ),
    Command(
        "ping",
        "ask whether the broker answers",
        ping,
        asks=True,
    ),
    Command("stop", "stop the broker, and wait until it has gone", stop),
)
