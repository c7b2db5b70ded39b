"""What survives a restart beside messages: durable exchanges, queues, and bindings between them.

    ("exchange", vhost, name)    what was declared, and its incarnation
    ("queue", vhost, name)       what was declared, and its identity
    ("binding", vhost, source, its incarnation,
     kind of destination, its name, its incarnation, routing key, arguments)    {}

Each has a key and a value. A change is told as the key with its new value, or with None when it
is gone; the newest value of a key counts. What is kept comes back by restore.py. The exchanges
that every virtual host begins with are not kept: they are always there.

What is deleted goes from here first, its bindings later, over many turns. Another one of the same
name may be there by then, or the broker may have crashed. So a binding names the incarnations of
its ends, numbers that are never given twice: one whose ends are not there is on its way out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol, TypeAlias

from leveret.broker.argument_values import JsonValue, dump_arguments, dump_frozen
from leveret.broker.names import RESERVED_PREFIX
from leveret.broker.queue import Queue

if TYPE_CHECKING:
    from leveret.broker.binding import Binding, Destination
    from leveret.broker.exchange import Exchange
    from leveret.engine.queue import Queue as Store

EXCHANGE = "exchange"
QUEUE = "queue"
BINDING = "binding"

Key: TypeAlias = tuple[str, ...]
Value: TypeAlias = Mapping[str, JsonValue]


class Definitions(Protocol):
    """Where definitions are kept."""

    def define(self, key: Key, value: Value | None) -> None:
        """Keeps the value from now on; None: the key is gone."""

    def drop(self, key: Key, store: Store) -> None:
        """The key of a queue is gone, and all its messages: never the one without the other."""


class Forgetful:
    """Of a broker that keeps nothing."""

    def define(self, key: Key, value: Value | None) -> None:
        pass

    def drop(self, key: Key, store: Store) -> None:
        pass


class Recorder:
    """Tells `definitions` of what changes in one virtual host, where it is to survive."""

    def __init__(self, virtual_host: str, definitions: Definitions) -> None:
        self.virtual_host = virtual_host
        self.definitions = definitions

    def exchange_added(self, exchange: Exchange) -> None:
        if is_kept_exchange(exchange):
            value: Value = {
                "incarnation": exchange.incarnation,
                "type": exchange.type,
                "auto_delete": exchange.auto_delete,
                "internal": exchange.internal,
                "arguments": dump_arguments(exchange.arguments),
            }
            self.definitions.define((EXCHANGE, self.virtual_host, exchange.name), value)

    def exchange_removed(self, exchange: Exchange) -> None:
        if is_kept_exchange(exchange):
            self.definitions.define((EXCHANGE, self.virtual_host, exchange.name), None)

    def queue_added(self, queue: Queue) -> None:
        if queue.durable:
            value: Value = {
                "id": queue.store.identity,
                "auto_delete": queue.auto_delete,
                "arguments": dump_arguments(queue.arguments),
            }
            self.definitions.define((QUEUE, self.virtual_host, queue.name), value)

    def queue_removed(self, queue: Queue) -> None:
        if queue.durable:
            self.definitions.drop((QUEUE, self.virtual_host, queue.name), queue.store)

    def bound(self, binding: Binding) -> None:
        if binding.source.durable and binding.destination.durable:
            self.definitions.define(self.binding_key(binding), {})

    def unbound(self, binding: Binding) -> None:
        if binding.source.durable and binding.destination.durable:
            self.definitions.define(self.binding_key(binding), None)

    def binding_key(self, binding: Binding) -> Key:
        return (
            BINDING,
            self.virtual_host,
            binding.source.name,
            incarnation_of(binding.source),
            kind_of(binding.destination),
            binding.destination.name,
            incarnation_of(binding.destination),
            binding.routing_key,
            dump_frozen(binding.arguments),
        )


def is_kept_exchange(exchange: Exchange) -> bool:
    return (
        exchange.durable and exchange.name != "" and not exchange.name.startswith(RESERVED_PREFIX)
    )


def incarnation_of(end: Destination) -> str:
    return str(end.store.identity if isinstance(end, Queue) else end.incarnation)


def kind_of(destination: Destination) -> str:
    return QUEUE if isinstance(destination, Queue) else EXCHANGE
