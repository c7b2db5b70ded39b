"""The method of class access, which old clients still call: everyone has every realm."""

from __future__ import annotations

from leveret.peers.amqp091.channel import Channel
from leveret.wire.amqp091.methods import AccessRequest, AccessRequestOk


def request(channel: Channel, method: AccessRequest) -> AccessRequestOk:
    """A ticket that nobody asks for."""
    return AccessRequestOk(ticket=1)
