"""Commands that take all that is defined out of a broker, and into one.

Both go piece by piece, because there may be very much of it: what is exported are the entries of a
document, each with its section, and a document is imported in as many as one likes, in the order
of the sections. Who asks puts them together, or takes them apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Final, NamedTuple

from leveret.broker.argument_values import JsonValue
from leveret.broker.commands.bindings import list_bindings
from leveret.broker.commands.command import Argument, Column, Command, Kind
from leveret.broker.commands.exchanges import list_exchanges
from leveret.broker.commands.node import Node
from leveret.broker.commands.queues import list_queues
from leveret.broker.commands.users import list_users
from leveret.broker.commands.virtual_hosts import list_vhosts
from leveret.broker.definitions_export import (
    dump_binding,
    dump_exchange,
    dump_parameter,
    dump_permissions,
    dump_policy,
    dump_queue,
    dump_topic_permissions,
    dump_user,
    dump_virtual_host,
    is_exported,
)
from leveret.broker.definitions_import import import_definitions as import_document
from leveret.broker.document import DocumentError
from leveret.broker.errors import PreconditionFailed
from leveret.broker.exchanges import default
from leveret.broker.parameters import LIMITS_NAME, OPERATOR_POLICIES, VIRTUAL_HOST_LIMITS
from leveret.broker.queue import Queue

if TYPE_CHECKING:
    from leveret.broker.virtual_host import VirtualHost


class Row(NamedTuple):
    section: str
    entry: JsonValue


COLUMNS: Final = (
    Column("section", "where in the document it belongs", lambda row: row.section),
    Column("entry", "what it says", lambda row: row.entry),
)


def export_definitions(node: Node, *, vhost: str | None) -> Iterator[Row | None]:
    """Of the whole broker, or of one virtual host: then no entry names it. Raises NotFound."""
    if vhost is not None:
        for row in of_virtual_host(node, node.broker.hosts.find(vhost)):
            yield row and Row(row.section, without_vhost(row.entry))
        return
    yield from of_the_broker(node)
    for host in sorted(list_vhosts(node), key=lambda host: host.name):
        yield from of_virtual_host(node, host)


def of_the_broker(node: Node) -> Iterator[Row]:
    users = sorted(list_users(node), key=lambda user: user.name)
    for user in users:
        yield Row("users", dump_user(user))
    for host in sorted(list_vhosts(node), key=lambda host: host.name):
        yield Row("vhosts", dump_virtual_host(host))
    for user in users:
        yield from rows("permissions", dump_permissions(user))
        yield from rows("topic_permissions", dump_topic_permissions(user))
    for name, value in list(node.broker.parameters.of_the_broker.items()):
        yield Row("global_parameters", {"name": name, "value": value})


def of_virtual_host(node: Node, host: VirtualHost) -> Iterator[Row | None]:
    """What is bound comes before the bindings, and no binding without both its ends."""
    name = host.name
    for policy in list(host.policies.by_name.values()):
        yield Row("policies", {"name": policy.name, "vhost": name, **dump_policy(policy)})
    yield from parameters_of(node, host)
    exported = set()
    for exchange in list_exchanges(node, vhost=name):
        exported.add(exchange)
        yield Row("exchanges", dump_exchange(exchange, name)) if is_exported(exchange) else None
    queues = set()
    for queue in list_queues(node, vhost=name):
        if queue.owner is None:
            queues.add(queue)
            yield Row("queues", dump_queue(queue, name))
    for binding in list_bindings(node, vhost=name):
        if binding is None or binding.source.name == default.NAME:
            yield None
        elif binding.source in exported:
            end = binding.destination
            is_there = end in queues if isinstance(end, Queue) else end in exported
            yield Row("bindings", dump_binding(binding, name)) if is_there else None


def parameters_of(node: Node, host: VirtualHost) -> Iterator[Row]:
    for (of_host, component, name), value in list(node.broker.parameters.of_hosts.items()):
        if of_host == host.name:
            yield Row("parameters", dump_parameter(host, component, name, value))
    for policy in list(host.policies.operators.values()):
        value = dump_policy(policy)
        yield Row("parameters", dump_parameter(host, OPERATOR_POLICIES, policy.name, value))
    if host.own_limits:
        limits: JsonValue = dict(host.own_limits)
        yield Row("parameters", dump_parameter(host, VIRTUAL_HOST_LIMITS, LIMITS_NAME, limits))


def rows(section: str, entries: Iterable[JsonValue]) -> Iterator[Row]:
    for entry in entries:
        yield Row(section, entry)


def without_vhost(entry: JsonValue) -> JsonValue:
    if not isinstance(entry, Mapping):
        return entry
    return {key: value for key, value in entry.items() if key != "vhost"}


def import_definitions(
    node: Node, *, document: Mapping[str, JsonValue], vhost: str | None
) -> list[str]:
    """What could not be honoured. Raises PreconditionFailed for what is wrong, with its place."""
    if vhost is not None:
        node.broker.hosts.find(vhost)
    try:
        return import_document(node.broker, document, classes=node.classes, virtual_host=vhost)
    except DocumentError as error:
        raise PreconditionFailed(str(error)) from error


OF_ONE: Final = Argument(
    "vhost", "only this virtual host", Kind.NAME, default=None, option="--vhost"
)

COMMANDS: Final = (
    Command(
        "export_definitions",
        "write all that is defined into a file",
        export_definitions,
        (OF_ONE,),
        COLUMNS,
        ("section", "entry"),
    ),
    Command(
        "import_definitions",
        "add what a file defines, as Leveret, RabbitMQ or LavinMQ exports it",
        import_definitions,
        (
            Argument("document", "the definitions", Kind.TABLE),
            OF_ONE._replace(what="put all of it into this virtual host"),
        ),
        changes=True,
    ),
)
