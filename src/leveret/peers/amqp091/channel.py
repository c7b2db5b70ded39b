"""A channel: what the control plane knows of it, and channel.flow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leveret.broker.access import Access
from leveret.broker.virtual_host import VirtualHost
from leveret.engine.amqp091.channel import Channel as EngineChannel
from leveret.wire.amqp091.errors import ProtocolError
from leveret.wire.amqp091.methods import ChannelFlow, ChannelFlowOk, ChannelOpen

if TYPE_CHECKING:
    from leveret.peers.amqp091.connection import Connection
    from leveret.peers.amqp091.direct_reply_to import ReplySubscription
    from leveret.peers.amqp091.subscription import Subscription


class Channel:
    """`failed`: we have closed it and wait for the client's channel.close-ok."""

    __slots__ = (
        "connection",
        "engine",
        "failed",
        "last_queue",
        "number",
        "prefetch_count",
        "subscriptions",
        "virtual_host",
    )

    def __init__(
        self,
        connection: Connection,
        virtual_host: VirtualHost,
        engine: EngineChannel,
        number: int,
    ) -> None:
        self.connection = connection
        self.virtual_host = virtual_host
        self.engine = engine
        self.number = number
        self.failed = False
        self.last_queue = ""  # that was declared here
        self.prefetch_count = 0  # for consumers to come; 0: no limit
        self.subscriptions: dict[str, Subscription | ReplySubscription] = {}  # by consumer tag

    @property
    def access(self) -> Access:
        """What is allowed here."""
        return self.connection.access

    def queue_name(self, name: str) -> str:
        """An empty name means the queue declared last. Raises ProtocolError("not_found")."""
        if name:
            return name
        if not self.last_queue:
            raise ProtocolError("not_found", "no previously declared queue")
        return self.last_queue

    def release(self) -> None:
        """Its queues are told that the consumers have gone; the engine has closed them."""
        subscriptions, self.subscriptions = self.subscriptions, {}
        for subscription in subscriptions.values():
            subscription.release()


def open_again(channel: Channel, method: ChannelOpen) -> None:
    raise ProtocolError("channel_error", "second 'channel.open' seen")


def flow(channel: Channel, method: ChannelFlow) -> ChannelFlowOk:
    if not method.active:
        raise ProtocolError("not_implemented", "active=false")
    return ChannelFlowOk(active=True)
