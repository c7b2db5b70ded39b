"""Runtime parameters: named values, of a component in a virtual host, or of the broker.

    ("parameter", virtual host, component, name)    {"value": ...}
    ("global-parameter", name)                      {"value": ...}

RabbitMQ keeps the limits of virtual hosts and the policies as parameters, and exports two of them
so; here these are what they are, and only look so in documents. All others are kept and shown, and
nothing goes by them: they are for shovels, federation and other parts that are not there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from leveret.broker.argument_values import JsonValue
from leveret.broker.definitions import Definitions, Forgetful, Key
from leveret.broker.errors import NotFound, PreconditionFailed
from leveret.broker.event_facts import (
    global_parameter_facts,
    parameter_facts,
    set_global_parameter_facts,
    set_parameter_facts,
)
from leveret.broker.events import Events

PARAMETER: Final = "parameter"
GLOBAL_PARAMETER: Final = "global-parameter"
VIRTUAL_HOST_LIMITS: Final = "vhost-limits"
LIMITS_NAME: Final = "limits"
OPERATOR_POLICIES: Final = "operator_policy"
POLICIES: Final = "policy"
WITH_COMMANDS: Final = {  # a component: the commands that are for what it is here
    VIRTUAL_HOST_LIMITS: "set_vhost_limits",
    OPERATOR_POLICIES: "set_operator_policy",
    POLICIES: "set_policy",
}


class Parameters:
    """`of_hosts` by virtual host, component and name; `of_the_broker` by name."""

    def __init__(self, events: Events | None = None) -> None:
        self.events = events or Events()
        self.of_hosts: dict[tuple[str, str, str], JsonValue] = {}
        self.of_the_broker: dict[str, JsonValue] = {}
        self.definitions: Definitions = Forgetful()

    def set(self, virtual_host: str, component: str, name: str, value: JsonValue) -> None:
        """Raises PreconditionFailed for what has a command of its own."""
        if component in WITH_COMMANDS:
            raise PreconditionFailed(f"{component} is set by {WITH_COMMANDS[component]}")
        key = (virtual_host, component, name)
        self.of_hosts[key] = value
        self.keep((PARAMETER, *key), value)
        self.events.tell("parameter.set", set_parameter_facts, *key, value)

    def clear(self, virtual_host: str, component: str, name: str) -> None:
        """Raises NotFound."""
        key = (virtual_host, component, name)
        if key not in self.of_hosts:
            raise NotFound("Parameter does not exist")
        del self.of_hosts[key]
        self.definitions.define((PARAMETER, *key), None)
        self.events.tell("parameter.cleared", parameter_facts, *key)

    def set_global(self, name: str, value: JsonValue) -> None:
        self.of_the_broker[name] = value
        self.keep((GLOBAL_PARAMETER, name), value)
        self.events.tell("parameter.set", set_global_parameter_facts, name, value)

    def clear_global(self, name: str) -> None:
        """Raises NotFound."""
        if name not in self.of_the_broker:
            raise NotFound("Parameter does not exist")
        del self.of_the_broker[name]
        self.definitions.define((GLOBAL_PARAMETER, name), None)
        self.events.tell("parameter.cleared", global_parameter_facts, name)

    def forget_virtual_host(self, virtual_host: str) -> None:
        """It is deleted, and all its parameters."""
        for key in [key for key in self.of_hosts if key[0] == virtual_host]:
            self.clear(*key)

    def keep_all(self) -> Iterator[None]:
        """Defines all of them once more, one with each step."""
        for key in tuple(self.of_hosts):
            if key in self.of_hosts:
                self.keep((PARAMETER, *key), self.of_hosts[key])
            yield
        for name in tuple(self.of_the_broker):
            if name in self.of_the_broker:
                self.keep((GLOBAL_PARAMETER, name), self.of_the_broker[name])
            yield

    def keep(self, key: Key, value: JsonValue) -> None:
        self.definitions.define(key, {"value": value})
