"""Commands on bindings: with those of the default exchange to each queue, which nobody made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from leveret.broker.argument_values import JsonValue, dump_arguments, thaw
from leveret.broker.binding import Binding
from leveret.broker.commands.command import VIRTUAL_HOST, Answer, Argument, Column, Command, Kind
from leveret.broker.commands.node import Node
from leveret.broker.commands.queues import ARGUMENTS, find, load
from leveret.broker.definitions import EXCHANGE, QUEUE, kind_of
from leveret.broker.exchanges import default

if TYPE_CHECKING:
    from leveret.broker.binding import Destination

COLUMNS: Final = (
    Column("source_name", "the exchange", lambda binding: binding.source.name),
    Column("source_kind", "`exchange`", lambda binding: EXCHANGE),
    Column("destination_name", "where to", lambda binding: binding.destination.name),
    Column(
        "destination_kind", "`queue` or `exchange`", lambda binding: kind_of(binding.destination)
    ),
    Column("routing_key", "its key", lambda binding: binding.routing_key),
    Column("arguments", "its arguments", lambda binding: dump_arguments(thaw(binding.arguments))),
)
SHOWN: Final = tuple(column.name for column in COLUMNS)


def list_bindings(node: Node, *, vhost: str) -> Iterator[Binding | None]:
    topology = node.broker.hosts.find(vhost).topology
    for queue in list(topology.queues.values()):
        if topology.queues.get(queue.name) is queue:
            yield Binding(topology.exchanges[default.NAME], queue, queue.name, ())
    ends: list[Destination] = [*topology.queues.values(), *topology.exchanges.values()]
    for destination in ends:
        yield None
        for binding in list(destination.bindings or ()):
            if destination.bindings is not None and binding in destination.bindings:
                yield binding


def bind(
    node: Node,
    *,
    vhost: str,
    source: str,
    destination: str,
    routing_key: str,
    destination_type: str,
    arguments: Mapping[str, JsonValue],
) -> None:
    host = node.broker.hosts.find(vhost)
    if destination_type == EXCHANGE:
        host.bind_exchange(
            destination=destination,
            source=source,
            routing_key=routing_key,
            arguments=load(node, arguments),
        )
    else:
        host.bind_queue(
            queue=destination,
            exchange=source,
            routing_key=routing_key,
            arguments=load(node, arguments),
            connection=find(host, destination).owner,
        )


def unbind(
    node: Node,
    *,
    vhost: str,
    source: str,
    destination: str,
    routing_key: str,
    destination_type: str,
    arguments: Mapping[str, JsonValue],
) -> Answer:
    """That there is no such binding is not an error, as of the methods of the same name."""
    host = node.broker.hosts.find(vhost)
    host.find_exchange(source)
    if destination_type == EXCHANGE:
        host.find_exchange(destination)
        chore = host.unbind_exchange(
            destination=destination,
            source=source,
            routing_key=routing_key,
            arguments=load(node, arguments),
        )
    else:
        chore = host.unbind_queue(
            queue=destination,
            exchange=source,
            routing_key=routing_key,
            arguments=load(node, arguments),
            connection=find(host, destination).owner,
        )
    return Answer(lambda: None, chore)


ENDS: Final = (
    Argument("source", "the exchange that messages come from", Kind.NAME),
    Argument("destination", "the queue or exchange that they go to", Kind.NAME),
    Argument("routing_key", "the routing key, empty if none is given", Kind.NAME, ""),
    VIRTUAL_HOST,
    Argument(
        "destination_type",
        "what the destination is, a queue if nothing is said",
        default=QUEUE,
        option="--destination-type",
        choices=(QUEUE, EXCHANGE),
    ),
    ARGUMENTS,
)

COMMANDS: Final = (
    Command(
        "list_bindings",
        "list the bindings of a virtual host",
        list_bindings,
        (VIRTUAL_HOST,),
        COLUMNS,
        SHOWN,
        example="source_name destination_name routing_key",
    ),
    Command(
        "bind",
        "bind a queue or an exchange",
        bind,
        ENDS,
        changes=True,
        example="events orders 'order.*'",
    ),
    Command(
        "unbind", "remove a binding", unbind, ENDS, changes=True, example="events orders 'order.*'"
    ),
)
