"""One channel of one connection, and what every kind of client does with it.

Clients act in small steps, each chosen by chance, between the callbacks of one pika loop that
serves them all; so the ledger needs no locks.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import pika
from pika.channel import Channel
from pika.frame import Method
from pika.spec import Basic

from tests.crash.ledger import Copy, Ledger, leave, stay

EXCHANGE = "crash.all"
CONSUMED_QUEUE = "crash.consumed"
KEPT_QUEUE = "crash.kept"  # nobody takes from it
SHARED_QUEUES = (CONSUMED_QUEUE, KEPT_QUEUE)
STEP_S = 0.001
PREFETCH = 60
SIZES = (0, 10, 100, 100, 300, 5_000, 20_000)
RARE_SIZE = 300_000
TRANSIENT_SHARE = 0.05


class Client:
    """A connection that consumes `queue`; `failures` are what must not happen."""

    sizes: Sequence[int] = SIZES
    rare_size: int = RARE_SIZE

    def __init__(self, name: str, queue: str, ledger: Ledger, chance: random.Random) -> None:
        self.name = name
        self.queue = queue
        self.ledger = ledger
        self.chance = chance
        self.failures: list[str] = []
        self.held: dict[int, Copy] = {}  # delivered and unsettled, by delivery tag
        self.stopping = False
        self._has_begun = False
        self.channel: Channel

    def open(self, connection: pika.SelectConnection) -> None:
        self.connection = connection
        connection.channel(on_open_callback=self._opened)

    def _opened(self, channel: Channel) -> None:
        self.channel = channel
        channel.add_on_close_callback(self._closed)
        channel.basic_qos(prefetch_count=PREFETCH)
        self.begin()
        self.consume()

    def _closed(self, channel: Channel, reason: Exception) -> None:
        if not self.stopping and channel.connection.is_open:
            self.failures.append(f"{self.name}: {reason!r}")

    def begin(self) -> None:
        """The channel is open."""

    def consume(self) -> None:
        self.channel.basic_consume(self.queue, self._deliver, callback=self._consuming)

    def _consuming(self, _frame: Method) -> None:
        """Only now, as pika holds requests back while another is unanswered, but not messages."""
        self.consuming()
        if not self._has_begun:
            self._has_begun = True
            self._later()

    def consuming(self) -> None:
        """The queue is consumed from."""

    def _later(self) -> None:
        self.connection.ioloop.call_later(STEP_S, self._step)

    def _step(self) -> None:
        if self.channel.is_open and not self.stopping:
            self.step()
            self._later()

    def step(self) -> None:
        """Do something, by chance."""
        raise NotImplementedError

    def _deliver(
        self, _channel: Channel, method: Basic.Deliver, properties: Any, body: bytes
    ) -> None:
        key = properties.message_id
        copy = self.ledger.queues[self.queue].get(key)
        if copy is None or copy.is_gone:
            self.failures.append(f"{self.queue}: {key} was delivered after it had gone")
        elif copy.body != body:
            self.failures.append(f"{self.queue}: {key} was delivered with another body")
        elif method.redelivered != copy.was_delivered:
            self.failures.append(f"{self.queue}: {key} came with {method.redelivered=}")
        else:
            copy.was_delivered = True
            self.held[method.delivery_tag] = copy
            self.delivered(copy)

    def delivered(self, copy: Copy) -> None:
        """A message has arrived that is in `held`."""

    # What to do by chance

    def publish(self, *, to_all: bool) -> list[Copy]:
        """Publish a message to the own queue, or to the exchange."""
        publisher, number = self.ledger.new_key(self.name)
        size = self.rare_size if self.chance.random() < 0.005 else self.chance.choice(self.sizes)
        body = f"{publisher}/{number} ".encode() + self.chance.randbytes(size)
        is_persistent = self.chance.random() >= TRANSIENT_SHARE
        queues: Sequence[str] = SHARED_QUEUES if to_all else (self.queue,)
        copies = self.ledger.publish(queues, (publisher, number), body, is_persistent=is_persistent)
        self.channel.basic_publish(
            EXCHANGE if to_all else "",
            "" if to_all else self.queue,
            body,
            pika.BasicProperties(
                message_id=f"{publisher}/{number}", delivery_mode=2 if is_persistent else 1
            ),
        )
        return copies

    def settle(self) -> list[Copy]:
        """Acknowledge, reject or give back some of what is held; returns what is to be gone."""
        if not self.held:
            return []
        tag = self.chance.choice(list(self.held))
        multiple = self.chance.random() < 0.3
        tags = [each for each in self.held if each == tag or (multiple and each < tag)]
        copies = [self.held.pop(each) for each in tags]
        how = self.chance.random()
        if how < 0.25:
            self.channel.basic_nack(tag, multiple=multiple, requeue=True)
            self.gave_back(copies)
            return []
        leave(copies)
        if how < 0.35:
            self.channel.basic_nack(tag, multiple=multiple, requeue=False)
        else:
            self.channel.basic_ack(tag, multiple=multiple)
        return copies

    def gave_back(self, copies: list[Copy]) -> None:
        for copy in copies:
            stay(copy)


class Consumer(Client):
    """Settles what others publish. Nobody tells it when that is durable."""

    def step(self) -> None:
        self.settle()
