"""The methods of class exchange."""

from __future__ import annotations

from leveret.peers.amqp091.channel import Channel
from leveret.peers.amqp091.outcome import Outcome, after
from leveret.wire.amqp091.methods import (
    ExchangeBind,
    ExchangeBindOk,
    ExchangeDeclare,
    ExchangeDeclareOk,
    ExchangeDelete,
    ExchangeDeleteOk,
    ExchangeUnbind,
    ExchangeUnbindOk,
)


def declare(channel: Channel, method: ExchangeDeclare) -> ExchangeDeclareOk:
    channel.virtual_host.declare_exchange(
        method.exchange,
        method.type,
        passive=method.passive,
        durable=method.durable,
        auto_delete=method.auto_delete,
        internal=method.internal,
        arguments=method.arguments,
        access=channel.access,
    )
    return ExchangeDeclareOk()


def delete(channel: Channel, method: ExchangeDelete) -> Outcome:
    chore = channel.virtual_host.delete_exchange(
        method.exchange, if_unused=method.if_unused, access=channel.access
    )
    return after(chore, ExchangeDeleteOk())


def bind(channel: Channel, method: ExchangeBind) -> ExchangeBindOk:
    channel.virtual_host.bind_exchange(
        destination=method.destination,
        source=method.source,
        routing_key=method.routing_key,
        arguments=method.arguments,
        access=channel.access,
    )
    return ExchangeBindOk()


def unbind(channel: Channel, method: ExchangeUnbind) -> Outcome:
    chore = channel.virtual_host.unbind_exchange(
        destination=method.destination,
        source=method.source,
        routing_key=method.routing_key,
        arguments=method.arguments,
        access=channel.access,
    )
    return after(chore, ExchangeUnbindOk())
