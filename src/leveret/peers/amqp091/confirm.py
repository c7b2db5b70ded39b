"""The method of class confirm."""

from __future__ import annotations

from leveret.peers.amqp091.channel import Channel
from leveret.wire.amqp091.errors import ProtocolError
from leveret.wire.amqp091.methods import ConfirmSelect, ConfirmSelectOk


def select(channel: Channel, method: ConfirmSelect) -> ConfirmSelectOk:
    if channel.engine.transactional:
        raise ProtocolError("precondition_failed", "cannot switch from tx to confirm mode")
    channel.engine.select_confirm()
    return ConfirmSelectOk()
