"""aio-pika: bodies, properties and field tables in pamqp's dialect, which packs integers small."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import aio_pika
import pytest
from aio_pika import DeliveryMode, Message
from aio_pika.abc import AbstractIncomingMessage

from tests.interop.broker_under_test import BrokerUnderTest


async def echo(broker: BrokerUnderTest, name: str, message: Message) -> AbstractIncomingMessage:
    async with await aio_pika.connect(broker.url) as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue(name, exclusive=True)
        await channel.default_exchange.publish(message, name)
        received = await queue.get(no_ack=True)
        assert received is not None
        return received


@pytest.mark.parametrize("size", [0, 1, 131063, 131064, 131065, 5 * 2**20])
async def test_a_body_of_any_size(broker: BrokerUnderTest, name: str, size: int) -> None:
    body = (b"leveret " * (size // 8 + 1))[:size]
    assert (await echo(broker, name, Message(body))).body == body


async def test_all_properties(broker: BrokerUnderTest, name: str) -> None:
    properties = {
        "content_type": "text/plain",
        "content_encoding": "utf-8",
        "delivery_mode": DeliveryMode.PERSISTENT,
        "priority": 5,
        "correlation_id": "correlation",
        "reply_to": "answers",
        "expiration": 60,
        "message_id": "message",
        "timestamp": datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC),
        "type": "greeting",
        "user_id": "guest",
        "app_id": "tests",
    }
    received = await echo(broker, name, Message(b"", headers={"a": 1}, **properties))
    assert {key: getattr(received, key) for key in properties} == properties
    assert received.headers == {"a": 1}


@pytest.mark.parametrize(
    "value",
    [
        True,
        False,
        0,
        127,
        -128,
        128,
        255,
        -129,
        32767,
        -32768,
        65535,
        2**31 - 1,
        -(2**31),
        2**32 - 1,
        2**32,
        2**63 - 1,
        -(2**63),
        0.5,
        -(2.0**100),
        "text",
        "🐇" * 100,
        bytearray(b"\x00\xff"),
        Decimal("2.5"),
        None,
        datetime(2024, 2, 29, 12, 0, 1, tzinfo=UTC),
        [1, "two", [3.5, None], {"four": False}],
        {"deep": {"deeper": {"deepest": [{}]}}},
    ],
    ids=repr,
)
async def test_a_header_of_any_type(broker: BrokerUnderTest, name: str, value: Any) -> None:
    received = await echo(broker, name, Message(b"", headers={"value": value}))
    assert received.headers["value"] == value
    assert isinstance(received.headers["value"], bool) is isinstance(value, bool)
