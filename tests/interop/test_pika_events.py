"""pika: the broker's events, which a RabbitMQ has with a plugin."""

from collections.abc import Callable

import pika
from pika.adapters.blocking_connection import BlockingChannel

from tests.interop.pika_inbox import Inbox

EXCHANGE = "amq.rabbitmq.event"


def listen(channel: BlockingChannel, *routing_keys: str) -> Inbox:
    queue = channel.queue_declare("", exclusive=True).method.queue
    for key in routing_keys:
        channel.queue_bind(queue, EXCHANGE, key)
    return Inbox(channel, queue, auto_ack=True)


def test_a_queue_that_comes_and_goes_is_told(
    channel: BlockingChannel, connection: pika.BlockingConnection, name: str
) -> None:
    inbox = listen(channel, "queue.*")
    other = connection.channel()
    other.queue_declare(name, durable=True)
    other.queue_delete(name)
    created, deleted = inbox.wait(2)
    assert created.method.routing_key == "queue.created"
    assert (created.body, created.properties.delivery_mode) == (b"", 2)
    headers = created.properties.headers
    assert (headers["name"], headers["vhost"], headers["durable"]) == (name, "/", True)
    assert headers["user_who_performed_action"] == "guest"
    assert headers["timestamp_in_ms"] // 1000 == created.properties.timestamp
    assert deleted.method.routing_key == "queue.deleted"
    assert deleted.properties.headers["name"] == name


def test_a_connection_that_comes_and_goes_is_told(
    channel: BlockingChannel, connect: Callable[..., pika.BlockingConnection]
) -> None:
    inbox = listen(channel, "connection.#", "user.authentication.*")
    connect().close()
    success, created, closed = inbox.wait(3)
    assert success.method.routing_key == "user.authentication.success"
    assert success.properties.headers["name"] == "guest"
    assert created.method.routing_key == "connection.created"
    assert closed.method.routing_key == "connection.closed"
    address = created.properties.headers["name"]
    assert address.startswith("127.0.0.1:")
    assert closed.properties.headers["name"] == address
