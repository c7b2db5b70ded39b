import asyncio
import errno
import logging
import socket

import pytest

from leveret.server import listener as module
from leveret.server.address import Address
from leveret.server.listener import Listener, ListenError, open_listeners
from tests.server.fakes import LIMIT_S, until


class FullOnce:
    """A listening socket whose process is out of descriptors for the first few times."""

    def __init__(self, sock: socket.socket, *errors: int) -> None:
        self.sock = sock
        self.errors = list(errors)

    def __getattr__(self, name: str) -> object:
        return getattr(self.sock, name)

    def accept(self) -> tuple[socket.socket, object]:
        if self.errors:
            number = self.errors.pop(0)
            raise OSError(number, "Too many open files")
        return self.sock.accept()


def run(scenario) -> None:
    async def limited() -> None:
        async with asyncio.timeout(LIMIT_S):
            await scenario(asyncio.get_running_loop())

    asyncio.run(limited())


def test_listens_where_it_is_told_and_hands_on_what_it_accepts() -> None:
    async def scenario(loop: asyncio.AbstractEventLoop) -> None:
        accepted: list[tuple[socket.socket, Address]] = []
        (listener,) = open_listeners(
            Address("127.0.0.1", 0), lambda *each: accepted.append(each), loop=loop
        )
        clients = [socket.create_connection(("127.0.0.1", listener.address.port)) for _ in range(3)]
        await until(lambda: len(accepted) == 3)
        listener.close()
        assert [remote.port for _, remote in accepted] == [c.getsockname()[1] for c in clients]
        for sock in [*clients, *(sock for sock, _ in accepted)]:
            sock.close()

    run(scenario)


def test_a_name_listens_on_all_that_it_stands_for(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0)),
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0)),
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.2", 0)),
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.1", 0)),  # not of this machine
    ]
    monkeypatch.setattr(module.socket, "getaddrinfo", lambda *_, **__: names)

    async def scenario(loop: asyncio.AbstractEventLoop) -> None:
        listeners = open_listeners(Address("here", 0), lambda *_: None, loop=loop)
        hosts = [listener.address.host for listener in listeners]
        for listener in listeners:
            listener.close()
        assert hosts == ["127.0.0.1", "127.0.0.2"]

    run(scenario)


def test_an_address_in_use_is_an_error_that_names_it_and_keeps_nothing_open() -> None:
    async def scenario(loop: asyncio.AbstractEventLoop) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            address = Address("127.0.0.1", taken.getsockname()[1])
            with pytest.raises(ListenError, match=f"127.0.0.1:{address.port}: .*in use") as caught:
                open_listeners(address, lambda *_: None, loop=loop)
            assert caught.value.address == address
            assert caught.value.cause.errno == errno.EADDRINUSE

    run(scenario)


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
def test_an_address_that_is_not_here_is_an_error(host: str) -> None:
    async def scenario(loop: asyncio.AbstractEventLoop) -> None:
        with pytest.raises(ListenError, match=host):
            open_listeners(Address(host, 0), lambda *_: None, loop=loop)

    run(scenario)


def test_out_of_descriptors_it_pauses_says_so_once_and_goes_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "RETRY_S", 0.001)
    accepted: list[socket.socket] = []

    async def scenario(loop: asyncio.AbstractEventLoop) -> None:
        with socket.create_server(("127.0.0.1", 0)) as sock:
            sock.setblocking(False)
            full = FullOnce(sock, errno.EMFILE, errno.ENFILE, errno.EMFILE)
            listener = Listener(full, lambda sock, _: accepted.append(sock), loop=loop)
            with socket.create_connection(sock.getsockname()):
                await until(lambda: accepted)
            listener.close()
            accepted[0].close()

    with caplog.at_level(logging.INFO):
        run(scenario)
    said = [record.getMessage().partition(" ")[2] for record in caplog.records]
    assert said == ["accepts no connections: Too many open files", "accepts connections again"]


def test_a_connection_that_was_gone_before_it_was_accepted_is_no_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    accepted: list[socket.socket] = []

    async def scenario(loop: asyncio.AbstractEventLoop) -> None:
        with socket.create_server(("127.0.0.1", 0)) as sock:
            sock.setblocking(False)
            listener = Listener(
                FullOnce(sock, errno.ECONNABORTED), lambda sock, _: accepted.append(sock), loop=loop
            )
            with socket.create_connection(sock.getsockname()):
                await until(lambda: accepted)
            listener.close()
            accepted[0].close()

    run(scenario)
    assert caplog.records == []


def test_closed_while_it_waits_for_descriptors_it_stays_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "RETRY_S", 0.001)

    async def scenario(loop: asyncio.AbstractEventLoop) -> None:
        with socket.create_server(("127.0.0.1", 0)) as sock:
            sock.setblocking(False)
            full = FullOnce(sock, errno.EMFILE)
            listener = Listener(full, lambda *_: None, loop=loop)
            with socket.create_connection(sock.getsockname()):
                await until(lambda: not full.errors)
                listener.close()
                await asyncio.sleep(0.005)

    run(scenario)


def test_a_turn_accepts_so_many_and_the_next_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ACCEPTS_MAX", 2)
    accepted: list[socket.socket] = []
    counts: list[int] = []

    async def scenario(loop: asyncio.AbstractEventLoop) -> None:
        (listener,) = open_listeners(
            Address("127.0.0.1", 0), lambda sock, _: accepted.append(sock), loop=loop
        )
        clients = [socket.create_connection(("127.0.0.1", listener.address.port)) for _ in range(5)]
        while len(accepted) < 5:
            await asyncio.sleep(0)
            counts.append(len(accepted))
        listener.close()
        for sock in [*clients, *accepted]:
            sock.close()

    run(scenario)
    assert {2, 4, 5} <= set(counts) <= {0, 2, 4, 5}
