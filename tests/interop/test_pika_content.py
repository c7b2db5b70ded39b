"""pika, blocking: bodies of every size, properties, and field tables with all types pika has."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel

from tests.interop.pika_inbox import Inbox

FRAME_PAYLOAD = 131072 - 8


def echo(
    channel: BlockingChannel, queue: str, body: bytes, properties: pika.BasicProperties
) -> tuple[bytes, pika.BasicProperties]:
    channel.basic_publish("", queue, body, properties)
    method, got, received = channel.basic_get(queue, auto_ack=True)
    assert method is not None
    return received, got


@pytest.mark.parametrize(
    "size",
    [0, 1, 4096, FRAME_PAYLOAD - 1, FRAME_PAYLOAD, FRAME_PAYLOAD + 1, 2 * FRAME_PAYLOAD],
)
def test_a_body_of_any_size_comes_back_whole(
    channel: BlockingChannel, queue: str, size: int
) -> None:
    body = (bytes(range(251)) * (size // 251 + 1))[:size]
    assert echo(channel, queue, body, pika.BasicProperties())[0] == body


def test_a_body_of_five_megabytes(channel: BlockingChannel, queue: str) -> None:
    body = b"".join(number.to_bytes(4, "big") for number in range(5 * 2**20 // 4))
    inbox = Inbox(channel, queue, auto_ack=True)
    channel.basic_publish("", queue, body)
    assert inbox.wait(1)[0].body == body


def test_all_properties_come_back_as_they_were(channel: BlockingChannel, queue: str) -> None:
    properties = pika.BasicProperties(
        content_type="application/json",
        content_encoding="gzip",
        headers={"key": "value"},
        delivery_mode=2,
        priority=9,
        correlation_id="correlation",
        reply_to="answers",
        expiration="60000",
        message_id="message",
        timestamp=1_700_000_000,
        type="greeting",
        user_id="guest",
        app_id="tests",
        cluster_id="cluster",
    )
    assert echo(channel, queue, b"{}", properties) == (b"{}", properties)


def test_no_property_stays_none(channel: BlockingChannel, queue: str) -> None:
    assert echo(channel, queue, b"", pika.BasicProperties())[1] == pika.BasicProperties()


def test_empty_properties_are_not_none(channel: BlockingChannel, queue: str) -> None:
    properties = pika.BasicProperties(
        content_type="", headers={}, priority=0, message_id="", timestamp=0
    )
    assert echo(channel, queue, b"", properties)[1] == properties


FIELD_VALUES: list[Any] = [
    True,
    False,
    0,
    -1,
    2**31 - 1,
    -(2**31),
    2**31,
    -(2**63),
    2**63 - 1,
    "",
    "text",
    "ünï ✓ 🐇",
    b"\x00\xff bytes",
    None,
    Decimal("3.14"),
    Decimal("100"),
    datetime(2024, 2, 29, 12, 0, 1, tzinfo=UTC),
    [],
    [1, "two", None, [3.5 > 3, [b"deep"]], {"in": "a list"}],
    {},
    {"nested": {"table": {"of": ["tables", {}]}}},
]


@pytest.mark.parametrize("value", FIELD_VALUES, ids=repr)
def test_a_header_of_any_type_comes_back(channel: BlockingChannel, queue: str, value: Any) -> None:
    sent = pika.BasicProperties(headers={"value": value, "": "empty key", "k" * 255: 1})
    headers = echo(channel, queue, b"", sent)[1].headers
    if isinstance(value, datetime):
        # pika reads a timestamp as a naive datetime in UTC.
        headers["value"] = headers["value"].replace(tzinfo=UTC)
    assert headers == sent.headers
    assert isinstance(headers["value"], type(value))
    assert isinstance(headers["value"], bool) is isinstance(value, bool)


def test_headers_that_almost_fill_a_frame(channel: BlockingChannel, queue: str) -> None:
    headers = {f"key-{number}": "v" * 1000 for number in range(125)}
    properties = pika.BasicProperties(headers=headers)
    body, got = echo(channel, queue, b"small", properties)
    assert (body, got) == (b"small", properties)


def test_arguments_of_any_type_are_accepted(channel: BlockingChannel, name: str) -> None:
    arguments = {f"argument-{index}": value for index, value in enumerate(FIELD_VALUES)}
    channel.queue_declare(name, exclusive=True, arguments=arguments)
    channel.queue_bind(name, "amq.direct", "k", arguments=arguments)
    channel.queue_unbind(name, "amq.direct", "k", arguments=arguments)
    Inbox(channel, name, arguments=arguments)
