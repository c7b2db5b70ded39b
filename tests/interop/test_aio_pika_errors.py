"""aio-pika: errors close the channel alone, or the connection."""

import asyncio
from collections.abc import Awaitable, Callable

import aio_pika
import aiormq.exceptions
import pytest
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage
from aiormq.exceptions import (
    ChannelAccessRefused,
    ChannelLockedResource,
    ChannelNotFoundEntity,
    ChannelPreconditionFailed,
)

from tests.interop.broker_under_test import BrokerUnderTest

Act = Callable[[AbstractChannel, str], Awaitable[object]]


async def ignore(message: AbstractIncomingMessage) -> None:
    """A consumer that does nothing."""


async def declare_twice(channel: AbstractChannel, name: str) -> None:
    await channel.declare_queue(name, exclusive=True)
    await channel.declare_queue(name, exclusive=True, auto_delete=True)


async def consume_beside_an_exclusive_consumer(channel: AbstractChannel, name: str) -> None:
    queue = await channel.declare_queue(name, exclusive=True)
    await queue.consume(ignore, exclusive=True)
    await queue.consume(ignore)


async def publish_to_no_exchange(channel: AbstractChannel, name: str) -> None:
    exchange = await channel.get_exchange(name, ensure=False)
    await exchange.publish(aio_pika.Message(b""), "")


SOFT_ERRORS: list[tuple[Act, type[Exception], str]] = [
    (
        lambda channel, name: channel.declare_queue(name, passive=True),
        ChannelNotFoundEntity,
        "NOT_FOUND - no queue '{name}' in vhost '/'",
    ),
    (
        lambda channel, name: channel.get_exchange(name),
        ChannelNotFoundEntity,
        "NOT_FOUND - no exchange '{name}' in vhost '/'",
    ),
    (
        publish_to_no_exchange,
        ChannelNotFoundEntity,
        "NOT_FOUND - no exchange '{name}' in vhost '/'",
    ),
    (
        declare_twice,
        ChannelPreconditionFailed,
        "PRECONDITION_FAILED - inequivalent arg 'auto_delete' for queue '{name}' in vhost '/': "
        "received 'true' but current is 'false'",
    ),
    (
        lambda channel, name: channel.declare_exchange("amq.topic", "direct", durable=True),
        ChannelPreconditionFailed,
        "PRECONDITION_FAILED - inequivalent arg 'type' for exchange 'amq.topic' in vhost '/': "
        "received 'direct' but current is 'topic'",
    ),
    (
        lambda channel, name: channel.declare_queue("amq.mine", exclusive=True),
        ChannelAccessRefused,
        "ACCESS_REFUSED - queue name 'amq.mine' contains reserved prefix 'amq.*'",
    ),
    (
        consume_beside_an_exclusive_consumer,
        ChannelAccessRefused,
        "ACCESS_REFUSED - queue '{name}' in vhost '/' in exclusive use",
    ),
]


@pytest.mark.parametrize(("act", "kind", "text"), SOFT_ERRORS)
async def test_a_soft_error_closes_the_channel_alone(
    broker: BrokerUnderTest, name: str, act: Act, kind: type[Exception], text: str
) -> None:
    async with await aio_pika.connect(broker.url) as connection:
        bystander = await connection.channel()
        channel = await connection.channel()
        with pytest.raises(kind) as error:
            await act(channel, name)
        assert text.format(name=name) in str(error.value)
        await bystander.declare_queue(exclusive=True)
        await (await connection.channel()).declare_queue(exclusive=True)


async def test_an_exclusive_queue_of_another_connection(broker: BrokerUnderTest, name: str) -> None:
    async with (
        await aio_pika.connect(broker.url) as owner,
        await aio_pika.connect(broker.url) as other,
    ):
        await (await owner.channel()).declare_queue(name, exclusive=True)
        with pytest.raises(ChannelLockedResource) as error:
            await (await other.channel()).declare_queue(name, passive=True)
        assert "RESOURCE_LOCKED - cannot obtain exclusive access to locked queue" in str(
            error.value
        )


async def test_an_unknown_delivery_tag(broker: BrokerUnderTest) -> None:
    async with await aio_pika.connect(broker.url) as connection:
        channel = await connection.channel()
        underlay = await channel.get_underlay_channel()
        await underlay.basic_ack(99)
        with pytest.raises(Exception, match="unknown delivery tag 99"):
            await asyncio.wait_for(underlay.closing, 10)


async def test_a_hard_error_closes_the_connection(broker: BrokerUnderTest, name: str) -> None:
    async with await aio_pika.connect(broker.url) as connection:
        channel = await connection.channel(publisher_confirms=False)
        await channel.declare_queue(name, exclusive=True)
        message = aio_pika.Message(b"now")
        with pytest.raises(aiormq.exceptions.ConnectionNotImplemented) as error:
            await channel.default_exchange.publish(message, name, immediate=True)
            await channel.declare_queue(name, passive=True)
        assert "NOT_IMPLEMENTED - immediate=true" in str(error.value)


async def test_a_wrong_password(broker: BrokerUnderTest) -> None:
    url = broker.url.replace("guest:guest@", "guest:wrong@")
    assert url != broker.url
    with pytest.raises(aio_pika.exceptions.ProbableAuthenticationError) as error:
        await aio_pika.connect(url)
    assert "ACCESS_REFUSED - Login was refused" in str(error.value)
