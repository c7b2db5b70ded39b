"""What clients see when the broker's process is told to stop."""

import asyncio
import os
import signal
import socket

import aio_pika
import pika
import pytest
from pika.exceptions import ConnectionClosedByBroker

from tests.broker_process import running_broker
from tests.interop.pika_inbox import Inbox, wait_until

STOP_SECONDS_MAX = 5
TEXT = "CONNECTION_FORCED - broker forced connection closure with reason 'shutdown'"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        "LEVERET_TEST_BROKER" in os.environ, reason="this is about Leveret's own process"
    ),
]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_clients_are_told_320_and_the_process_exits_with_0(number: signal.Signals) -> None:
    with running_broker() as broker:
        clients = [pika.BlockingConnection(pika.URLParameters(broker.url)) for _ in range(3)]
        channel = clients[1].channel()
        queue = channel.queue_declare("", exclusive=True).method.queue
        channel.basic_publish("", queue, b"held")
        Inbox(channel, queue).wait(1)
        broker.process.send_signal(number)
        for client in clients:
            with pytest.raises(ConnectionClosedByBroker) as error:
                wait_until(client, lambda: False)
            assert (error.value.reply_code, error.value.reply_text) == (320, TEXT)
        assert broker.process.wait(STOP_SECONDS_MAX) == 0


def test_a_client_that_has_said_nothing_yet_holds_nobody_up() -> None:
    with running_broker() as broker, socket.create_connection((broker.host, broker.port)):
        broker.process.send_signal(signal.SIGTERM)
        assert broker.process.wait(STOP_SECONDS_MAX) == 0


async def test_aio_pika_is_told_too() -> None:
    told: asyncio.Queue[BaseException] = asyncio.Queue()
    with running_broker() as broker:
        connection = await aio_pika.connect(broker.url)
        connection.close_callbacks.add(lambda _connection, reason: told.put_nowait(reason))
        broker.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(STOP_SECONDS_MAX):
            assert (await told.get()).args == (320, TEXT)
            assert await asyncio.to_thread(broker.process.wait) == 0
