"""The methods of class connection: the handshake from start to open, and the close."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from leveret.broker.access import UserAccess
from leveret.broker.errors import BrokerError, NotAllowed
from leveret.broker.user import IMPERSONATOR
from leveret.peers.amqp091 import event_facts, tracing
from leveret.peers.amqp091.client import read_client
from leveret.peers.amqp091.login import MECHANISMS, log_in
from leveret.peers.amqp091.states import State
from leveret.peers.service import Service
from leveret.wire.amqp091.errors import ProtocolError
from leveret.wire.amqp091.methods import (
    ConnectionClose,
    ConnectionCloseOk,
    ConnectionOpen,
    ConnectionOpenOk,
    ConnectionStart,
    ConnectionStartOk,
    ConnectionTune,
    ConnectionTuneOk,
    ConnectionUpdateSecret,
    ConnectionUpdateSecretOk,
)

if TYPE_CHECKING:
    from leveret.engine.amqp091.connection import Connection as Engine
    from leveret.peers.amqp091.connection import Connection
    from leveret.peers.settings import Settings

# The least is the specification's, for there are clients that insist on it.
FRAME_MAX_MIN: Final = 4096
INITIAL_FRAME_MAX: Final = 8192  # RabbitMQ's; until then nobody knows who it is that sends
CHANNEL_MAX_MIN: Final = 1  # without a channel there is nothing to do

LOCALES: Final = b"en_US"
CAPABILITIES: Final = (  # those that are true; a client takes a missing one for false
    "publisher_confirms",
    "exchange_exchange_bindings",
    "basic.nack",
    "connection.blocked",
    "consumer_cancel_notify",
    "consumer_priorities",
    "direct_reply_to",
    "authentication_failure_close",
    "per_consumer_qos",
)


def start(service: Service) -> ConnectionStart:
    python = ".".join(str(part) for part in sys.version_info[:3])
    return ConnectionStart(
        version_major=0,
        version_minor=9,
        server_properties={
            "capabilities": dict.fromkeys(CAPABILITIES, True),
            "cluster_name": service.cluster_name,
            "copyright": "Copyright (c) the Leveret authors",
            "information": "Licensed under the Apache License 2.0",
            "platform": f"Python {python}",
            "product": "Leveret",
            "version": service.version,
        },
        mechanisms=" ".join(MECHANISMS).encode(),
        locales=LOCALES,
    )


def start_ok(connection: Connection, method: ConnectionStartOk) -> None:
    capabilities = method.client_properties.get("capabilities")
    if isinstance(capabilities, Mapping):
        connection.capabilities = frozenset(k for k, v in capabilities.items() if v is True)
    connection.client = read_client(method.client_properties)
    try:
        user = log_in(
            connection.service.broker,
            method.mechanism,
            method.response,
            is_loopback=connection.is_loopback,
        )
    except (BrokerError, ProtocolError) as error:
        connection.refuse_login(error)
        return
    connection.user = user
    connection.events.tell(
        "user.authentication.success", event_facts.logged_in, connection, method.mechanism
    )
    if IMPERSONATOR not in user.tags:
        connection.engine.log_in(user.name.encode("utf-8", "surrogateescape"))
    settings = connection.service.settings
    tune = ConnectionTune(
        channel_max=settings.channels_per_connection_max,
        frame_max=settings.frame_bytes_max,
        heartbeat=settings.heartbeat_s,
    )
    connection.write(0, tune)


def tune_ok(connection: Connection, method: ConnectionTuneOk) -> None:
    frames, channels = method.frame_max, method.channel_max
    settings = connection.service.settings
    check_negotiated("frame_max", frames, least=FRAME_MAX_MIN, most=settings.frame_bytes_max)
    check_negotiated(
        "channel_max",
        channels,
        least=CHANNEL_MAX_MIN,
        most=settings.channels_per_connection_max,
    )
    connection.frame_max = method.frame_max
    connection.channel_max = method.channel_max
    connection.engine.tune(method.frame_max, method.channel_max)
    connection.timing.heartbeat_ms = method.heartbeat * 1000


def check_negotiated(field: str, value: int, *, least: int, most: int) -> None:
    """Raises ProtocolError("not_allowed"); 0 asks for no limit at all."""
    if 0 < value < least:
        text = f"lower than the minimum allowed value ({least})"
    elif value == 0 or value > most:
        text = f"higher than the maximum allowed value ({most})"
    else:
        return
    detail = " (no limit)" if value == 0 and field == "channel_max" else ""
    raise ProtocolError("not_allowed", f"negotiated {field} = {value}{detail} is {text}")


def open(connection: Connection, method: ConnectionOpen) -> None:
    if connection.refusal is not None:
        raise NotAllowed(connection.refusal)
    host = connection.service.broker.enter(connection, connection.user, method.virtual_host)
    connection.virtual_host = host
    connection.access = UserAccess(connection.user, host.name)
    connection.engine.enter(host.routes)
    tracing.follow(connection)
    connection.timing.limit = None
    connection.write(0, ConnectionOpenOk())
    with connection.events.acting(connection.user.name):
        connection.events.tell("connection.created", event_facts.opened, connection)


def update_secret(connection: Connection, method: ConnectionUpdateSecret) -> None:
    """Nothing that a user of ours logs in with expires: what is there stays good."""
    connection.write(0, ConnectionUpdateSecretOk())


def close(connection: Connection, method: ConnectionClose) -> None:
    """Also while we wait for the answer to our own."""
    if connection.state is State.CLOSING:
        connection.write(0, ConnectionCloseOk())
    else:
        connection.leave()


def close_ok(connection: Connection, method: ConnectionCloseOk) -> None:
    connection.finish()


def limit(engine: Engine, settings: Settings) -> None:
    engine.session.limit_messages(
        settings.message_bytes_max, settings.unfinished_bytes_max, settings.transaction_bytes_max
    )
    engine.session.limit_unacked(settings.unacked_per_channel_max)
    engine.tune(INITIAL_FRAME_MAX, 0)
