"""Commands on exchanges."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from leveret.broker.argument_values import JsonValue, dump_arguments
from leveret.broker.commands.command import (
    VIRTUAL_HOST,
    Answer,
    Argument,
    Column,
    Command,
    Kind,
    show,
)
from leveret.broker.commands.node import Node
from leveret.broker.commands.queues import ARGUMENTS, AUTO_DELETE, IF_UNUSED, TRANSIENT, load
from leveret.broker.exchange import Exchange

NAME: Final = Argument("name", "the name of the exchange", Kind.NAME)

COLUMNS: Final = (
    Column("name", "its name, empty for the default one", lambda exchange: exchange.name),
    Column("type", "its type", lambda exchange: exchange.type),
    Column("durable", "it survives a restart", lambda exchange: exchange.durable),
    Column("auto_delete", "it goes with its last binding", lambda exchange: exchange.auto_delete),
    Column("internal", "clients cannot publish to it", lambda exchange: exchange.internal),
    Column(
        "arguments",
        "what it was declared with",
        lambda exchange: dump_arguments(exchange.arguments),
    ),
    Column("policy", "that it goes by", lambda exchange: exchange.effective.policy),
    Column("bindings", "that lead away from it", lambda exchange: exchange.binding_count),
)
SHOWN: Final = ("name", "type")


def list_exchanges(node: Node, *, vhost: str) -> Iterator[Exchange]:
    exchanges = node.broker.hosts.find(vhost).exchanges
    for exchange in list(exchanges.values()):
        if exchanges.get(exchange.name) is exchange:
            yield exchange


def show_exchange(node: Node, *, vhost: str, name: str) -> dict[str, JsonValue]:
    return show(COLUMNS, node.broker.hosts.find(vhost).find_exchange(name))


def declare_exchange(
    node: Node,
    *,
    vhost: str,
    name: str,
    type: str,
    transient: bool,
    auto_delete: bool,
    internal: bool,
    arguments: Mapping[str, JsonValue],
) -> None:
    node.broker.hosts.find(vhost).declare_exchange(
        name,
        type,
        durable=not transient,
        auto_delete=auto_delete,
        internal=internal,
        arguments=load(node, arguments),
    )


def delete_exchange(node: Node, *, vhost: str, name: str, if_unused: bool) -> Answer:
    host = node.broker.hosts.find(vhost)
    host.find_exchange(name)
    return Answer(lambda: None, host.delete_exchange(name, if_unused=if_unused))


INTERNAL: Final = Argument(
    "internal", "clients cannot publish to it", Kind.FLAG, False, option="--internal"
)

COMMANDS: Final = (
    Command(
        "list_exchanges",
        "list the exchanges of a virtual host",
        list_exchanges,
        (VIRTUAL_HOST,),
        COLUMNS,
        SHOWN,
        example="name type durable",
    ),
    Command(
        "show_exchange",
        "all that is known of one exchange",
        show_exchange,
        (NAME, VIRTUAL_HOST),
        asks=True,
    ),
    Command(
        "declare_exchange",
        "make an exchange, a durable one unless --transient says otherwise",
        declare_exchange,
        (
            *(NAME, Argument("type", "direct, fanout, topic, headers or another type")),
            *(VIRTUAL_HOST, TRANSIENT, AUTO_DELETE, INTERNAL, ARGUMENTS),
        ),
        changes=True,
        example="events topic",
    ),
    Command(
        "delete_exchange",
        "delete an exchange and its bindings",
        delete_exchange,
        (NAME, VIRTUAL_HOST, IF_UNUSED),
        changes=True,
        example="events --if-unused",
    ),
)
