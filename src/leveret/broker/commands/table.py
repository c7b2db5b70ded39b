"""All commands, by name.

A new command is an entry in the COMMANDS of the module of its noun, or a new such module: its name
(RabbitMQ's, where it has one), its arguments, its columns if it lists something, its function.
The command line, its help and its completion follow from that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from leveret.broker.commands import (
    bindings,
    channels,
    connections,
    consumers,
    definitions,
    exchanges,
    parameters,
    permissions,
    policies,
    queues,
    status,
    users,
    virtual_hosts,
)
from leveret.broker.commands.command import Command

GROUPS: Final[Mapping[str, tuple[Command, ...]]] = {
    "the broker": status.COMMANDS,
    "queues": queues.COMMANDS,
    "exchanges": exchanges.COMMANDS,
    "bindings": bindings.COMMANDS,
    "clients": connections.COMMANDS + channels.COMMANDS + consumers.COMMANDS,
    "virtual hosts": virtual_hosts.COMMANDS,
    "users": users.COMMANDS,
    "permissions": permissions.COMMANDS,
    "policies": policies.COMMANDS,
    "definitions": definitions.COMMANDS,
    "parameters": parameters.COMMANDS,
}

COMMANDS: Final[Mapping[str, Command]] = {
    command.name: command for group in GROUPS.values() for command in group
}
