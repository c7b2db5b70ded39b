"""Builds a virtual host again from what was kept of it (definitions.py).

First the exchanges, then the queues, then the bindings, whose ends must be there. What contradicts
itself is a broken log, and not guessed at.
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
from leveret.broker.definitions import BINDING, EXCHANGE, QUEUE, Key, Value
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
) -> None:
    """Adds to the virtual hosts, which are as they begin, all that was kept. Raises RestoreError.

    `classes` are those of the protocols' field tables, by name.
    """
    by_kind: dict[str, list[tuple[Key, Value]]] = {EXCHANGE: [], QUEUE: [], BINDING: []}
    for key, value in kept:
        if key[0] not in by_kind:
            raise RestoreError(f"a definition of an unknown kind: {key[0]}")
        by_kind[key[0]].append((key, value))
    for kind, definitions in by_kind.items():
        for key, value in definitions:
            try:
                host = hosts[key[1]]
                if kind == EXCHANGE:
                    restore_exchange(host, key, value, classes)
                elif kind == QUEUE:
                    restore_queue(host, key, value, classes, open_store)
                else:
                    restore_binding(host, key, classes)
            except (BrokerError, LookupError, TypeError, ValueError, UnknownClass) as error:
                raise RestoreError(f"{' '.join(key)}: {error}") from error


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
    )


def restore_queue(
    host: VirtualHost, key: Key, value: Value, classes: Classes, open_store: OpenStore
) -> None:
    number = value["id"]
    if not isinstance(number, int):
        raise TypeError("a queue's identity is a number")
    queue = Queue(
        key[2],
        host.topology,
        open_store(number),
        durable=True,
        auto_delete=bool(value["auto_delete"]),
        owner=None,
        arguments=load_arguments(table(value["arguments"]), classes),
    )
    host.topology.add_queue(queue)


def restore_binding(host: VirtualHost, key: Key, classes: Classes) -> None:
    _, _, source, kind, destination, routing_key, arguments = key
    ends: Mapping[str, Destination] = host.queues if kind == QUEUE else host.exchanges
    frozen = freeze(load_frozen(arguments, classes))
    host.topology.bind(Binding(host.exchanges[source], ends[destination], routing_key, frozen))


def table(value: JsonValue) -> Mapping[str, JsonValue]:
    if not isinstance(value, Mapping):
        raise TypeError("arguments are a table")
    return value
