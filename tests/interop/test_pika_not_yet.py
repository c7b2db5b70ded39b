"""What is asked for in RabbitMQ's words and does not happen yet: nothing else happens instead."""

from __future__ import annotations

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import ChannelClosedByBroker

from tests.interop.broker_under_test import BrokerUnderTest


@pytest.fixture(autouse=True)
def leveret_only(broker: BrokerUnderTest) -> None:
    if broker.product != "Leveret":
        pytest.skip("elsewhere it happens")


def fill(channel: BlockingChannel, queue: str, *bodies: bytes, **properties: object) -> None:
    channel.confirm_delivery()
    for body in bodies:
        channel.basic_publish("", queue, body, pika.BasicProperties(**properties))


def drain(channel: BlockingChannel, queue: str) -> list[bytes]:
    found = []
    while (body := channel.basic_get(queue, auto_ack=True)[2]) is not None:
        found.append(body)
    return found


def test_a_death_that_a_client_tells_of_is_a_header_like_any_other(
    channel: BlockingChannel, queue: str
) -> None:
    headers = {"x-death": [{"queue": queue, "reason": "expired", "count": 7}]}
    fill(channel, queue, b"x", headers=headers)
    _, properties, _ = channel.basic_get(queue, auto_ack=True)
    assert properties.headers == headers


def test_the_servers_log_exchange_is_not_there(channel: BlockingChannel) -> None:
    with pytest.raises(ChannelClosedByBroker) as closed:
        channel.exchange_declare("amq.rabbitmq.log", passive=True)
    assert closed.value.reply_code == 404
