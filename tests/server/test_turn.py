import asyncio
from contextlib import AsyncExitStack

import pytest

from leveret.server import turn
from tests.server.fakes import Stage, play, read_all, until

both_loops = pytest.mark.parametrize("own_loop", [True, False])


@both_loops
def test_all_that_is_ready_is_read_before_the_shard_has_its_turn(own_loop: bool) -> None:
    async def scenario(stage: Stage) -> None:
        async with stage.client() as (_, a, one), stage.client() as (_, b, two):
            turns: list[int] = []
            for peer in (one, two):
                peer.on_received = lambda _, data: turns.append(stage.shard.turn_count)
            a.write(b"x")
            b.write(b"x")
            await until(lambda: len(turns) == 2)
            assert turns[0] == turns[1]

    play(scenario, own_loop=own_loop)


@both_loops
def test_what_the_shard_leaves_over_gets_further_turns_without_any_input(own_loop: bool) -> None:
    async def scenario(stage: Stage) -> None:
        async with stage.client() as (reader, writer, _):
            stage.shard.pending_count = 1_000
            writer.write(b"x")
            assert await reader.readexactly(1) == b"x"
            await until(lambda: stage.shard.pending_count == 0)
            count = stage.shard.turn_count
            await asyncio.sleep(0.01)
            assert stage.shard.turn_count == count

    play(scenario, own_loop=own_loop)


def test_turns_without_input_let_sockets_and_callbacks_in_between() -> None:
    async def scenario(stage: Stage) -> None:
        async with stage.client() as (reader, writer, _):
            stage.shard.pending_count = 1_000_000
            for _ in range(10):
                writer.write(b"x")
                assert await reader.readexactly(1) == b"x"
            assert stage.shard.pending_count > 990_000
            stage.shard.pending_count = 0

    play(scenario)


def test_each_peer_with_output_is_sent_to_in_the_turn_of_another() -> None:
    async def scenario(stage: Stage) -> None:
        async with stage.client() as (reader, _, listening), stage.client() as (_, writer, peer):
            peer.on_received = lambda _, data: listening.write(data)
            writer.write(b"news")
            assert await reader.readexactly(4) == b"news"

    play(scenario)


def test_output_of_a_peer_that_has_gone_is_nobodys() -> None:
    async def scenario(stage: Stage) -> None:
        async with stage.client() as (reader, writer, _):
            stage.shard.written[4711] = None
            writer.write(b"x")
            assert await reader.readexactly(1) == b"x"

    play(scenario)


@both_loops
def test_a_shard_that_fails_stops_the_server_and_tells(own_loop: bool) -> None:
    async def scenario(stage: Stage) -> None:
        async with stage.client() as (reader, writer, peer):
            stage.shard.error = RuntimeError("upside down")
            writer.write(b"x")
            assert str(await stage.server.failure) == "upside down"
            assert await read_all(reader) == b""
            assert peer.events == [b"x", "lost"]
            assert stage.server.addresses == []

    play(scenario, own_loop=own_loop)


def test_more_deadlines_at_once_than_a_turn_serves_are_all_served(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def scenario(stage: Stage) -> None:
        stage.prepare = lambda peer: setattr(peer, "deadline_tick", 0)
        async with AsyncExitStack() as stack:
            for _ in range(7):
                await stack.enter_async_context(stage.client())
            await until(lambda: all("due" in peer.events for peer in stage.peers))

    monkeypatch.setattr(turn, "DUE_MAX", 3)
    play(scenario)


def test_the_time_stands_still_during_a_turn() -> None:
    seen: list[tuple[int, ...]] = []

    def note(_: int, *times: int) -> None:
        seen.append(times)

    async def scenario(stage: Stage) -> None:
        stage.prepare = lambda peer: setattr(peer, "received", note)
        async with stage.client() as (_, a, _), stage.client() as (_, b, _):
            a.write(b"x")
            b.write(b"x")
            await until(lambda: len(seen) == 2)
            assert seen[0] == seen[1]

    play(scenario)
