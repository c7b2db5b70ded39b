import asyncio
import logging

import pika
import pytest
from pika.exceptions import ChannelClosedByBroker

from leveret.broker.limits import Limits
from leveret.peers.settings import Settings
from leveret.server.address import Address
from leveret.server.assembly import Journal, make_server, report
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


def test_what_peers_tell_goes_to_the_log_by_their_connections_names(
    caplog: pytest.LogCaptureFixture,
) -> None:
    journal = Journal()
    journal.name_of = lambda owner: f"connection {owner} from far"
    with caplog.at_level(logging.INFO):
        journal.warning(5, "closed", "%s")
        journal.info(5, "channel closed", "why")
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("WARNING", "connection 5 from far: closed: %s"),
        ("INFO", "connection 5 from far: channel closed: why"),
    ]


def test_limits_reach_those_who_keep_them() -> None:
    """The broker's and the peers', which are told at the tune and at a declaration."""

    async def main() -> None:
        config = Config(
            listen=HERE.listen,
            limits=Limits(queues_max=1),
            settings=Settings(channels_per_connection_max=7),
        )
        server = make_server(config)
        await server.start()
        (address,) = server.addresses
        await asyncio.to_thread(declare, address, "one")
        with pytest.raises(ChannelClosedByBroker, match="queue limit in vhost '/' \\(1\\)"):
            await asyncio.to_thread(declare, address, "two")
        parameters = pika.ConnectionParameters(address.host, address.port)
        connection = await asyncio.to_thread(pika.BlockingConnection, parameters)
        assert connection._impl.params.channel_max == 7
        await asyncio.to_thread(connection.close)
        await server.stop()

    asyncio.run(asyncio.wait_for(main(), LIMIT_S))
