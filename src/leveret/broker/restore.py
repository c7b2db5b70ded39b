"""Builds a virtual host again from what was kept of it (definitions.py).

First the exchanges, then the queues, then the bindings. A binding without its ends was on its way
out when the broker crashed: it goes, and so does the auto-delete exchange that has none left. What
contradicts itself is a broken log, and not guessed at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from leveret.broker.argument_values import (
    Classes,
    JsonValue,
    UnknownClass,
    load_arguments,
    load_frozen,
)
from leveret.broker.arguments import freeze
from leveret.broker.binding import Binding
from leveret.broker.definitions import (
    BINDING,
    EXCHANGE,
    QUEUE,
    Definitions,
    Key,
    Value,
    incarnation_of,
)
from leveret.broker.errors import BrokerError
from leveret.broker.queue import Queue
from leveret.broker.virtual_host import VirtualHost, find_type
from leveret.engine.queue import Queue as Store

if TYPE_CHECKING:
    from leveret.broker.binding import Destination


class RestoreError(Exception):
    """A definition that was kept makes no sense; says which."""


# Opens the engine's queue that had this identity.
OpenStore = Callable[[int], Store]


def restore(
    hosts: Mapping[str, VirtualHost],
    kept: Iterable[tuple[Key, Value]],
    *,
    classes: Classes,
    open_store: OpenStore,
    definitions: Definitions,
) -> None:
    """Adds to the virtual hosts, which are as they begin, all that was kept. Raises RestoreError.

    `classes` are those of the protocols' field tables, by name. From now on `definitions` are told
    of all that changes, beginning with what was on its way out.
    """
    orphans: list[Key] = []
    by_kind: dict[str, list[tuple[Key, Value]]] = {EXCHANGE: [], QUEUE: [], BINDING: []}
    for key, value in kept:
        if key[0] not in by_kind:
            raise RestoreError(f"a definition of an unknown kind: {key[0]}")
        by_kind[key[0]].append((key, value))
    for kind, of_kind in by_kind.items():
        for key, value in of_kind:
            try:
                if kind == BINDING and key[1] not in hosts:  # gone, and its name went first
                    orphans.append(key)
                    continue
                host = hosts[key[1]]
                if kind == EXCHANGE:
                    restore_exchange(host, key, value, classes)
                elif kind == QUEUE:
                    restore_queue(host, key, value, classes, open_store)
                elif not restore_binding(host, key, classes):
                    orphans.append(key)
            except (BrokerError, LookupError, TypeError, ValueError, UnknownClass) as error:
                raise RestoreError(f"{' '.join(key)}: {error}") from error
    for host in hosts.values():
        host.keep(definitions)
    remove_orphans(hosts, orphans, definitions)


def restore_exchange(host: VirtualHost, key: Key, value: Value, classes: Classes) -> None:
    type = str(value["type"])
    arguments = load_arguments(table(value["arguments"]), classes)
    host.add_exchange(
        key[2],
        type,
        find_type(type)(arguments, host.surroundings),
        auto_delete=bool(value["auto_delete"]),
        internal=bool(value["internal"]),
        arguments=arguments,
        incarnation=whole_number(value["incarnation"]),
    )


def restore_queue(
    host: VirtualHost, key: Key, value: Value, classes: Classes, open_store: OpenStore
) -> None:
    queue = Queue(
        key[2],
        host.topology,
        open_store(whole_number(value["id"])),
        durable=True,
        auto_delete=bool(value["auto_delete"]),
        owner=None,
        arguments=load_arguments(table(value["arguments"]), classes),
    )
    host.topology.add_queue(queue)
    host.policies.govern_queue(queue)


def restore_binding(host: VirtualHost, key: Key, classes: Classes) -> bool:
    """False: an end of it is not there."""
    _, _, name, incarnation, kind, destination_name, destination_incarnation, *rest = key
    ends: Mapping[str, Destination] = host.queues if kind == QUEUE else host.exchanges
    source = host.exchanges.get(name)
    destination = ends.get(destination_name)
    if source is None or incarnation_of(source) != incarnation:
        return False
    if destination is None or incarnation_of(destination) != destination_incarnation:
        return False
    routing_key, arguments = rest
    frozen = freeze(load_frozen(arguments, classes))
    host.topology.bind(Binding(source, destination, routing_key, frozen))
    return True


def remove_orphans(
    hosts: Mapping[str, VirtualHost], orphans: Iterable[Key], definitions: Definitions
) -> None:
    """After the exchanges that go with them: a crash in between finds the orphans again."""
    for _, host_name, name, incarnation, *_ in orphans:
        if host_name not in hosts:
            continue
        topology = hosts[host_name].topology
        source = topology.exchanges.get(name)
        if source is None or incarnation_of(source) != incarnation:
            continue
        if topology.is_unused(source):
            topology.remove_exchange(source)
    for key in orphans:
        definitions.define(key, None)


def whole_number(value: JsonValue) -> int:
    if not isinstance(value, int):
        raise TypeError("an incarnation is a whole number")
    return value


def table(value: JsonValue) -> Mapping[str, JsonValue]:
    if not isinstance(value, Mapping):
        raise TypeError("arguments are a table")
    return value
