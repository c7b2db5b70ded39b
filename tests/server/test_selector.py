import asyncio
import socket

import pytest

from leveret.server import selector
from leveret.server.poll import READ, Poll, SelectorPoll
from leveret.server.selector import TurnSelector
from tests.server.fakes import Stage, play, until

both_loops = pytest.mark.parametrize("own_loop", [True, False])


@both_loops
@pytest.mark.parametrize("poll", [Poll, SelectorPoll])
def test_connections_are_served_on_any_loop_and_any_system(
    own_loop: bool, poll: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(stage: Stage) -> None:
        async with stage.client() as (reader, writer, _):
            for size in (1, 1_000_000, 1):
                writer.write(bytes(size))
                assert await reader.readexactly(size) == bytes(size)

    monkeypatch.setattr(selector, "Poll", poll)
    play(scenario, own_loop=own_loop)


@both_loops
def test_the_loops_own_sockets_callbacks_and_timers_work_as_ever(own_loop: bool) -> None:
    async def scenario(stage: Stage) -> None:
        loop = asyncio.get_running_loop()
        done: list[str] = []
        one, other = socket.socketpair()
        with one, other:
            loop.add_reader(one, done.append, "socket")
            loop.call_soon(done.append, "callback")
            loop.call_later(0.001, done.append, "timer")
            other.send(b"x")
            await until(lambda: {"socket", "callback", "timer"} <= set(done))
            await asyncio.to_thread(lambda: None)
            loop.remove_reader(one)

    play(scenario, own_loop=own_loop)


@both_loops
def test_more_ready_sockets_than_one_turn_serves_are_all_served(
    own_loop: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(stage: Stage) -> None:
        clients = [await stage.connect() for _ in range(7)]
        for round_ in range(3):
            for _, writer in clients:
                writer.write(b"%d" % round_)
            for reader, _ in clients:
                assert await reader.readexactly(1) == b"%d" % round_
        for _, writer in clients:
            writer.close()
            await writer.wait_closed()

    monkeypatch.setattr(selector, "READY_MAX", 3)
    play(scenario, own_loop=own_loop)


def test_without_a_turn_it_is_an_ordinary_selector() -> None:
    one, other = socket.socketpair()
    with one, other, TurnSelector() as waiting:
        key = waiting.register(one, 1, "data")
        other.send(b"x")
        assert waiting.select(1) == [(key, 1)]
        assert waiting.get_key(one) == key
        waiting.poll()
        waiting.modify(one, 2)
        waiting.unregister(one)
        assert waiting.select(0) == []


def test_what_is_watched_is_served_within_a_turn_and_the_loop_does_not_see_it() -> None:
    done: list[str] = []
    one, other = socket.socketpair()
    with one, other, TurnSelector() as waiting:
        waiting.turn = FakeTurn(done)
        waiting.watch(one.fileno(), FakeWatched(done), READ)
        other.send(b"x")
        assert waiting.select(1) == []
        assert done == ["begin", "readable", "run"]
        waiting.watch(one.fileno(), FakeWatched(done), 0)
        assert waiting.select(0) == []
        assert done == ["begin", "readable", "run"]


class FakeTurn:
    wanted = False

    def __init__(self, done: list[str]) -> None:
        self._done = done

    def begin(self) -> None:
        self._done.append("begin")

    def run(self) -> None:
        self._done.append("run")


class FakeWatched:
    def __init__(self, done: list[str]) -> None:
        self._done = done

    def readable(self) -> None:
        self._done.append("readable")

    def writable(self) -> None:
        self._done.append("writable")
