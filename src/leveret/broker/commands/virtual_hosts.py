"""Commands on virtual hosts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from leveret.broker.commands.command import VIRTUAL_HOST, Answer, Argument, Column, Command, Kind
from leveret.broker.commands.node import Node
from leveret.broker.metadata import QUEUE_TYPES, Metadata
from leveret.broker.virtual_host import VirtualHost

COLUMNS: Final = (
    Column("name", "its name", lambda host: host.name),
    Column("description", "what it is for", lambda host: host.metadata.description),
    Column("tags", "its tags", lambda host: list(host.metadata.tags)),
    Column(
        "default_queue_type",
        "kept and shown, no more",
        lambda host: host.metadata.default_queue_type,
    ),
    Column("limits", "of its own", lambda host: dict(host.own_limits)),
    Column("tracing", "whether the firehose is on", lambda host: host.firehose is not None),
    Column("connections", "open now", lambda host: host.connection_count),
    Column("queues", "how many it has", lambda host: len(host.queues)),
    Column("exchanges", "how many it has", lambda host: len(host.exchanges)),
    Column("bindings", "how many it has", lambda host: host.topology.binding_count),
    Column("consumers", "how many it has", lambda host: host.topology.consumer_count),
)


def list_vhosts(node: Node) -> Iterator[VirtualHost]:
    hosts = node.broker.hosts.by_name
    for host in list(hosts.values()):
        if hosts.get(host.name) is host:
            yield host


def add_vhost(
    node: Node, *, name: str, description: str, tags: list[str], default_queue_type: str | None
) -> None:
    node.broker.hosts.add(name, Metadata(description, tuple(tags), default_queue_type))


def delete_vhost(node: Node, *, name: str) -> Answer:
    return Answer(lambda: None, node.broker.delete_virtual_host(name))


def trace_on(node: Node, *, vhost: str) -> Answer:
    return Answer(lambda: None, node.broker.hosts.trace(vhost, is_on=True))


def trace_off(node: Node, *, vhost: str) -> Answer:
    return Answer(lambda: None, node.broker.hosts.trace(vhost, is_on=False))


def set_vhost_limits(node: Node, *, vhost: str, limits: Mapping[str, object]) -> None:
    node.broker.hosts.set_limits(vhost, limits)


def clear_vhost_limits(node: Node, *, vhost: str) -> None:
    node.broker.hosts.clear_limits(vhost)


def list_vhost_limits(node: Node, *, vhost: str | None) -> Iterator[VirtualHost]:
    """Of one virtual host, or of all that have some. Raises NotFound."""
    if vhost is not None:
        yield node.broker.hosts.find(vhost)
        return
    for host in list_vhosts(node):
        if host.own_limits:
            yield host


NAME: Final = Argument("name", "the name of the virtual host", Kind.NAME)

COMMANDS: Final = (
    Command(
        "list_vhosts",
        "list the virtual hosts",
        list_vhosts,
        (),
        COLUMNS,
        ("name",),
        example="name queues",
    ),
    Command(
        "add_vhost",
        "make a virtual host",
        add_vhost,
        (
            NAME,
            Argument("description", "what it is for", default="", option="--description"),
            Argument("tags", "its tags", Kind.WORDS, (), option="--tags"),
            Argument(
                "default_queue_type",
                "kept and shown, no more",
                default=None,
                option="--default-queue-type",
                choices=QUEUE_TYPES,
            ),
        ),
        changes=True,
        example="staging --description 'where we try things'",
    ),
    Command(
        "delete_vhost",
        "delete a virtual host with all that is in it, and close its connections",
        delete_vhost,
        (NAME,),
        changes=True,
        example="staging",
    ),
    Command(
        "trace_on",
        "copy each message that comes or goes to amq.rabbitmq.trace, until it is stopped",
        trace_on,
        (VIRTUAL_HOST,),
        example="-p staging",
    ),
    Command(
        "trace_off",
        "stop copying messages to amq.rabbitmq.trace",
        trace_off,
        (VIRTUAL_HOST,),
        example="-p staging",
    ),
    Command(
        "set_vhost_limits",
        "limit the connections and queues of a virtual host",
        set_vhost_limits,
        (Argument("limits", 'such as {"max-queues": 10}; -1: none', Kind.TABLE), VIRTUAL_HOST),
        changes=True,
        example="-p staging '{\"max-connections\": 64}'",
    ),
    Command(
        "clear_vhost_limits",
        "take the limits of a virtual host back",
        clear_vhost_limits,
        (VIRTUAL_HOST,),
        changes=True,
        example="-p staging",
    ),
    Command(
        "list_vhost_limits",
        "list the limits of virtual hosts that have some",
        list_vhost_limits,
        (Argument("vhost", "only of this one", default=None, option="--vhost"),),
        COLUMNS,
        ("name", "limits"),
    ),
)
