"""What pika's blocking connection received, kept for a test to look at."""

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import pika
from pika.adapters.blocking_connection import BlockingChannel

WAIT_SECONDS_MAX = 10


class Delivery(NamedTuple):
    method: pika.spec.Basic.Deliver
    properties: pika.BasicProperties
    body: bytes


class Inbox:
    """A consumer that keeps its deliveries."""

    def __init__(self, channel: BlockingChannel, queue: str, **options: Any) -> None:
        self.deliveries: list[Delivery] = []
        self.channel = channel
        self.tag = channel.basic_consume(queue, self._keep, **options)

    def _keep(
        self,
        _channel: BlockingChannel,
        method: pika.spec.Basic.Deliver,
        properties: pika.BasicProperties,
        body: bytes,
    ) -> None:
        self.deliveries.append(Delivery(method, properties, body))

    @property
    def bodies(self) -> list[bytes]:
        return [delivery.body for delivery in self.deliveries]

    def wait(self, count: int) -> list[Delivery]:
        wait_until(self.channel.connection, lambda: len(self.deliveries) >= count)
        return self.deliveries

    def ack(self, delivery: Delivery, *, multiple: bool = False) -> None:
        self.channel.basic_ack(delivery.method.delivery_tag, multiple=multiple)

    def nack(self, delivery: Delivery, *, multiple: bool = False, requeue: bool = True) -> None:
        self.channel.basic_nack(delivery.method.delivery_tag, multiple=multiple, requeue=requeue)


def wait_until(connection: pika.BlockingConnection, condition: Callable[[], bool]) -> None:
    """Serves the connection until the condition holds."""
    limit = time.monotonic() + WAIT_SECONDS_MAX
    while not condition():
        assert time.monotonic() < limit, "waited in vain"
        connection.process_data_events(time_limit=0.01)


def ready_count(channel: BlockingChannel, queue: str) -> int:
    return int(channel.queue_declare(queue, passive=True).method.message_count)


def wait_ready(channel: BlockingChannel, queue: str, count: int) -> None:
    """Waits until the queue has exactly this many messages that no consumer holds."""
    wait_until(channel.connection, lambda: ready_count(channel, queue) == count)


def publish(channel: BlockingChannel, queue: str, *bodies: bytes) -> None:
    for body in bodies:
        channel.basic_publish("", queue, body)


def fill(channel: BlockingChannel, queue: str, *bodies: bytes) -> None:
    """Publishes and waits until all of it is in the queue."""
    count = ready_count(channel, queue) + len(bodies)
    publish(channel, queue, *bodies)
    wait_ready(channel, queue, count)
