"""What events say of connections, channels and consumers. `pid` is as in statistics.py."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from leveret.broker.authentication import LoginRefused

if TYPE_CHECKING:
    from leveret.broker.events import Facts
    from leveret.peers.amqp091.channel import Channel
    from leveret.peers.amqp091.connection import Connection
    from leveret.peers.amqp091.subscription import Subscription

PROTOCOL: Final = "AMQP 0-9-1"
NETWORK: Final = "network"


def address_of(connection: Connection) -> Facts:
    """Its name, and both ends of its socket; only the pid if the socket has gone."""
    if not connection.address:
        connection.address = connection.service.address_of(connection.owner)
    return {"name": connection.pid, **connection.address}


def name_of(connection: Connection) -> str:
    return str(address_of(connection)["name"])


def opened(connection: Connection) -> Facts:
    return {
        "pid": connection.pid,
        **address_of(connection),
        "ssl": False,
        "protocol": PROTOCOL,
        "user": connection.user.name,
        "vhost": "" if connection.virtual_host is None else connection.virtual_host.name,
        "timeout": connection.timing.heartbeat_ms // 1000,
        "frame_max": connection.frame_max,
        "channel_max": connection.channel_max,
        "client_properties": connection.client.properties(),
        "node": connection.service.cluster_name,
    }


def closed(connection: Connection) -> Facts:
    return {
        "name": name_of(connection),
        "pid": connection.pid,
        "node": connection.service.cluster_name,
        "client_properties": connection.client.properties(),
    }


def logged_in(connection: Connection, mechanism: str) -> Facts:
    facts: Mapping[str, object] = {**address_of(connection), "name": connection.user.name}
    return {**facts, "connection_type": NETWORK, "auth_mechanism": mechanism}


def refused(connection: Connection, error: LoginRefused) -> Facts:
    facts: Mapping[str, object] = {**address_of(connection), "name": error.name}
    about: Mapping[str, object] = {
        "connection_type": NETWORK,
        "auth_mechanism": error.mechanism,
        "error": error.reason,
    }
    return {**facts, **about}


def pid_of(channel: Channel) -> str:
    return f"{channel.connection.pid}.{channel.number}"


def channel_opened(channel: Channel) -> Facts:
    connection = channel.connection
    return {
        **channel_closed(channel),
        "connection": connection.pid,
        "number": channel.number,
        "user": connection.user.name,
        "vhost": channel.virtual_host.name,
    }


def channel_closed(channel: Channel) -> Facts:
    name = f"{name_of(channel.connection)} ({channel.number})"
    return {"pid": pid_of(channel), "name": name}


def consumer_started(subscription: Subscription, arguments: Mapping[str, object]) -> Facts:
    return {
        **consumer_stopped(subscription),
        "exclusive": subscription.exclusive,
        "ack_required": not subscription.consumer.settled,
        "prefetch_count": subscription.consumer.credit_max,
        "arguments": arguments,
    }


def consumer_stopped(subscription: Subscription) -> Facts:
    return {
        "consumer_tag": subscription.tag,
        "channel": pid_of(subscription.channel),
        "queue": subscription.queue.name,
        "vhost": subscription.channel.virtual_host.name,
    }
