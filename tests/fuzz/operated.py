"""What an operator's program may ask of the control socket, on the real broker.

Some of it is any bytes; the rest are requests for all commands, with arguments from a small pool,
of the right kind or not. Each ends in plain values or in a documented refusal, and the broker can
be asked for all it has afterwards.
"""

import json
from random import Random

from leveret.broker.broker import Broker
from leveret.broker.commands.command import Listing, perform
from leveret.broker.commands.table import COMMANDS
from leveret.broker.errors import BrokerError
from leveret.engine.shard import Shard
from leveret.server.control_session import read_request
from leveret.wire.amqp091.tables import CLASSES
from tests.fuzz.choices import Choices
from tests.fuzz.grammar import ARGUMENTS, NAMES, NUMBERS, TYPES

REQUESTS_MAX = 12
TEXTS = (
    *NAMES,
    *TYPES,
    "/",
    "guest",
    "ann",
    ".*",
    "(a+)+$",
    "all",
    "exchange",
    "\ud800",
    "x" * 256,
)
VALUES = (*TEXTS, *NUMBERS, 1.5, float("nan"), True, False, None, [], {}, ["a", 5], [[[[]]]])
NAMES_OF_COMMANDS = (*COMMANDS, "swim")
EVERYTHING = (
    "list_queues",
    "list_exchanges",
    "list_bindings",
    "list_vhosts",
    "list_users",
    "status",
)


class Operated:
    """A broker without clients, that cannot be stopped."""

    def __init__(self) -> None:
        self.shard = Shard()
        self.broker = Broker(self.shard, Random(1).randbytes)
        self.classes = CLASSES

    def status(self) -> dict[str, object]:
        return {}

    def connections(self) -> list[object]:
        return []

    def find_connection(self, pid: str) -> None:
        return None

    def stop(self) -> None:
        pass


def operate(data: bytes) -> None:
    choices = Choices(data)
    node = Operated()
    for _ in range(REQUESTS_MAX):
        ask(node, request(choices))
        if not choices.left:
            break
    for name in EVERYTHING:
        ask(node, json.dumps({"command": name}).encode())


def request(choices: Choices) -> bytes:
    if choices.one_in(8):
        return choices.raw(64)
    name = choices.pick(NAMES_OF_COMMANDS)
    command = COMMANDS.get(name)
    arguments = {
        argument.name: value(choices)
        for argument in (command.arguments if command else ())
        if not choices.one_in(4)
    }
    columns = [column.name for column in command.columns] if command else []
    asked = {"command": name, "arguments": arguments, "columns": columns}
    return json.dumps(asked).encode()


def value(choices: Choices) -> object:
    kind = choices.below(8)
    if kind < 4:
        return choices.pick(TEXTS)
    if kind == 4:
        return {choices.pick(ARGUMENTS): choices.pick(VALUES) for _ in range(choices.below(3))}
    if kind == 5:
        return choices.one_in(2)
    return choices.pick(VALUES)


def ask(node: Operated, line: bytes) -> None:
    try:
        _, outcome = perform(COMMANDS, node, *read_request(line))
        if isinstance(outcome, Listing):
            json.dumps([row for row in outcome.rows if row is not None])
            return
        list(outcome.steps)
        while outcome.chore is not None and not outcome.chore.done:
            node.shard.turn()
        json.dumps(outcome.value())
    except BrokerError as error:
        assert error.text
