"""The socket for operators: who is let in, what is left behind."""

import asyncio
import errno
import json
import logging
import os
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

import pytest

from leveret.server import control
from leveret.server.assembly import make_server
from leveret.server.config import Config
from leveret.server.control import CONNECTIONS_MAX, Control, ControlError
from leveret.server.server import Server
from leveret.server.unix_socket import connect_to
from tests.server.fakes import HERE, LIMIT_S

Scenario = Callable[[Server, str], Awaitable[None]]


def run(folder: Path, scenario: Scenario, **options: object) -> str:
    """Has the scenario with a server and its socket; returns the path."""
    path = str(folder / "c")

    async def main() -> None:
        config = Config(listen=(HERE,), control_socket=path, **options)
        server = make_server(config)
        await server.start()
        try:
            await scenario(server, path)
        finally:
            await server.stop()
            while Operator.opened:
                await Operator.opened.pop().leave()

    asyncio.run(asyncio.wait_for(main(), LIMIT_S))
    return path


class Operator:
    """Speaks lines of JSON. All that were `opened` are closed at the end of run()."""

    opened: ClassVar[list["Operator"]] = []

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def connect(cls, path: str) -> "Operator":
        operator = cls(*await asyncio.open_unix_connection(path))
        cls.opened.append(operator)
        return operator

    async def say(self, text: bytes) -> None:
        self.writer.write(text + b"\n")
        await self.writer.drain()

    async def hear(self) -> object:
        """A line, None at the end."""
        line = await self.reader.readline()
        return json.loads(line) if line else None

    async def ask(self, command: str, **arguments: object) -> object:
        await self.say(json.dumps({"command": command, "arguments": arguments}).encode())
        return await self.hear()

    async def leave(self) -> None:
        self.writer.close()
        with suppress(OSError):
            await self.writer.wait_closed()


def test_an_operator_is_answered_and_the_file_goes_with_the_server(tmp_path: Path) -> None:
    async def scenario(server: Server, path: str) -> None:
        operator = await Operator.connect(path)
        assert await operator.ask("ping") == {"ok": "pong"}
        await operator.leave()

    assert not os.path.exists(run(tmp_path, scenario))


def test_who_is_still_there_when_the_server_stops_is_cut_off(tmp_path: Path) -> None:
    async def scenario(server: Server, path: str) -> None:
        operators.append(await Operator.connect(path))
        assert await operators[0].ask("ping") == {"ok": "pong"}
        await server.stop()
        assert await operators[0].hear() is None

    operators: list[Operator] = []
    run(tmp_path, scenario)


def test_stop_asks_whoever_has_started_the_server(tmp_path: Path) -> None:
    async def scenario(server: Server, path: str) -> None:
        operator = await Operator.connect(path)
        assert await operator.ask("stop") == {"ok": None}
        assert server.stop_asked.is_set()

    run(tmp_path, scenario)


def test_one_too_many_is_told_so_and_there_is_room_again_later(tmp_path: Path) -> None:
    async def scenario(server: Server, path: str) -> None:
        operators = [await Operator.connect(path) for _ in range(CONNECTIONS_MAX)]
        for operator in operators:
            assert await operator.ask("ping") == {"ok": "pong"}
        refused = await Operator.connect(path)
        text = "there are 16 connections to the control socket: try again later"
        assert await refused.hear() == {"error": "busy", "text": text}
        assert await refused.hear() is None
        await refused.leave()
        await operators[0].leave()
        while server._control is not None and len(server._control._sessions) >= CONNECTIONS_MAX:
            await asyncio.sleep(0)
        assert await (await Operator.connect(path)).ask("ping") == {"ok": "pong"}

    run(tmp_path, scenario)


def test_more_than_twice_as_many_are_not_even_told(tmp_path: Path) -> None:
    async def scenario(server: Server, path: str) -> None:
        operators = [await Operator.connect(path) for _ in range(2 * CONNECTIONS_MAX)]
        for operator in operators[CONNECTIONS_MAX:]:
            assert await operator.hear() is not None
        assert await (await Operator.connect(path)).hear() is None

    run(tmp_path, scenario)


def test_a_server_without_a_path_has_no_socket() -> None:
    async def main() -> None:
        server = make_server(Config(listen=(HERE,)))
        await server.start()
        assert server._control is None
        await server.stop()

    asyncio.run(main())


@pytest.mark.parametrize(("is_needed", "count"), [(True, 0), (False, 1)])
def test_a_socket_that_cannot_be_had_refuses_the_start_only_if_it_was_asked_for(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, is_needed: bool, count: int
) -> None:
    (tmp_path / "c").write_text("mine")

    async def scenario(server: Server, path: str) -> None:
        assert server.addresses

    try:
        run(tmp_path, scenario, is_control_needed=is_needed)
    except ControlError as error:
        assert "there is a file that is no socket: choose another with --control" in str(error)
        assert is_needed
    assert caplog.text.count("leveret ctl cannot reach this broker") == count
    assert (tmp_path / "c").read_text() == "mine"


def test_a_live_brokers_socket_is_not_taken(tmp_path: Path) -> None:
    async def scenario(server: Server, path: str) -> None:
        with pytest.raises(ControlError, match="another broker listens there"):
            Control(path, lambda: None, loop=asyncio.get_running_loop())
        assert await (await Operator.connect(path)).ask("ping") == {"ok": "pong"}

    run(tmp_path, scenario)


def test_what_the_system_refuses_is_told(tmp_path: Path) -> None:
    async def main() -> None:
        with pytest.raises(ControlError, match=r"none/c: No such file or directory: choose"):
            Control(str(tmp_path / "none" / "c"), lambda: None, loop=asyncio.get_running_loop())

    asyncio.run(main())


def test_another_brokers_file_is_not_removed(tmp_path: Path) -> None:
    async def scenario(server: Server, path: str) -> None:
        os.unlink(path)
        other = Control(path, lambda: None, loop=asyncio.get_running_loop())
        await server.stop()
        assert os.path.exists(path)
        other.close()

    assert not os.path.exists(run(tmp_path, scenario))


def test_out_of_descriptors_it_pauses_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(control, "RETRY_S", 0.01)

    async def scenario(server: Server, path: str) -> None:
        listener = server._control
        assert listener is not None
        real = listener._socket

        class Full:
            def fileno(self) -> int:
                return real.fileno()

            def accept(self) -> tuple[socket.socket, object]:
                listener._socket = real
                raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

        listener._socket = Full()  # type: ignore[assignment]  # stands in for it once
        assert await (await Operator.connect(path)).ask("ping") == {"ok": "pong"}

    with caplog.at_level(logging.ERROR):
        run(tmp_path, scenario)
    assert "accepts no connections: Too many open files" in caplog.text


def test_who_connects_and_goes_costs_nothing(tmp_path: Path) -> None:
    async def scenario(server: Server, path: str) -> None:
        for _ in range(50):
            connect_to(path, LIMIT_S).close()
            await asyncio.sleep(0)
        assert await (await Operator.connect(path)).ask("ping") == {"ok": "pong"}

    run(tmp_path, scenario)
