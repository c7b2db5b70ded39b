"""aiormq, which aio-pika stands on: its own interface, methods as in the specification."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import aiormq
import pytest
from aiormq.abc import AbstractChannel, DeliveredMessage
from aiormq.exceptions import (
    ChannelAccessRefused,
    ChannelNotFoundEntity,
    ChannelPreconditionFailed,
    ConnectionNotImplemented,
    ProbableAuthenticationError,
    PublishError,
)

from tests.interop.broker_under_test import BrokerUnderTest

WAIT_SECONDS_MAX = 10
GetOk = aiormq.spec.Basic.GetOk


@asynccontextmanager
async def open_connection(url: str) -> AsyncIterator[aiormq.abc.AbstractConnection]:
    connection = await aiormq.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def open_queue(
    broker: BrokerUnderTest, name: str, **options: bool
) -> AsyncIterator[AbstractChannel]:
    """A channel with the options, and an exclusive queue of this name."""
    async with open_connection(broker.url) as connection:
        channel = await connection.channel(**options)
        await channel.queue_declare(name, exclusive=True)
        yield channel


async def fill(channel: AbstractChannel, queue: str, *bodies: bytes) -> None:
    for body in bodies:
        await channel.basic_publish(body, routing_key=queue)


async def bodies_left(channel: AbstractChannel, queue: str) -> list[bytes]:
    bodies = []
    while isinstance((got := await channel.basic_get(queue, no_ack=True)).delivery, GetOk):
        bodies.append(got.body)
    return bodies


async def take(channel: AbstractChannel, queue: str, count: int) -> list[DeliveredMessage]:
    """The next messages of a consumer, which is cancelled then; none is acknowledged."""
    taken: asyncio.Queue[DeliveredMessage] = asyncio.Queue()
    consumer = await channel.basic_consume(queue, taken.put)
    async with asyncio.timeout(WAIT_SECONDS_MAX):
        messages = [await taken.get() for _ in range(count)]
    await channel.basic_cancel(consumer.consumer_tag)
    return messages


async def test_a_publish_waits_for_its_confirm(broker: BrokerUnderTest, name: str) -> None:
    async with open_queue(broker, name) as channel:
        confirm = await channel.basic_publish(b"hello", routing_key=name)
        assert isinstance(confirm, aiormq.spec.Basic.Ack)
        assert await bodies_left(channel, name) == [b"hello"]


async def test_publishes_at_once_are_all_confirmed(broker: BrokerUnderTest, name: str) -> None:
    async with open_queue(broker, name) as channel, asyncio.timeout(WAIT_SECONDS_MAX):
        await asyncio.gather(*[fill(channel, name, b"%d" % number) for number in range(200)])
        assert (await channel.queue_purge(name)).message_count == 200


async def test_an_unroutable_mandatory_message_comes_back(
    broker: BrokerUnderTest, name: str
) -> None:
    async with open_queue(broker, name, on_return_raises=False) as channel:
        returned = await channel.basic_publish(b"back", routing_key="nobody", mandatory=True)
        assert isinstance(returned.delivery, aiormq.spec.Basic.Return)
        assert (returned.delivery.reply_code, returned.delivery.reply_text) == (312, "NO_ROUTE")
        assert returned.body == b"back"


async def test_a_return_raises(broker: BrokerUnderTest, name: str) -> None:
    async with open_queue(broker, name) as channel:
        with pytest.raises(PublishError, match="NO_ROUTE"):
            await channel.basic_publish(b"", routing_key="nobody", mandatory=True)


async def test_properties_come_back(broker: BrokerUnderTest, name: str) -> None:
    headers = {"text": "ü", "whole": -7, "large": 2**40, "yes": True, "list": [1, {"deep": "er"}]}
    properties = aiormq.spec.Basic.Properties(
        content_type="text/plain",
        headers=headers,
        priority=3,
        correlation_id="c",
        expiration="9000",
    )
    async with open_queue(broker, name) as channel:
        await channel.basic_publish(b"", routing_key=name, properties=properties)
        back = (await channel.basic_get(name, no_ack=True)).header.properties
        assert (back.content_type, back.priority, back.expiration) == ("text/plain", 3, "9000")
        assert back.headers == headers


async def test_a_body_of_many_frames(broker: BrokerUnderTest, name: str) -> None:
    body = bytes(range(256)) * 4096
    async with open_queue(broker, name) as channel:
        await fill(channel, name, body)
        assert await bodies_left(channel, name) == [body]


async def test_settling(broker: BrokerUnderTest, name: str) -> None:
    async with open_queue(broker, name) as channel:
        await fill(channel, name, b"a", b"b", b"c", b"d")
        a, b, c, d = [message.delivery_tag for message in await take(channel, name, 4)]
        await channel.basic_ack(b)
        await channel.basic_reject(d, requeue=False)
        await channel.basic_nack(c, requeue=True)
        await channel.basic_reject(a, requeue=True)
        assert await bodies_left(channel, name) == [b"a", b"c"]


async def test_a_prefetch_holds_back(broker: BrokerUnderTest, name: str) -> None:
    async with open_queue(broker, name) as channel:
        await fill(channel, name, b"a", b"b", b"c")
        await channel.basic_qos(prefetch_count=2)
        await take(channel, name, 2)
        assert await bodies_left(channel, name) == [b"c"]


async def test_a_prefetch_of_the_whole_channel(broker: BrokerUnderTest, name: str) -> None:
    async with open_queue(broker, name) as channel:
        await channel.basic_qos(prefetch_count=2, global_=True)
        taken: asyncio.Queue[DeliveredMessage] = asyncio.Queue()
        for _ in range(2):
            await channel.basic_consume(name, taken.put)
        await fill(channel, name, b"a", b"b", b"c", b"d")
        assert (await channel.queue_declare(name, passive=True)).message_count == 2
        await channel.basic_ack((await taken.get()).delivery_tag)
        assert [(await taken.get()).body for _ in range(2)] == [b"b", b"c"]


async def test_the_consumer_of_higher_priority_is_served(
    broker: BrokerUnderTest, name: str
) -> None:
    async with open_queue(broker, name) as channel:
        low: asyncio.Queue[DeliveredMessage] = asyncio.Queue()
        high: asyncio.Queue[DeliveredMessage] = asyncio.Queue()
        await channel.basic_consume(name, low.put)
        await channel.basic_consume(name, high.put, arguments={"x-priority": 5})
        await fill(channel, name, b"a", b"b")
        assert [(await asyncio.wait_for(high.get(), WAIT_SECONDS_MAX)).body for _ in range(2)] == [
            b"a",
            b"b",
        ]
        assert low.empty()


async def test_direct_reply_to(broker: BrokerUnderTest, name: str) -> None:
    async with open_queue(broker, name) as channel:
        replies: asyncio.Queue[DeliveredMessage] = asyncio.Queue()
        await channel.basic_consume("amq.rabbitmq.reply-to", replies.put, no_ack=True)
        asking = aiormq.spec.Basic.Properties(reply_to="amq.rabbitmq.reply-to", correlation_id="7")
        await channel.basic_publish(b"ask", routing_key=name, properties=asking)
        asked = await channel.basic_get(name, no_ack=True)
        reply_to = asked.header.properties.reply_to
        assert reply_to.startswith("amq.rabbitmq.reply-to.")
        await channel.basic_publish(b"answer", routing_key=reply_to)
        assert (await asyncio.wait_for(replies.get(), WAIT_SECONDS_MAX)).body == b"answer"


async def test_an_exchange_of_headers(broker: BrokerUnderTest, name: str) -> None:
    async with open_queue(broker, name) as channel:
        arguments = {"x-match": "all", "a": 1, "b": "two"}
        await channel.queue_bind(name, "amq.headers", arguments=arguments)
        for headers in ({"a": 1, "b": "two", "c": 3}, {"a": 1}):
            properties = aiormq.spec.Basic.Properties(headers=headers)
            await channel.basic_publish(
                b"%d" % len(headers), exchange="amq.headers", properties=properties
            )
        assert await bodies_left(channel, name) == [b"3"]


async def test_an_alternate_exchange(broker: BrokerUnderTest, name: str) -> None:
    async with open_queue(broker, name) as channel:
        alternate = {"alternate-exchange": "amq.fanout"}
        await channel.exchange_declare(name, exchange_type="direct", arguments=alternate)
        await channel.queue_bind(name, "amq.fanout")
        confirm = await channel.basic_publish(b"x", exchange=name, routing_key="k", mandatory=True)
        assert isinstance(confirm, aiormq.spec.Basic.Ack)
        assert await bodies_left(channel, name) == [b"x"]


async def test_a_transaction(broker: BrokerUnderTest, name: str) -> None:
    async with open_queue(broker, name, publisher_confirms=False) as channel:
        await channel.tx_select()
        await fill(channel, name, b"rolled back")
        await channel.tx_rollback()
        await fill(channel, name, b"committed")
        await channel.tx_commit()
        assert await bodies_left(channel, name) == [b"committed"]


async def test_recover_gives_everything_back(broker: BrokerUnderTest, name: str) -> None:
    async with open_queue(broker, name) as channel:
        await fill(channel, name, b"a")
        await channel.basic_get(name)
        await channel.basic_recover(requeue=True)
        assert (await channel.basic_get(name, no_ack=True)).delivery.redelivered


async def test_the_secret_is_updated(broker: BrokerUnderTest) -> None:
    async with open_connection(broker.url) as connection:
        await connection.update_secret("guest", reason="time to change")
        assert not (await connection.channel()).is_closed


async def commit_without_select(channel: AbstractChannel, _name: str) -> None:
    await channel.tx_commit()


SOFT_ERRORS: list[tuple[Callable[[AbstractChannel, str], Awaitable[object]], type[Exception], str]]
SOFT_ERRORS = [
    (
        lambda channel, name: channel.queue_declare(name, passive=True),
        ChannelNotFoundEntity,
        "NOT_FOUND - no queue '{name}' in vhost '/'",
    ),
    (
        lambda channel, name: channel.basic_publish(b"", exchange=name),
        ChannelNotFoundEntity,
        "NOT_FOUND - no exchange '{name}' in vhost '/'",
    ),
    (
        lambda channel, name: channel.queue_declare("amq.mine"),
        ChannelAccessRefused,
        "ACCESS_REFUSED - queue name 'amq.mine' contains reserved prefix 'amq.*'",
    ),
    (
        lambda channel, name: channel.exchange_delete("amq.direct"),
        ChannelAccessRefused,
        "ACCESS_REFUSED - deletion of system exchange 'amq.direct' in vhost '/' not allowed",
    ),
    (
        lambda channel, name: channel.exchange_declare(name, exchange_type="sideways"),
        ChannelPreconditionFailed,
        "PRECONDITION_FAILED - unknown exchange type 'sideways'",
    ),
    (
        commit_without_select,
        ChannelPreconditionFailed,
        "PRECONDITION_FAILED - channel is not transactional",
    ),
]


@pytest.mark.parametrize(("act", "kind", "text"), SOFT_ERRORS)
async def test_a_soft_error_closes_the_channel_alone(
    broker: BrokerUnderTest,
    name: str,
    act: Callable[[AbstractChannel, str], Awaitable[object]],
    kind: type[Exception],
    text: str,
) -> None:
    async with open_connection(broker.url) as connection:
        channel = await connection.channel()
        with pytest.raises(kind) as error:
            await act(channel, name)
        assert text.format(name=name) in str(error.value)
        assert channel.is_closed
        assert not (await connection.channel()).is_closed


async def test_a_hard_error_closes_the_connection(broker: BrokerUnderTest, name: str) -> None:
    async with open_queue(broker, name) as channel:
        with pytest.raises(ConnectionNotImplemented, match="NOT_IMPLEMENTED - immediate=true"):
            await channel.basic_publish(b"", routing_key=name, immediate=True)


async def test_a_wrong_password(broker: BrokerUnderTest) -> None:
    with pytest.raises(ProbableAuthenticationError, match="ACCESS_REFUSED - Login was refused"):
        await aiormq.connect(broker.url.replace("guest:guest@", "guest:wrong@"))
