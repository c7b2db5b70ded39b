"""FastStream: subscribers and publishers in this process, on a broker object of their own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiormq.exceptions
import pytest
from faststream import AckPolicy
from faststream.exceptions import NackMessage, RejectMessage
from faststream.rabbit import (
    Channel,
    ExchangeType,
    RabbitBroker,
    RabbitExchange,
    RabbitMessage,
    RabbitQueue,
    RabbitResponse,
)
from pydantic import BaseModel

from tests.interop.broker_under_test import BrokerUnderTest

WAIT_SECONDS_MAX = 10


class Order(BaseModel):
    number: int
    text: str


class Seen:
    """What subscribers saw."""

    def __init__(self) -> None:
        self.values: asyncio.Queue[Any] = asyncio.Queue()

    def add(self, value: Any) -> None:
        self.values.put_nowait(value)

    async def next(self) -> Any:
        return await asyncio.wait_for(self.values.get(), WAIT_SECONDS_MAX)


@pytest.fixture
def seen() -> Seen:
    return Seen()


def own_queue(name: str, **options: Any) -> RabbitQueue:
    return RabbitQueue(name, exclusive=True, **options)


def faststream(broker: BrokerUnderTest, **options: Any) -> RabbitBroker:
    """Its subscribers take one message after the other; else FastStream promises no order."""
    options = {"default_channel": Channel(prefetch_count=1), **options}
    return RabbitBroker(broker.url, log_level=10, **options)


@asynccontextmanager
async def running(rabbit: RabbitBroker) -> AsyncIterator[RabbitBroker]:
    async with rabbit:
        await rabbit.start()
        yield rabbit


async def messages_left(rabbit: RabbitBroker, name: str) -> int:
    queue = await rabbit.declare_queue(own_queue(name))
    return int((await queue.purge()).message_count or 0)


async def test_a_subscriber_gets_what_is_published(
    broker: BrokerUnderTest, name: str, seen: Seen
) -> None:
    rabbit = faststream(broker)

    @rabbit.subscriber(own_queue(name))
    async def handle(body: str) -> None:
        seen.add(body)

    async with running(rabbit):
        await rabbit.publish("hello", name)
        assert await seen.next() == "hello"


async def test_models_are_checked_and_made(broker: BrokerUnderTest, name: str, seen: Seen) -> None:
    rabbit = faststream(broker)

    @rabbit.subscriber(own_queue(name))
    async def handle(order: Order) -> None:
        seen.add(order)

    async with running(rabbit):
        await rabbit.publish({"number": "no number", "text": "x"}, name)
        await rabbit.publish(Order(number=1, text="ü"), name)
        assert await seen.next() == Order(number=1, text="ü")


async def test_properties_and_headers_come_along(
    broker: BrokerUnderTest, name: str, seen: Seen
) -> None:
    rabbit = faststream(broker)

    @rabbit.subscriber(own_queue(name))
    async def handle(body: bytes, message: RabbitMessage) -> None:
        raw = message.raw_message
        seen.add((body, message.headers["h"], raw.priority, message.correlation_id, raw.user_id))

    async with running(rabbit):
        options = {"priority": 3, "correlation_id": "c", "headers": {"h": [1]}, "user_id": "guest"}
        await rabbit.publish(b"raw", name, **options)
        assert await seen.next() == (b"raw", [1], 3, "c", "guest")


async def test_a_result_is_published_on(broker: BrokerUnderTest, name: str, seen: Seen) -> None:
    rabbit = faststream(broker)

    @rabbit.subscriber(own_queue(name))
    @rabbit.publisher(f"{name}.out")
    async def double(number: int) -> int:
        return number * 2

    @rabbit.subscriber(own_queue(f"{name}.out"))
    async def handle(number: int) -> None:
        seen.add(number)

    async with running(rabbit):
        await rabbit.publish(21, name)
        assert await seen.next() == 42


async def test_a_reply_goes_to_the_queue_that_was_named(
    broker: BrokerUnderTest, name: str, seen: Seen
) -> None:
    rabbit = faststream(broker)

    @rabbit.subscriber(own_queue(name))
    async def answer(_question: str) -> RabbitResponse:
        return RabbitResponse("answer", headers={"h": "1"})

    @rabbit.subscriber(own_queue(f"{name}.reply"))
    async def handle(body: str, message: RabbitMessage) -> None:
        seen.add((body, message.headers["h"], message.correlation_id))

    async with running(rabbit):
        await rabbit.publish("?", name, reply_to=f"{name}.reply", correlation_id="7")
        assert await seen.next() == ("answer", "1", "7")


async def test_a_request_is_answered(broker: BrokerUnderTest, name: str) -> None:
    rabbit = faststream(broker)

    @rabbit.subscriber(own_queue(name))
    async def double(number: int) -> int:
        return number * 2

    async with running(rabbit):
        for number in (1, 2):
            response = await rabbit.request(number, name, timeout=WAIT_SECONDS_MAX)
            assert await response.decode() == number * 2


@pytest.mark.parametrize(
    ("kind", "binding_key", "reaches"),
    [
        (ExchangeType.DIRECT, "a.b", ["a.b"]),
        (ExchangeType.FANOUT, "", ["a.b", "a.b.c", "b"]),
        (ExchangeType.TOPIC, "a.#", ["a.b", "a.b.c"]),
    ],
)
async def test_exchanges(
    broker: BrokerUnderTest,
    name: str,
    seen: Seen,
    kind: ExchangeType,
    binding_key: str,
    reaches: list[str],
) -> None:
    rabbit = faststream(broker)
    exchange = RabbitExchange(name, type=kind)

    @rabbit.subscriber(own_queue(name, routing_key=binding_key), exchange)
    async def handle(body: str) -> None:
        seen.add(body)

    async with running(rabbit):
        for key in ("a.b", "a.b.c", "b"):
            await rabbit.publish(key, exchange=exchange, routing_key=key)
        await rabbit.publish("end", name)
        assert [await seen.next() for _ in range(len(reaches) + 1)] == [*reaches, "end"]


async def test_an_exchange_of_headers(broker: BrokerUnderTest, name: str, seen: Seen) -> None:
    rabbit = faststream(broker)
    exchange = RabbitExchange(name, type=ExchangeType.HEADERS)

    @rabbit.subscriber(own_queue(name, bind_arguments={"key": "a", "x-match": "all"}), exchange)
    async def handle(body: str) -> None:
        seen.add(body)

    async with running(rabbit):
        for key in "bab":
            await rabbit.publish(key, exchange=exchange, headers={"key": key})
        await rabbit.publish("end", name)
        assert [await seen.next(), await seen.next()] == ["a", "end"]


@pytest.mark.parametrize(
    ("policy", "deliveries"),
    [
        (AckPolicy.ACK, [False]),
        (AckPolicy.ACK_FIRST, [False]),
        (AckPolicy.REJECT_ON_ERROR, [False]),
        (AckPolicy.NACK_ON_ERROR, [False, True]),
    ],
)
async def test_a_failed_message_and_its_ack_policy(
    broker: BrokerUnderTest, name: str, seen: Seen, policy: AckPolicy, deliveries: list[bool]
) -> None:
    rabbit = faststream(broker)

    @rabbit.subscriber(own_queue(name), ack_policy=policy)
    async def handle(body: str, message: RabbitMessage) -> None:
        seen.add((body, message.raw_message.redelivered))
        if body == "fail" and not message.raw_message.redelivered:
            raise ValueError(body)

    async with running(rabbit):
        await rabbit.publish("fail", name)
        assert [await seen.next() for _ in deliveries] == [("fail", again) for again in deliveries]
        await rabbit.publish("end", name)
        assert await seen.next() == ("end", False)


async def test_settling_by_exception(broker: BrokerUnderTest, name: str, seen: Seen) -> None:
    rabbit = faststream(broker)

    @rabbit.subscriber(own_queue(name))
    async def handle(body: str, message: RabbitMessage) -> None:
        again = bool(message.raw_message.redelivered)
        seen.add((body, again))
        if body == "reject":
            raise RejectMessage
        if body == "nack" and not again:
            raise NackMessage

    async with running(rabbit):
        for body in ("reject", "nack"):
            await rabbit.publish(body, name)
        expected = [("reject", False), ("nack", False), ("nack", True)]
        assert [await seen.next() for _ in expected] == expected


async def test_settling_by_hand(broker: BrokerUnderTest, name: str, seen: Seen) -> None:
    rabbit = faststream(broker)

    @rabbit.subscriber(own_queue(name), ack_policy=AckPolicy.MANUAL)
    async def handle(body: str, message: RabbitMessage) -> None:
        again = bool(message.raw_message.redelivered)
        seen.add((body, again))
        if body == "reject":
            await message.reject(requeue=False)
        elif body == "nack" and not again:
            await message.nack(requeue=True)
        else:
            await message.ack()

    async with running(rabbit):
        for body in ("reject", "nack"):
            await rabbit.publish(body, name)
        expected = [("reject", False), ("nack", False), ("nack", True)]
        assert [await seen.next() for _ in expected] == expected
        assert await messages_left(rabbit, name) == 0


async def test_a_prefetch_of_one_is_one_at_a_time(
    broker: BrokerUnderTest, name: str, seen: Seen
) -> None:
    rabbit = faststream(broker)
    go = asyncio.Event()

    @rabbit.subscriber(own_queue(name), channel=Channel(prefetch_count=1))
    async def handle(body: str) -> None:
        seen.add(body)
        await go.wait()

    async with running(rabbit):
        for body in "abc":
            await rabbit.publish(body, name)
        assert await seen.next() == "a"
        assert await messages_left(rabbit, name) == 2
        go.set()


async def test_messages_are_fetched_one_by_one(broker: BrokerUnderTest, name: str) -> None:
    rabbit = faststream(broker)
    subscriber = rabbit.subscriber(own_queue(name), persistent=False)
    async with running(rabbit):
        await rabbit.publish("a", name)
        message = await subscriber.get_one(timeout=WAIT_SECONDS_MAX)
        assert message is not None
        assert await message.decode() == "a"
        assert await subscriber.get_one(timeout=0.05) is None


async def test_the_broker_answers_a_ping(broker: BrokerUnderTest) -> None:
    async with running(faststream(broker)) as rabbit:
        assert await rabbit.ping(timeout=WAIT_SECONDS_MAX) is True


async def test_an_unroutable_message_raises(broker: BrokerUnderTest, name: str) -> None:
    rabbit = faststream(broker, default_channel=Channel(on_return_raises=True))
    async with running(rabbit):
        with pytest.raises(aiormq.exceptions.PublishError, match="NO_ROUTE"):
            await rabbit.publish("x", name, mandatory=True)


async def test_a_queue_that_is_another(broker: BrokerUnderTest, name: str) -> None:
    async with running(faststream(broker)) as rabbit:
        await rabbit.declare_queue(own_queue(name))
        with pytest.raises(aiormq.exceptions.ChannelPreconditionFailed) as error:
            await rabbit.declare_queue(own_queue(name, arguments={"x-max-length": 5}))
        assert (
            f"PRECONDITION_FAILED - inequivalent arg 'x-max-length' for queue '{name}' in vhost '/'"
            in str(error.value)
        )


async def test_an_exchange_that_must_be_there(broker: BrokerUnderTest, name: str) -> None:
    async with running(faststream(broker)) as rabbit:
        with pytest.raises(aiormq.exceptions.ChannelNotFoundEntity) as error:
            await rabbit.declare_exchange(RabbitExchange(name, declare=False))
        assert f"NOT_FOUND - no exchange '{name}' in vhost '/'" in str(error.value)


async def test_a_wrong_password(broker: BrokerUnderTest) -> None:
    rabbit = RabbitBroker(broker.url.replace("guest:guest@", "guest:wrong@"), fail_fast=True)
    with pytest.raises(aiormq.exceptions.AMQPError, match="ACCESS_REFUSED - Login was refused"):
        await rabbit.start()
