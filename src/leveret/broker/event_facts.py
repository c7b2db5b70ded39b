"""What an event says of what it is about, in RabbitMQ's words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from leveret.broker.argument_values import thaw
from leveret.broker.definitions import EXCHANGE, kind_of

if TYPE_CHECKING:
    from leveret.broker.binding import Binding
    from leveret.broker.events import Facts
    from leveret.broker.exchange import Exchange
    from leveret.broker.permission import Permission, TopicPermission
    from leveret.broker.policy import Policy
    from leveret.broker.queue import Queue
    from leveret.broker.user import User
    from leveret.broker.virtual_host import VirtualHost

LIMITS: Final = "limits"


def name_of(name: str) -> Facts:
    return {"name": name}


def name_in(virtual_host: str, name: str) -> Facts:
    return {"name": name, "vhost": virtual_host}


def queue_facts(virtual_host: str, queue: Queue) -> Facts:
    return {
        "name": queue.name,
        "vhost": virtual_host,
        "type": f"rabbit_{queue.settings.type}_queue",
        "durable": queue.durable,
        "auto_delete": queue.auto_delete,
        "exclusive": queue.owner is not None,
        "arguments": queue.arguments,
    }


def exchange_facts(virtual_host: str, exchange: Exchange) -> Facts:
    return {
        "name": exchange.name,
        "vhost": virtual_host,
        "type": exchange.type,
        "durable": exchange.durable,
        "auto_delete": exchange.auto_delete,
        "internal": exchange.internal,
        "arguments": exchange.arguments,
    }


def binding_facts(virtual_host: str, binding: Binding) -> Facts:
    return {
        "source_name": binding.source.name,
        "source_kind": EXCHANGE,
        "destination_name": binding.destination.name,
        "destination_kind": kind_of(binding.destination),
        "routing_key": binding.routing_key,
        "arguments": thaw(binding.arguments),
        "vhost": virtual_host,
    }


def policy_facts(virtual_host: str, policy: Policy) -> Facts:
    return {
        "name": policy.name,
        "vhost": virtual_host,
        "pattern": policy.pattern,
        "definition": policy.definition,
        "priority": policy.priority,
        "apply-to": policy.apply_to,
    }


def parameter_facts(virtual_host: str, component: str, name: str) -> Facts:
    return {"vhost": virtual_host, "component": component, "name": name}


def set_parameter_facts(virtual_host: str, component: str, name: str, value: object) -> Facts:
    return {**parameter_facts(virtual_host, component, name), "value": value}


def global_parameter_facts(name: str) -> Facts:
    return {"component": "global", "name": name}


def set_global_parameter_facts(name: str, value: object) -> Facts:
    return {**global_parameter_facts(name), "value": value}


def virtual_host_facts(host: VirtualHost) -> Facts:
    return {
        "name": host.name,
        "tracing": host.firehose is not None,
        "description": host.metadata.description,
        "tags": list(host.metadata.tags),
    }


def virtual_host_limits_facts(host: VirtualHost) -> Facts:
    return {"name": LIMITS, "vhost": host.name, **host.own_limits}


def cleared_limits_facts(name: str) -> Facts:
    return {"name": LIMITS, "vhost": name}


def tags_facts(user: User) -> Facts:
    return {"name": user.name, "tags": list(user.tags)}


def permission_facts(user: str, virtual_host: str, permission: Permission) -> Facts:
    return {
        "user": user,
        "vhost": virtual_host,
        "configure": permission.configure,
        "write": permission.write,
        "read": permission.read,
    }


def permission_place(user: str, virtual_host: str) -> Facts:
    return {"user": user, "vhost": virtual_host}


def topic_permission_facts(
    user: str, virtual_host: str, exchange: str, permission: TopicPermission
) -> Facts:
    return {
        **topic_permission_place(user, virtual_host, exchange),
        "write": permission.write,
        "read": permission.read,
    }


def topic_permission_place(user: str, virtual_host: str, exchange: str) -> Facts:
    return {"user": user, "vhost": virtual_host, "exchange": exchange}


def alarm_facts(source: str, node: str) -> Facts:
    return {"source": source, "node": node}
