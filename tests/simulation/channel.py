"""A channel as pika has it, for the clients of tests/crash, on a connection without a socket."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from itertools import count
from typing import Any

import pika
from pika.frame import Method as Frame
from pika.spec import Basic

from leveret.wire.amqp091.methods import (
    BasicAck,
    BasicCancel,
    BasicConsume,
    BasicDeliver,
    BasicGet,
    BasicGetOk,
    BasicNack,
    BasicQos,
    BasicReturn,
    ChannelClose,
    ConfirmSelect,
    ConnectionBlocked,
    ConnectionClose,
    ConnectionUnblocked,
    Method,
    QueueDeclare,
    QueueDelete,
    QueuePurge,
    TxCommit,
    TxRollback,
    TxSelect,
    encode_method,
)
from leveret.wire.amqp091.properties import BasicProperties
from tests.simulation.broker import SimulatedBroker

Reply = Callable[[Any], object]
UNASKED = (BasicCancel, BasicReturn, ConnectionBlocked, ConnectionUnblocked)


def ignore(_frame: object) -> None:
    """Nobody waits for this one."""


class SimulatedChannel:
    """It is its own connection, and that's loop, too: `act` does what was to be done later."""

    def __init__(self, broker: SimulatedBroker, dice: random.Random) -> None:
        self.is_open = True
        self.connection = self.ioloop = self
        self._dice = dice
        self._peer = broker.connect()
        self._replies: deque[Reply] = deque()
        self._consumers: dict[str, Reply] = {}
        self._tags = count(1)
        self._confirmed: Reply = ignore
        self._later: deque[Callable[[], None]] = deque()

    # As a connection and its loop

    def channel(self, on_open_callback: Reply) -> None:
        on_open_callback(self)

    def call_later(self, _seconds: float, callback: Callable[[], None]) -> None:
        self._later.append(callback)

    def add_on_close_callback(self, callback: Reply) -> None:
        """An end that nobody has asked for fails anyway."""

    # What a test has done with it

    @property
    def is_waiting(self) -> bool:
        """The broker has not answered yet."""
        return bool(self._replies)

    def act(self) -> None:
        """The client has its turn."""
        if self._later:
            self._later.popleft()()

    def hear(self) -> None:
        """What the broker has sent arrives."""
        if not len(self._peer.peer.send_buffer()):
            return
        for incoming in self._peer.take():
            method = incoming.method
            if isinstance(method, BasicDeliver):
                assert incoming.properties is not None
                self._consumers[method.consumer_tag](
                    self, method, incoming.properties, incoming.body
                )
            elif isinstance(method, BasicAck):
                self._confirmed(Frame(1, Basic.Ack(method.delivery_tag, method.multiple)))
            elif isinstance(method, BasicNack):
                self._confirmed(Frame(1, Basic.Nack(method.delivery_tag, method.multiple)))
            elif isinstance(method, ChannelClose | ConnectionClose):
                raise AssertionError(method.reply_text)
            elif method is not None and not isinstance(method, UNASKED):
                reply = self._replies.popleft()
                reply(incoming if isinstance(method, BasicGetOk) else method)

    def call(self, method: Method, callback: Reply | None = None) -> None:
        """The callback is for the answer, of which there is one."""
        self._replies.append(callback or ignore)
        self._peer.put(encode_method(1, method))

    # As a channel

    def basic_qos(self, prefetch_count: int) -> None:
        self.call(BasicQos(prefetch_count=prefetch_count))

    def confirm_delivery(self, callback: Reply) -> None:
        self._confirmed = callback
        self.call(ConfirmSelect())

    def basic_publish(
        self, exchange: str, routing_key: str, body: bytes, properties: pika.BasicProperties
    ) -> None:
        said = BasicProperties(
            message_id=properties.message_id, delivery_mode=properties.delivery_mode
        )
        self._peer.put(self._peer.publication(exchange, routing_key, body, properties=said))

    def basic_consume(self, queue: str, deliver: Any, callback: Reply | None = None) -> None:
        tag = f"tag-{next(self._tags)}"
        self._consumers[tag] = deliver
        self.call(BasicConsume(queue=queue, consumer_tag=tag), callback)

    def basic_get(self, queue: str, callback: Reply) -> None:
        """The callback gets the message, or basic.get-empty."""
        self.call(BasicGet(queue=queue), callback)

    def basic_ack(self, delivery_tag: int, multiple: bool = False) -> None:
        self._peer.put(encode_method(1, BasicAck(delivery_tag=delivery_tag, multiple=multiple)))

    def basic_nack(self, delivery_tag: int, multiple: bool = False, requeue: bool = True) -> None:
        self._peer.put(
            encode_method(
                1, BasicNack(delivery_tag=delivery_tag, multiple=multiple, requeue=requeue)
            )
        )

    def queue_declare(
        self, queue: str, durable: bool = False, callback: Reply | None = None
    ) -> None:
        self.call(QueueDeclare(queue=queue, durable=durable), callback)

    def queue_purge(self, queue: str, callback: Reply) -> None:
        self.call(QueuePurge(queue=queue), callback)

    def queue_delete(self, queue: str, callback: Reply) -> None:
        self.call(QueueDelete(queue=queue), callback)

    def tx_select(self, callback: Reply) -> None:
        self.call(TxSelect(), callback)

    def tx_commit(self, callback: Reply) -> None:
        self.call(TxCommit(), callback)

    def tx_rollback(self, callback: Reply) -> None:
        self.call(TxRollback(), callback)
