"""What is known of a connection, its channels and consumers, in the words that operators know."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from leveret.broker.statistics import ChannelStatistics, ConsumerStatistics, PeerStatistics
from leveret.peers.amqp091.states import State

if TYPE_CHECKING:
    from leveret.broker.user import User
    from leveret.peers.amqp091.channel import Channel
    from leveret.peers.amqp091.connection import Connection
    from leveret.peers.amqp091.subscription import Subscription

PROTOCOL: Final = "AMQP 0-9-1"


def of_connection(connection: Connection) -> PeerStatistics:
    host = connection.virtual_host
    return PeerStatistics(
        state=state_of(connection),
        protocol=PROTOCOL,
        user=user_of(connection),
        virtual_host="" if host is None else host.name,
        name=connection.client.name,
        client_properties=connection.client.properties(),
        channel_count=len(connection.channels),
        channel_max=connection.channel_max,
        frame_max=connection.frame_max,
        heartbeat_s=connection.timing.heartbeat_ms // 1000,
        heard_tick=connection.timing.heard_tick,
        received_bytes=connection.engine.bytes_received,
        sent_bytes=connection.engine.bytes_sent,
        is_blocked=connection.blocked,
    )


def state_of(connection: Connection) -> str:
    """As RabbitMQ has it: `blocked` if it is not read because memory is full, else `blocking`."""
    if connection.state is State.RUNNING and connection.blocked:
        return "blocked" if connection.is_held else "blocking"
    return connection.state.value


def user_of(connection: Connection) -> str:
    """Nobody's before the login."""
    user: User | None = getattr(connection, "user", None)
    return "" if user is None else user.name


def of_channels(connection: Connection) -> Iterator[ChannelStatistics]:
    for channel in list(connection.channels.values()):
        if connection.channels.get(channel.number) is channel:
            yield of_channel(channel)


def of_channel(channel: Channel) -> ChannelStatistics:
    engine = channel.engine
    confirms = engine.confirms
    return ChannelStatistics(
        pid=pid_of(channel),
        number=channel.number,
        virtual_host=channel.virtual_host.name,
        user=channel.connection.user.name,
        confirm=engine.confirming,
        transactional=engine.transactional,
        consumer_count=len(channel.subscriptions),
        unacked_count=engine.unacked_count,
        unconfirmed_count=confirms.published - confirms.told if engine.confirming else 0,
        prefetch_count=channel.prefetch_count,
        global_prefetch_count=engine.unacked.count_max,
    )


def of_consumer(subscription: Subscription) -> ConsumerStatistics:
    consumer = subscription.consumer
    return ConsumerStatistics(
        channel_pid=pid_of(subscription.channel),
        consumer_tag=subscription.tag,
        ack_required=not consumer.settled,
        active=not consumer.closed,
        exclusive=subscription.exclusive,
        prefetch_count=consumer.credit_max,
        priority=consumer.priority,
        unacked_count=consumer.unacked_count,
    )


def pid_of(channel: Channel) -> str:
    return f"{channel.connection.pid}.{channel.number}"
