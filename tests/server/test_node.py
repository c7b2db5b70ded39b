"""What commands see of the process."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pika
import pytest

import leveret
from leveret.server.assembly import make_server
from leveret.server.config import Config
from leveret.server.node import Node
from leveret.server.server import Server
from tests.server.fakes import HERE, LIMIT_S


def run(scenario: Callable[[Server, Node], object], **options: object) -> None:
    async def main() -> None:
        server = make_server(Config(listen=(HERE,), **options))
        await server.start()
        node = server._make_node()
        await scenario(server, node)
        await server.stop()

    asyncio.run(asyncio.wait_for(main(), LIMIT_S))


def connect(server: Server) -> pika.BlockingConnection:
    (address,) = server.addresses
    properties = {"connection_name": "me"}
    return pika.BlockingConnection(
        pika.ConnectionParameters(address.host, address.port, client_properties=properties)
    )


def test_status_tells_what_the_process_is_and_uses(tmp_path: Path) -> None:
    async def scenario(server: Server, node: Node) -> None:
        status = node.status()
        assert status["version"] == leveret.__version__
        assert status["pid"] == os.getpid()
        assert status["uptime_ms"] >= 0
        assert status["listeners"] == [str(address) for address in server.addresses]
        assert status["data_directory"] == str(tmp_path)
        assert status["durability"] == "os"
        assert status["memory_limit_bytes"] == 1 << 30
        assert 0 < status["memory_bytes"] < 1 << 30
        assert status["disk_free_bytes"] > 0
        assert status["disk_free_limit_bytes"] == 5
        assert (status["blocked_by"], status["connections"]) == (None, 0)

    limits = {"memory_bytes_max": 1 << 30, "disk_free_bytes_min": 5}
    run(scenario, data_directory=str(tmp_path), is_synced=False, **limits)


def test_without_a_directory_there_is_no_disk() -> None:
    async def scenario(server: Server, node: Node) -> None:
        status = node.status()
        names = ("data_directory", "disk_free_bytes", "disk_free_limit_bytes")
        assert [status[name] for name in names] == [None] * 3
        assert status["durability"] == "memory"

    run(scenario)


def test_a_directory_that_has_gone_is_no_reason_not_to_answer(tmp_path: Path) -> None:
    async def scenario(server: Server, node: Node) -> None:
        node._config = Config(data_directory=str(tmp_path / "gone"))
        assert node.status()["disk_free_bytes"] is None
        assert node.status()["durability"] == "fsync"

    run(scenario)


def test_what_publishers_wait_for_is_told() -> None:
    async def scenario(server: Server, node: Node) -> None:
        memory = server.shard.memory
        memory.hold()
        assert node.status()["blocked_by"] == "disk"
        memory.let_go()
        assert node.status()["blocked_by"] == "memory"
        memory.relax()
        assert node.status()["blocked_by"] is None

    run(scenario)


def test_connections_are_found_by_their_pids_and_tell_of_both_ends() -> None:
    async def scenario(server: Server, node: Node) -> None:
        client = await asyncio.to_thread(connect, server)
        node.begin()
        (connection,) = node.connections()
        assert node.find_connection(connection.pid) is connection
        told = connection.statistics()
        (address,) = server.addresses
        assert (told.host, told.port) == (address.host, address.port)
        assert told.peer_host == "127.0.0.1"
        assert 0 <= told.idle_ms < LIMIT_S * 1_000
        assert told.connected_at > 1_700_000_000_000
        assert (told.peer.name, told.peer.state) == ("me", "running")
        assert list(connection.channel_statistics()) == []
        connection.shut_down("go")
        with pytest.raises(pika.exceptions.ConnectionClosedByBroker, match="go"):
            await asyncio.to_thread(client.process_data_events, LIMIT_S)

    run(scenario)


@pytest.mark.parametrize("pid", ["9", "", "x", "-1", "²", "9" * 5_000])
def test_what_is_no_pid_is_not_found(pid: str) -> None:
    async def scenario(server: Server, node: Node) -> None:
        assert node.find_connection(pid) is None

    run(scenario)
