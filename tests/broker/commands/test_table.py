"""All commands: what is said of them is true."""

import pytest

from leveret.broker.commands.command import REQUIRED, Kind, fits
from leveret.broker.commands.table import COMMANDS, GROUPS


def test_each_name_is_there_once():
    assert len(COMMANDS) == sum(len(group) for group in GROUPS.values())


@pytest.mark.parametrize("command", COMMANDS.values(), ids=lambda command: command.name)
def test_what_a_command_says_of_itself_is_true(command):
    names = [column.name for column in command.columns]
    assert len(set(names)) == len(names)
    assert set(command.shown) <= set(names)
    assert bool(command.shown) == bool(command.columns)
    positional = [argument for argument in command.arguments if not argument.option]
    required = [argument.default is REQUIRED for argument in positional]
    assert required == sorted(required, reverse=True), "what is required comes first"
    for argument in command.arguments:
        assert argument.default in (REQUIRED, None) or fits(argument.kind, argument.default)
        assert argument.kind is Kind.TEXT or not argument.choices
        assert not argument.option or argument.option.startswith("--")


def test_what_only_asks_says_so():
    told = {name for name, command in COMMANDS.items() if command.is_told}
    assert not [name for name in told if name.startswith(("show_", "list_", "export_"))]
    assert told >= {name for name, command in COMMANDS.items() if command.changes}
    assert COMMANDS.keys() - told >= {"status", "ping", "authenticate_user"}


def test_rabbitmqs_names_are_there():
    assert {
        *("status", "ping", "stop", "list_queues", "list_exchanges", "list_bindings"),
        *("list_consumers", "list_connections", "list_channels", "list_vhosts"),
        *("delete_queue", "purge_queue", "close_connection", "close_all_connections"),
    } <= COMMANDS.keys()
