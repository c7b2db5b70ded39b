"""Builds a broker again from what was kept of it: virtual hosts, users, and all that is in them.

A broker of which nothing was kept begins with the defaults; so does one whose log was written when
there were no others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Final

from leveret.broker.argument_values import Classes, JsonValue
from leveret.broker.broker import DEFAULTS, Broker
from leveret.broker.definitions import Definitions, Key, Value
from leveret.broker.errors import BrokerError
from leveret.broker.metadata import Metadata
from leveret.broker.parameters import GLOBAL_PARAMETER, PARAMETER
from leveret.broker.password import Password
from leveret.broker.permission import Permission, TopicPermission
from leveret.broker.policies import OPERATOR_POLICY, POLICY
from leveret.broker.policy import Policy
from leveret.broker.restore import OpenStore, RestoreError, restore, table, whole_number
from leveret.broker.users import PERMISSION, TOPIC_PERMISSION, USER
from leveret.broker.virtual_hosts import VIRTUAL_HOST

if TYPE_CHECKING:
    from leveret.broker.virtual_host import VirtualHost


def restore_broker(
    broker: Broker,
    kept: Iterable[tuple[Key, Value]],
    *,
    classes: Classes,
    open_store: OpenStore,
    definitions: Definitions,
) -> None:
    """Adds to a broker that is empty all that was kept. Raises RestoreError; see restore()."""
    of_kind: dict[str, list[tuple[Key, Value]]] = {kind: [] for kind in RESTORERS}
    of_hosts: list[tuple[Key, Value]] = []
    for key, value in kept:
        of_kind.get(key[0], of_hosts).append((key, value))
    for kind, restore_one in RESTORERS.items():
        for key, value in of_kind[kind]:
            try:
                restore_one(broker, key, value)
            except (BrokerError, LookupError, TypeError, ValueError) as error:
                raise RestoreError(f"{' '.join(key)}: {error}") from error
    is_new = not of_kind[DEFAULTS[0]]
    if is_new:
        broker.add_defaults()
    restore(
        broker.hosts.all(),
        of_hosts,
        classes=classes,
        open_store=open_store,
        definitions=definitions,
    )
    broker.keep(definitions)
    if is_new:
        for _ in broker.keep_all():
            pass
    for host in tuple(broker.hosts.leaving.values()):
        broker.hosts.remove(host)


def restore_defaults(broker: Broker, key: Key, value: Value) -> None:
    """They were there once, and are not added again."""


def restore_virtual_host(broker: Broker, key: Key, value: Value) -> None:
    type = value["default_queue_type"]
    metadata = Metadata(
        text(value["description"]), texts(value["tags"]), None if type is None else text(type)
    )
    host: VirtualHost = broker.hosts.add(key[1], metadata)
    host.own_limits = numbers(value["limits"])
    if value["leaving"]:
        broker.hosts.leaving[key[1]] = broker.hosts.by_name.pop(key[1])


def restore_user(broker: Broker, key: Key, value: Value) -> None:
    password = Password(text(value["password_hash"]), text(value["hashing_algorithm"]))
    user = broker.users.add_hashed(key[1], password, texts(value["tags"]))
    user.limits = numbers(value["limits"])


def restore_permission(broker: Broker, key: Key, value: Value) -> None:
    permission = Permission(text(value["configure"]), text(value["write"]), text(value["read"]))
    broker.users.permit(broker.users.by_name[key[2]], key[1], permission)


def restore_topic_permission(broker: Broker, key: Key, value: Value) -> None:
    permission = TopicPermission(text(value["write"]), text(value["read"]))
    broker.users.permit_topics(broker.users.by_name[key[2]], key[1], key[3], permission)


def restore_policy(broker: Broker, key: Key, value: Value) -> None:
    policy = Policy(
        name=key[2],
        pattern=text(value["pattern"]),
        definition=table(value["definition"]),
        priority=whole_number(value["priority"]),
        apply_to=text(value["apply_to"]),
    )
    operator = key[0] == OPERATOR_POLICY
    broker.hosts.all()[key[1]].policies.add(policy, operator=operator, lenient=True)


def restore_parameter(broker: Broker, key: Key, value: Value) -> None:
    broker.parameters.set(key[1], key[2], key[3], value["value"])


def restore_global_parameter(broker: Broker, key: Key, value: Value) -> None:
    broker.parameters.set_global(key[1], value["value"])


Restorer = Callable[[Broker, Key, Value], None]
RESTORERS: Final[Mapping[str, Restorer]] = {  # in this order
    DEFAULTS[0]: restore_defaults,
    VIRTUAL_HOST: restore_virtual_host,
    USER: restore_user,
    PERMISSION: restore_permission,
    TOPIC_PERMISSION: restore_topic_permission,
    POLICY: restore_policy,
    OPERATOR_POLICY: restore_policy,
    PARAMETER: restore_parameter,
    GLOBAL_PARAMETER: restore_global_parameter,
}


def text(value: JsonValue) -> str:
    if not isinstance(value, str):
        raise TypeError("a text is a text")
    return value


def texts(value: JsonValue) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError("texts are a list")
    return tuple(text(item) for item in value)


def numbers(value: JsonValue) -> dict[str, int]:
    return {name: whole_number(item) for name, item in table(value).items()}
