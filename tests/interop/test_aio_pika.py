"""aio-pika: publishing, consuming, settling and what queues do."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, AbstractQueue
from aio_pika.exceptions import QueueEmpty

from tests.interop.broker_under_test import BrokerUnderTest

WAIT_SECONDS_MAX = 10


@asynccontextmanager
async def open_channel(
    broker: BrokerUnderTest, *, publisher_confirms: bool = True
) -> AsyncIterator[AbstractChannel]:
    async with await aio_pika.connect(broker.url) as connection:
        yield await connection.channel(publisher_confirms=publisher_confirms)


@asynccontextmanager
async def open_queue(
    broker: BrokerUnderTest, name: str
) -> AsyncIterator[tuple[AbstractChannel, AbstractQueue]]:
    async with open_channel(broker) as channel:
        yield channel, await channel.declare_queue(name, exclusive=True)


async def fill(channel: AbstractChannel, queue: AbstractQueue, *bodies: bytes) -> None:
    for body in bodies:
        await channel.default_exchange.publish(aio_pika.Message(body), queue.name)


async def take(queue: AbstractQueue, count: int) -> list[AbstractIncomingMessage]:
    """The next messages of a consumer, which is cancelled then; none is acknowledged."""
    taken: asyncio.Queue[AbstractIncomingMessage] = asyncio.Queue()
    tag = await queue.consume(taken.put)
    async with asyncio.timeout(WAIT_SECONDS_MAX):
        messages = [await taken.get() for _ in range(count)]
    await queue.cancel(tag)
    return messages


async def ignore(message: AbstractIncomingMessage) -> None:
    """A consumer that does nothing."""


async def bodies_left(queue: AbstractQueue) -> list[tuple[bytes, bool | None]]:
    """What is in the queue, each with its redelivered flag; the queue is empty afterwards."""
    left = []
    while message := await queue.get(no_ack=True, fail=False):
        left.append((message.body, message.redelivered))
    return left


async def test_a_publish_waits_for_its_confirm(broker: BrokerUnderTest, name: str) -> None:
    async with open_queue(broker, name) as (channel, queue):
        message = aio_pika.Message(b"hello", message_id="m-1")
        confirm = await channel.default_exchange.publish(message, name)
        assert type(confirm).__name__ == "Ack"
        assert (await queue.get(no_ack=True)).message_id == "m-1"


async def test_publishes_at_once_are_all_confirmed(broker: BrokerUnderTest, name: str) -> None:
    async with open_queue(broker, name) as (channel, queue):
        publishes = [
            channel.default_exchange.publish(aio_pika.Message(b"%d" % number), name)
            for number in range(200)
        ]
        async with asyncio.timeout(WAIT_SECONDS_MAX):
            await asyncio.gather(*publishes)
        assert (await queue.purge()).message_count == 200


async def test_an_unroutable_mandatory_message_is_returned(broker: BrokerUnderTest) -> None:
    async with await aio_pika.connect(broker.url) as connection:
        channel = await connection.channel(on_return_raises=True)
        message = aio_pika.Message(b"come back", headers={"attempt": 1})
        with pytest.raises(aio_pika.exceptions.DeliveryError) as error:
            await channel.default_exchange.publish(message, "nobody", mandatory=True)
        returned = error.value.message
        assert returned.delivery.reply_code == 312
        assert returned.delivery.reply_text == "NO_ROUTE"
        assert returned.body == b"come back"


async def test_an_unroutable_message_is_confirmed(broker: BrokerUnderTest) -> None:
    async with open_channel(broker) as channel:
        exchange = channel.default_exchange
        confirm = await exchange.publish(aio_pika.Message(b""), "nobody", mandatory=False)
        assert type(confirm).__name__ == "Ack"


async def test_without_confirms_messages_arrive_too(broker: BrokerUnderTest, name: str) -> None:
    async with open_channel(broker, publisher_confirms=False) as channel:
        queue = await channel.declare_queue(name, exclusive=True)
        await fill(channel, queue, b"a", b"b")
        assert await bodies_left(queue) == [(b"a", False), (b"b", False)]


async def test_iterating_over_a_queue(broker: BrokerUnderTest, name: str) -> None:
    async with open_queue(broker, name) as (channel, queue):
        await fill(channel, queue, *[b"%d" % number for number in range(50)])
        seen = []
        async with asyncio.timeout(WAIT_SECONDS_MAX), queue.iterator() as messages:
            async for message in messages:
                async with message.process():
                    seen.append(message.body)
                if len(seen) == 50:
                    break
        assert seen == [b"%d" % number for number in range(50)]
        assert await bodies_left(queue) == []


async def test_a_failing_handler_drops_or_requeues(broker: BrokerUnderTest, name: str) -> None:
    async with open_queue(broker, name) as (channel, queue):
        await fill(channel, queue, b"drop", b"requeue")
        drop, requeue = await take(queue, 2)
        for message in (drop, requeue):
            with pytest.raises(ZeroDivisionError):
                async with message.process(requeue=message is requeue):
                    raise ZeroDivisionError
        assert await bodies_left(queue) == [(b"requeue", True)]


async def test_ack_nack_and_reject(broker: BrokerUnderTest, name: str) -> None:
    async with open_queue(broker, name) as (channel, queue):
        await fill(channel, queue, *[b"%d" % number for number in range(6)])
        zero, one, two, three, four, _five = await take(queue, 6)
        await one.ack()
        await four.reject(requeue=False)
        await three.nack(requeue=True)
        await zero.reject(requeue=True)
        await two.nack(requeue=False)
        assert await bodies_left(queue) == [(b"0", True), (b"3", True)]


async def test_multiple_ack_and_nack(broker: BrokerUnderTest, name: str) -> None:
    async with open_queue(broker, name) as (channel, queue):
        await fill(channel, queue, *[b"%d" % number for number in range(6)])
        messages = await take(queue, 6)
        await messages[1].ack(multiple=True)
        await messages[4].nack(multiple=True, requeue=True)
        assert await bodies_left(queue) == [(b"2", True), (b"3", True), (b"4", True)]


async def test_a_closed_channel_requeues_in_order(broker: BrokerUnderTest, name: str) -> None:
    async with await aio_pika.connect(broker.url) as connection:
        channel, holder = await connection.channel(), await connection.channel()
        queue = await channel.declare_queue(name, exclusive=True)
        await fill(channel, queue, b"a", b"b", b"c")
        held = await take(await holder.get_queue(name), 3)
        await held[1].ack()
        await holder.close()
        assert await bodies_left(queue) == [(b"a", True), (b"c", True)]


async def test_prefetch_bounds_what_is_in_hand(broker: BrokerUnderTest, name: str) -> None:
    async with open_queue(broker, name) as (channel, queue):
        await channel.set_qos(prefetch_count=4)
        await fill(channel, queue, *[b"%d" % number for number in range(20)])
        in_hand: list[AbstractIncomingMessage] = []
        most: list[int] = []
        done = asyncio.Event()

        async def hold(message: AbstractIncomingMessage) -> None:
            in_hand.append(message)
            most.append(len(in_hand))
            if len(in_hand) == 4:
                await message.ack(multiple=True)
                in_hand.clear()
            if len(most) == 20:
                done.set()

        await queue.consume(hold)
        async with asyncio.timeout(WAIT_SECONDS_MAX):
            await done.wait()
        assert max(most) == 4


async def test_get_from_an_empty_queue(broker: BrokerUnderTest, name: str) -> None:
    async with open_queue(broker, name) as (channel, queue):
        with pytest.raises(QueueEmpty):
            await queue.get()
        await fill(channel, queue, b"one")
        message = await queue.get()
        assert (message.body, message.message_count) == (b"one", 0)
        await message.ack()


async def test_a_deleted_queue_cancels_its_consumers(broker: BrokerUnderTest, name: str) -> None:
    async with open_queue(broker, name) as (channel, queue):
        cancelled: asyncio.Queue[str] = asyncio.Queue()
        underlay = await channel.get_underlay_channel()
        underlay.on_consumer_cancel_callbacks.add(
            lambda frame: cancelled.put_nowait(frame.consumer_tag)
        )
        await queue.consume(ignore, consumer_tag="doomed")
        await channel.queue_delete(name)
        async with asyncio.timeout(WAIT_SECONDS_MAX):
            assert await cancelled.get() == "doomed"


async def test_server_named_queues_and_auto_delete(broker: BrokerUnderTest) -> None:
    async with open_channel(broker) as channel:
        queue = await channel.declare_queue(durable=True, auto_delete=True)
        assert queue.name.startswith("amq.gen-")
        await channel.declare_queue(queue.name, passive=True)
        tag = await queue.consume(ignore)
        await queue.cancel(tag)
        with pytest.raises(aio_pika.exceptions.ChannelNotFoundEntity):
            await channel.declare_queue(queue.name, passive=True)


@pytest.mark.parametrize(
    ("kind", "binding_key", "routing_key"),
    [("direct", "exact", "exact"), ("fanout", "", "ignored"), ("topic", "*.error.#", "db.error")],
)
async def test_exchanges_route(
    broker: BrokerUnderTest, name: str, kind: str, binding_key: str, routing_key: str
) -> None:
    async with open_queue(broker, name) as (channel, queue):
        exchange = await channel.declare_exchange(name, kind, auto_delete=True)
        await queue.bind(exchange, binding_key)
        await exchange.publish(aio_pika.Message(b"routed"), routing_key, mandatory=True)
        message = await queue.get(no_ack=True)
        assert (message.exchange, message.routing_key) == (name, routing_key)
        await queue.unbind(exchange, binding_key)


async def test_a_hundred_channels_at_once(broker: BrokerUnderTest, name: str) -> None:
    async with await aio_pika.connect(broker.url) as connection:
        channels = await asyncio.gather(*[connection.channel() for _ in range(100)])
        queue = await channels[0].declare_queue(name, exclusive=True)
        publishes = [
            channel.default_exchange.publish(aio_pika.Message(b"%d" % index), name)
            for index, channel in enumerate(channels)
        ]
        await asyncio.gather(*publishes)
        left = await bodies_left(queue)
        assert sorted(int(body) for body, _ in left) == list(range(100))


async def test_a_robust_connection_works_and_closes(broker: BrokerUnderTest, name: str) -> None:
    async with await aio_pika.connect_robust(broker.url) as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue(name, exclusive=True)
        await fill(channel, queue, b"robust")
        async with asyncio.timeout(WAIT_SECONDS_MAX):
            async for message in queue:
                await message.ack()
                assert message.body == b"robust"
                break


@pytest.mark.slow
async def test_a_thousand_queues(broker: BrokerUnderTest) -> None:
    async with open_channel(broker) as channel:
        queues = [await channel.declare_queue(exclusive=True) for _ in range(1000)]
        await asyncio.gather(*[fill(channel, queue, queue.name.encode()) for queue in queues])
        for queue in queues:
            assert (await queue.get(no_ack=True)).body == queue.name.encode()


@pytest.mark.slow
async def test_heartbeats_keep_an_idle_connection_alive(broker: BrokerUnderTest) -> None:
    async with await aio_pika.connect(f"{broker.url}?heartbeat=1") as connection:
        # Nobody says anything but heartbeats: the broker would give up after two seconds.
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(connection.closed(), 2.4)
        await (await connection.channel()).declare_queue(exclusive=True)
