import asyncio
import logging

import pika
import pytest
from pika.exceptions import ChannelClosedByBroker

from leveret.server.address import Address
from leveret.server.assembly import make_server, report
from leveret.server.config import Config
from tests.server.fakes import LIMIT_S

HERE = Config(listen=(Address("127.0.0.1", 0),))


def declare(address: Address, queue: str, *, passive: bool = False) -> None:
    parameters = pika.ConnectionParameters(address.host, address.port)
    with pika.BlockingConnection(parameters) as connection:
        connection.channel().queue_declare(queue, passive=passive)


def test_two_brokers_in_one_process_know_nothing_of_each_other() -> None:
    async def main() -> None:
        servers = [make_server(HERE), make_server(HERE)]
        for server in servers:
            await server.start()
        (one,), (other,) = (server.addresses for server in servers)
        await asyncio.to_thread(declare, one, "mine")
        await asyncio.to_thread(declare, one, "mine", passive=True)
        with pytest.raises(ChannelClosedByBroker, match="404"):
            await asyncio.to_thread(declare, other, "mine", passive=True)
        for server in servers:
            await server.stop()

    asyncio.run(asyncio.wait_for(main(), LIMIT_S))


def test_an_internal_error_is_logged_with_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.CRITICAL):
        report(RuntimeError("inside out"))
    assert "internal error: RuntimeError" in caplog.text
    assert "RuntimeError: inside out" in caplog.text
