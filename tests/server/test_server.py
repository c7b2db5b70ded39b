import asyncio
import socket

import pytest

from leveret.server import server
from leveret.server.address import Address
from leveret.server.admission import REFUSED_MAX
from leveret.server.config import Config
from leveret.server.listener import ListenError
from leveret.server.selector import TurnSelector
from leveret.server.server import Server
from tests.server.fakes import FakePeer, FakeShard, Stage, ended, play, read_all, until

both_loops = pytest.mark.parametrize("own_loop", [True, False])


def run(main, own_loop: bool = False) -> None:
    selector = TurnSelector() if own_loop else None
    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(selector)) as runner:
        runner.run(asyncio.wait_for(main, 10))


@both_loops
def test_stopping_says_goodbye_to_each_client_and_listens_no_more(own_loop: bool) -> None:
    async def scenario(stage: Stage) -> None:
        address = stage.server.addresses[0]
        (one, a), (two, b) = await stage.connect(), await stage.connect()
        await until(lambda: len(stage.peers) == 2)
        stopping = asyncio.create_task(stage.server.stop("going home"))
        assert await read_all(one) == await read_all(two) == b"going home"
        a.close()
        b.close()
        await stopping
        assert all(peer.events[-1] == "lost" for peer in stage.peers)
        with pytest.raises(OSError):
            await asyncio.open_connection(address.host, address.port)

    play(scenario, own_loop=own_loop)


def test_stopping_cuts_off_who_does_not_go() -> None:
    async def scenario(stage: Stage) -> None:
        stage.prepare = lambda peer: setattr(peer, "on_shut_down", lambda *_: None)
        async with stage.client() as (reader, _, peer):
            await stage.server.stop()
            assert peer.events == ["shut down", "lost"]
            assert await read_all(reader) == b""

    play(scenario, stop_ms=20)


def test_stopping_twice_and_before_the_start_is_harmless() -> None:
    async def main() -> None:
        server = Server(FakeShard(), lambda *_: None, Config(listen=(Address("127.0.0.1", 0),)))
        await server.stop()
        server = Server(FakeShard(), lambda *_: None, Config(listen=(Address("127.0.0.1", 0),)))
        await server.start()
        await server.stop()
        await server.stop()

    run(main())


@both_loops
def test_a_start_that_fails_leaves_nothing_behind(own_loop: bool) -> None:
    async def main() -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            here = Address("127.0.0.1", 0)
            occupied = Address("127.0.0.1", taken.getsockname()[1])
            server = Server(FakeShard(), lambda *_: None, Config(listen=(here, occupied)))
            with pytest.raises(ListenError):
                await server.start()
            assert server.addresses == []

    run(main(), own_loop)


def test_listens_on_several_addresses() -> None:
    async def scenario(stage: Stage) -> None:
        assert [address.host for address in stage.server.addresses] == ["127.0.0.1", "127.0.0.2"]
        for address in stage.server.addresses:
            reader, writer = await asyncio.open_connection(address.host, address.port)
            writer.write(b"x")
            assert await reader.readexactly(1) == b"x"
            writer.close()
            await writer.wait_closed()

    play(scenario, listen=(Address("127.0.0.1", 0), Address("127.0.0.2", 0)))


@both_loops
def test_two_servers_share_a_loop_and_nothing_else(own_loop: bool) -> None:
    async def scenario(stage: Stage) -> None:
        other = Stage(None)
        await other.server.start()
        async with stage.client() as (here, a, _), other.client() as (there, b, _):
            a.write(b"here")
            b.write(b"there")
            assert await here.readexactly(4) == b"here"
            assert await there.readexactly(5) == b"there"
            stopping = asyncio.create_task(other.server.stop("only there"))
            assert await read_all(there) == b"only there"
            b.close()
            await stopping
            a.write(b"still")
            assert await here.readexactly(5) == b"still"

    play(scenario, own_loop=own_loop)


def test_a_peer_that_cannot_be_made_costs_its_connection_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(_: FakePeer) -> None:
        raise RuntimeError("a bug")

    async def scenario(stage: Stage) -> None:
        stage.prepare = broken
        reader, writer = await stage.connect()
        assert await read_all(reader) == b""
        writer.close()
        stage.prepare = lambda peer: None
        async with stage.client() as (reader, writer, _):
            writer.write(b"x")
            assert await reader.readexactly(1) == b"x"

    play(scenario)
    assert "RuntimeError: a bug" in caplog.text


def test_small_writes_are_not_held_back_by_the_kernel() -> None:
    async def scenario(stage: Stage) -> None:
        async with stage.client():
            (connection,) = stage.server._connections
            assert connection._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)

    play(scenario)


# Connections too many


def test_a_connection_too_many_is_served_with_its_refusal() -> None:
    async def scenario(stage: Stage) -> None:
        async with stage.client() as (_, _, welcome), stage.client() as (_, _, refused):
            assert welcome.refusal is None
            assert refused.refusal == "connection refused: node connection limit (1) is reached"
        await until(lambda: stage.server.connection_count == 0)
        async with stage.client() as (_, _, peer):
            assert peer.refusal is None

    play(scenario, connections_max=1)


def test_more_than_can_be_told_are_closed_at_once(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario(stage: Stage) -> None:
        streams = [await stage.connect() for _ in range(1 + REFUSED_MAX)]
        await until(lambda: stage.server.connection_count == 1 + REFUSED_MAX)
        reader, writer = await stage.connect()
        await ended(reader)
        writer.close()
        assert stage.server.connection_count == 1 + REFUSED_MAX
        for _, other in streams:
            other.close()
        await until(lambda: stage.server.connection_count == 0)
        async with stage.client() as (_, _, peer):
            assert peer.refusal is None

    play(scenario, connections_max=1)
    assert "closed at once: connection refused: node connection limit (1)" in caplog.text


@pytest.mark.parametrize("error", [OSError("gone"), RuntimeError("a bug")])
def test_who_cannot_be_served_does_not_count(error: Exception) -> None:
    def broken(_: FakePeer) -> None:
        raise error

    async def scenario(stage: Stage) -> None:
        stage.prepare = broken
        for _ in range(3):
            reader, writer = await stage.connect()
            assert await read_all(reader) == b""
            writer.close()
        stage.prepare = lambda peer: None
        async with stage.client() as (_, _, peer):
            assert peer.refusal is None

    play(scenario, connections_max=1)


def test_a_connection_is_called_what_it_is_as_long_as_it_is_there() -> None:
    async def scenario(stage: Stage) -> None:
        async with stage.client() as (_, writer, peer):
            port = writer.get_extra_info("sockname")[1]
            assert stage.server.name_of(peer.owner) == f"connection 1 from 127.0.0.1:{port}"
        await until(lambda: stage.server.connection_count == 0)
        assert stage.server.name_of(peer.owner) == "connection 1"

    play(scenario)


def test_who_has_gone_without_a_word_is_asked_for_by_the_kernel() -> None:
    async def scenario(stage: Stage) -> None:
        async with stage.client():
            (connection,) = stage.server._connections
            get = connection._socket.getsockopt
            assert get(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
            assert get(socket.IPPROTO_TCP, server.KEEPALIVE_IDLE) == 60
            assert get(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL) == 15
            assert get(socket.IPPROTO_TCP, socket.TCP_KEEPCNT) == 4

    play(scenario)
