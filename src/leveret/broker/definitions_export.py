"""All that is defined, as a document that RabbitMQ, LavinMQ and Leveret import.

What goes with a connection is not in it, nor is what every virtual host begins with.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, TypeAlias

from leveret.broker.argument_values import JsonValue, dump_arguments, thaw
from leveret.broker.exchanges import default
from leveret.broker.names import RESERVED_PREFIX
from leveret.broker.parameters import LIMITS_NAME, OPERATOR_POLICIES, VIRTUAL_HOST_LIMITS
from leveret.broker.queue import Queue

if TYPE_CHECKING:
    from leveret.broker.binding import Binding, Destination
    from leveret.broker.broker import Broker
    from leveret.broker.exchange import Exchange
    from leveret.broker.policy import Policy
    from leveret.broker.user import User
    from leveret.broker.virtual_host import VirtualHost

Document: TypeAlias = dict[str, JsonValue]


def export_definitions(broker: Broker, *, version: str) -> Document:
    """Of the whole broker, whose version that is."""
    hosts = [broker.virtual_hosts[name] for name in sorted(broker.virtual_hosts)]
    users = [broker.users.by_name[name] for name in sorted(broker.users.by_name)]
    return {
        "product_name": "Leveret",
        "product_version": version,
        "users": [dump_user(user) for user in users],
        "vhosts": [dump_virtual_host(host) for host in hosts],
        "permissions": [each for user in users for each in dump_permissions(user)],
        "topic_permissions": [each for user in users for each in dump_topic_permissions(user)],
        "global_parameters": [
            {"name": name, "value": value}
            for name, value in broker.parameters.of_the_broker.items()
        ],
        **sections_of(broker, hosts),
    }


def export_virtual_host(broker: Broker, host: VirtualHost, *, version: str) -> Document:
    """Of one virtual host: without its name in the entries, to be imported into any."""
    sections = {
        name: [without(entry, "vhost") for entry in entries]
        for name, entries in sections_of(broker, [host]).items()
    }
    return {
        "product_name": "Leveret",
        "product_version": version,
        "original_vhost_name": host.name,
        **sections,
    }


def sections_of(broker: Broker, hosts: Iterable[VirtualHost]) -> dict[str, list[JsonValue]]:
    exported: list[tuple[str, JsonValue]] = [
        part for host in hosts for part in parts_of(broker, host)
    ]
    return {
        section: [entry for name, entry in exported if name == section]
        for section in ("policies", "parameters", "exchanges", "queues", "bindings")
    }


def parts_of(broker: Broker, host: VirtualHost) -> Iterator[tuple[str, JsonValue]]:
    """Each with the section where it belongs."""
    for policy in host.policies.by_name.values():
        yield "policies", {"name": policy.name, "vhost": host.name, **dump_policy(policy)}
    for (of_host, component, name), value in broker.parameters.of_hosts.items():
        if of_host == host.name:
            yield "parameters", dump_parameter(host, component, name, value)
    for policy in host.policies.operators.values():
        value = dump_policy(policy)
        yield "parameters", dump_parameter(host, OPERATOR_POLICIES, policy.name, value)
    if host.own_limits:
        value = dict(host.own_limits)
        yield "parameters", dump_parameter(host, VIRTUAL_HOST_LIMITS, LIMITS_NAME, value)
    for exchange in host.exchanges.values():
        if is_exported(exchange):
            yield "exchanges", dump_exchange(exchange, host.name)
    for queue in host.queues.values():
        if queue.owner is None:
            yield "queues", dump_queue(queue, host.name)
    destinations: list[Destination] = [*host.exchanges.values(), *host.queues.values()]
    for destination in destinations:
        for binding in destination.bindings or ():
            if not isinstance(destination, Queue) or destination.owner is None:
                yield "bindings", dump_binding(binding, host.name)


def is_exported(exchange: Exchange) -> bool:
    return exchange.name != default.NAME and not exchange.name.startswith(RESERVED_PREFIX)


def dump_user(user: User) -> JsonValue:
    return {
        "name": user.name,
        "password_hash": user.password.hash,
        "hashing_algorithm": user.password.algorithm,
        "tags": list(user.tags),
        "limits": dict(user.limits),
    }


def dump_virtual_host(host: VirtualHost) -> JsonValue:
    metadata: dict[str, JsonValue] = {
        "description": host.metadata.description,
        "tags": list(host.metadata.tags),
    }
    if host.metadata.default_queue_type is not None:
        metadata["default_queue_type"] = host.metadata.default_queue_type
    return {"name": host.name, "metadata": metadata, **metadata}


def dump_permissions(user: User) -> Iterator[JsonValue]:
    for host, (configure, write, read) in sorted(
        (host, (each.configure, each.write, each.read)) for host, each in user.permissions.items()
    ):
        yield {
            "user": user.name,
            "vhost": host,
            "configure": configure,
            "write": write,
            "read": read,
        }


def dump_topic_permissions(user: User) -> Iterator[JsonValue]:
    for (host, exchange), each in sorted(user.topic_permissions.items(), key=lambda item: item[0]):
        yield {
            "user": user.name,
            "vhost": host,
            "exchange": exchange,
            "write": each.write,
            "read": each.read,
        }


def dump_policy(policy: Policy) -> dict[str, JsonValue]:
    return {
        "pattern": policy.pattern,
        "apply-to": policy.apply_to,
        "definition": dict(policy.definition),
        "priority": policy.priority,
    }


def dump_parameter(host: VirtualHost, component: str, name: str, value: JsonValue) -> JsonValue:
    return {"component": component, "name": name, "vhost": host.name, "value": value}


def dump_exchange(exchange: Exchange, host: str) -> JsonValue:
    return {
        "name": exchange.name,
        "vhost": host,
        "type": exchange.type,
        "durable": exchange.durable,
        "auto_delete": exchange.auto_delete,
        "internal": exchange.internal,
        "arguments": dump_arguments(exchange.arguments),
    }


def dump_queue(queue: Queue, host: str) -> JsonValue:
    return {
        "name": queue.name,
        "vhost": host,
        "durable": queue.durable,
        "auto_delete": queue.auto_delete,
        "arguments": dump_arguments(queue.arguments),
    }


def dump_binding(binding: Binding, host: str) -> JsonValue:
    return {
        "source": binding.source.name,
        "vhost": host,
        "destination": binding.destination.name,
        "destination_type": kind_of(binding.destination),
        "routing_key": binding.routing_key,
        "arguments": dump_arguments(thaw(binding.arguments)),
    }


def kind_of(destination: Destination) -> str:
    return "queue" if isinstance(destination, Queue) else "exchange"


def without(entry: JsonValue, key: str) -> JsonValue:
    if not isinstance(entry, Mapping):
        return entry
    return {name: value for name, value in entry.items() if name != key}
