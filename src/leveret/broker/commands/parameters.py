"""Commands on parameters: values that are kept and shown, and that nothing here goes by."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from leveret.broker.argument_values import JsonValue
from leveret.broker.commands.command import VIRTUAL_HOST, Argument, Column, Command, Kind
from leveret.broker.commands.node import Node


class Row(NamedTuple):
    component: str
    name: str
    value: JsonValue


COMPONENT_COLUMN: Final = Column("component", "of what", lambda row: row.component)
NAME_COLUMN: Final = Column("name", "its name", lambda row: row.name)
VALUE_COLUMN: Final = Column("value", "its value", lambda row: row.value)


def list_parameters(node: Node, *, vhost: str) -> Iterator[Row | None]:
    node.broker.hosts.find(vhost)
    for (of_host, component, name), value in list(node.broker.parameters.of_hosts.items()):
        yield Row(component, name, value) if of_host == vhost else None


def set_parameter(node: Node, *, vhost: str, component: str, name: str, value: JsonValue) -> None:
    node.broker.hosts.find(vhost)
    node.broker.parameters.set(vhost, component, name, value)


def clear_parameter(node: Node, *, vhost: str, component: str, name: str) -> None:
    node.broker.parameters.clear(vhost, component, name)


def list_global_parameters(node: Node) -> Iterator[Row]:
    for name, value in list(node.broker.parameters.of_the_broker.items()):
        yield Row("", name, value)


def set_global_parameter(node: Node, *, name: str, value: JsonValue) -> None:
    node.broker.parameters.set_global(name, value)


def clear_global_parameter(node: Node, *, name: str) -> None:
    node.broker.parameters.clear_global(name)


COMPONENT: Final = Argument("component", "of what it is a parameter", Kind.NAME)
NAME: Final = Argument("name", "its name", Kind.NAME)
VALUE: Final = Argument("value", "any JSON", Kind.JSON)

COMMANDS: Final = (
    Command(
        "list_parameters",
        "list the parameters of a virtual host",
        list_parameters,
        (VIRTUAL_HOST,),
        (COMPONENT_COLUMN, NAME_COLUMN, VALUE_COLUMN),
        ("component", "name", "value"),
    ),
    Command(
        "set_parameter",
        "keep a value, for other programs to read",
        set_parameter,
        (COMPONENT, NAME, VALUE, VIRTUAL_HOST),
        changes=True,
        example='shovel mine \'{"src-queue": "a"}\'',
    ),
    Command(
        "clear_parameter",
        "take it back",
        clear_parameter,
        (COMPONENT, NAME, VIRTUAL_HOST),
        changes=True,
        example="shovel mine",
    ),
    Command(
        "list_global_parameters",
        "list the parameters of no virtual host",
        list_global_parameters,
        (),
        (NAME_COLUMN, VALUE_COLUMN),
        ("name", "value"),
    ),
    Command(
        "set_global_parameter",
        "the same for no virtual host",
        set_global_parameter,
        (NAME, VALUE),
        changes=True,
        example="motd '\"hello\"'",
    ),
    Command(
        "clear_global_parameter",
        "take it back",
        clear_global_parameter,
        (NAME,),
        changes=True,
        example="motd",
    ),
)
