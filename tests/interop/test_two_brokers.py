"""Two brokers in one process know nothing of each other."""

import asyncio
import gc
import threading
import weakref
from collections.abc import Coroutine, Iterator
from typing import Any, TypeVar

import pika
import pytest
from pika.exceptions import ConnectionClosedByBroker

from leveret.server.address import Address
from leveret.server.assembly import make_server
from leveret.server.config import Config
from leveret.server.server import Server
from tests.interop.pika_inbox import Inbox, fill, ready_count, wait_until

CALL_SECONDS_MAX = 10

T = TypeVar("T")


class Loop:
    """An event loop in a thread of its own."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()

    def call(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(CALL_SECONDS_MAX)

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(CALL_SECONDS_MAX)
        self.loop.close()


class Embedded:
    """A broker on a loop, and a pika connection to it."""

    def __init__(self, loop: Loop) -> None:
        self.loop = loop
        self.server = loop.call(self._start())
        (address,) = self.server.addresses
        parameters = pika.ConnectionParameters(address.host, address.port)
        self.connection = pika.BlockingConnection(parameters)
        self.channel = self.connection.channel()

    async def _start(self) -> Server:
        server = make_server(Config(listen=(Address("127.0.0.1", 0),)))
        await server.start()
        return server

    def stop(self) -> None:
        """Stops the broker, while its client listens."""
        stopping = threading.Thread(target=self.loop.call, args=[self.server.stop()])
        stopping.start()
        if self.connection.is_open:
            with pytest.raises(ConnectionClosedByBroker) as error:
                wait_until(self.connection, lambda: False)
            assert error.value.reply_code == 320
        stopping.join(CALL_SECONDS_MAX)


@pytest.fixture(params=[1, 2], ids=["one loop", "two loops"])
def brokers(request: pytest.FixtureRequest) -> Iterator[tuple[Embedded, Embedded]]:
    loops = [Loop() for _ in range(request.param)]
    one, two = Embedded(loops[0]), Embedded(loops[-1])
    yield one, two
    for broker in (one, two):
        broker.stop()
    for loop in loops:
        loop.close()


def test_a_queue_of_the_same_name_in_each(brokers: tuple[Embedded, Embedded]) -> None:
    for broker in brokers:
        broker.channel.queue_declare("same", exclusive=True)
    for number in range(100):
        for index, broker in enumerate(brokers):
            broker.channel.basic_publish("", "same", b"%d of %d" % (number, index))
    inboxes = [Inbox(broker.channel, "same", auto_ack=True) for broker in brokers]
    for index, inbox in enumerate(inboxes):
        inbox.wait(100)
        assert inbox.bodies == [b"%d of %d" % (number, index) for number in range(100)]


def test_one_goes_and_the_other_stays(brokers: tuple[Embedded, Embedded]) -> None:
    one, two = brokers
    two.channel.queue_declare("stays", exclusive=True)
    fill(two.channel, "stays", b"here")
    one.stop()
    assert ready_count(two.channel, "stays") == 1
    assert two.channel.basic_get("stays", auto_ack=True)[2] == b"here"


def test_a_stopped_broker_leaves_nothing_behind(capfd: pytest.CaptureFixture[str]) -> None:
    gc.collect()
    capfd.readouterr()
    loop = Loop()
    broker = Embedded(loop)
    broker.channel.queue_declare("full", exclusive=True)
    fill(broker.channel, "full", b"forgotten" * 10_000)
    broker.connection.close()
    broker.stop()
    loop.close()
    server = weakref.ref(broker.server)
    del broker, loop
    gc.collect()
    assert server() is None
    assert capfd.readouterr().err == ""  # compiled code has no other way to complain there
