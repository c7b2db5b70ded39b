import asyncio
from contextlib import AsyncExitStack
from string import ascii_lowercase

import pytest

from leveret.server import turn
from leveret.server.clock import Clock
from leveret.server.timers import NEVER
from tests.server.fakes import FakeShard, Stage, play, read_all, until

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


class Flooder:
    """A connection that is ready whenever it is looked at."""

    def __init__(self, line: "Line", name: str, size: int, work: int) -> None:
        self.line, self.name, self.size, self.work = line, name, size, work
        self.in_line = False
        self.ready = True

    def read(self) -> int:
        self.ready = False
        self.line.reads[-1] += self.name
        self.line.shard.work += self.work
        return self.size


class Line:
    """Flooders named a, b, c ..., all of them ready in each turn."""

    def __init__(self, count: int, *, size: int = 64 * 1024, work: int = 0) -> None:
        self.shard = FakeShard()
        self.turn = turn.Turn(
            self.shard, Clock(), loop=None, wake=lambda: None, fail=lambda error: None
        )
        self.flooders = [Flooder(self, name, size, work) for name in ascii_lowercase[:count]]
        self.reads: list[str] = []

    def run(self, turns: int) -> list[str]:
        """Who is read in each turn."""
        for _ in range(turns):
            for flooder in self.flooders:
                flooder.ready = True
                if not flooder.in_line:
                    flooder.in_line = True
                    self.turn.floods.append(flooder)
            self.reads.append("")
            self.turn.run()
        return self.reads


def test_those_who_flood_share_a_budget_of_bytes_and_who_was_not_read_is_first_next():
    size = turn.FLOOD_BYTES_PER_TURN // 4
    assert Line(6, size=size).run(3) == ["abcd", "efab", "cdef"]


def test_those_who_flood_share_a_budget_of_work():
    assert Line(4, work=turn.FLOOD_WORK_PER_TURN // 3 + 1).run(3) == ["abc", "dab", "cda"]


def test_who_floods_alone_is_read_once_in_a_turn():
    assert Line(1).run(3) == ["a", "a", "a"]


def test_what_was_overdrawn_the_next_turns_lack():
    assert Line(2, work=5 * turn.FLOOD_WORK_PER_TURN // 2).run(6) == ["a", "", "b", "", "", "a"]


@pytest.mark.parametrize(("halvings", "reads"), [(0, 16), (1, 8), (3, 2), (6, 1)])
def test_the_budget_is_halved_as_the_shard_asks(halvings: int, reads: int) -> None:
    line = Line(20, size=turn.FLOOD_BYTES_PER_TURN // 16)
    line.shard.halvings = halvings
    assert len(line.run(1)[0]) == reads


def test_it_stays_halved_for_a_moment_while_consumers_acknowledge():
    line = Line(20, size=turn.FLOOD_BYTES_PER_TURN // 16)
    line.shard.halvings = 3
    line.run(1)
    line.shard.halvings = 0
    line.turn.tick += turn.HALVED_MS
    assert len(line.run(1)[-1]) == 2
    line.turn.tick += 1
    assert len(line.run(1)[-1]) == 16


def test_there_is_another_turn_for_who_was_not_read_and_for_nobody_else():
    line = Line(2, size=turn.FLOOD_BYTES_PER_TURN)
    line.run(1)
    assert line.turn.wanted
    line.turn.run()
    assert (line.reads, line.turn.wanted) == (["ab"], False)


def test_who_was_read_and_is_not_ready_again_leaves_the_line():
    line = Line(3)
    line.run(1)
    line.turn.run()
    assert (line.reads, len(line.turn.floods)) == (["abc"], 0)


def test_who_does_not_flood_is_read_before_those_who_do() -> None:
    async def scenario(stage: Stage) -> None:
        async with stage.client() as (reader, a, flooding), stage.client() as (_, b, calm):
            flooding.floods = True
            a.write(b"x")
            await reader.readexactly(1)
            order: list[object] = []
            for peer in (flooding, calm):
                peer.on_received = lambda peer, _: order.append(peer)
            a.write(b"x")
            b.write(b"x")
            await until(lambda: len(order) == 2)
            assert order == [calm, flooding]

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


class TimedNote:
    """Wants to be called at a tick, and notes that it was."""

    def __init__(self, number: int, tick: int, notes: list[int]) -> None:
        self.number = number
        self.armed = NEVER
        self.tick = tick
        self.notes = notes

    def deadline(self) -> int | None:
        return self.tick

    def due(self) -> None:
        self.notes.append(self.number)
        self.tick = NEVER


class AlarmLoop:
    """Keeps what is to be called later, in milliseconds."""

    def __init__(self) -> None:
        self.alarms: list[int] = []

    def call_later(self, delay: float, call: object) -> "AlarmLoop":
        self.alarms.append(round(delay * 1_000))
        return self

    def cancel(self) -> None:
        self.alarms.pop()


def test_deadlines_that_are_close_together_are_met_together():
    loop, notes = AlarmLoop(), []
    waits = turn.Turn(FakeShard(), Clock(), loop=loop, wake=lambda: None, fail=print)
    first = (waits.tick // turn.ALARM_MS + 2) * turn.ALARM_MS
    for number, tick in enumerate((first + 9, first + 1, first + turn.ALARM_MS)):
        timed = TimedNote(number, tick, notes)
        waits.timers.arm(timed, tick)
        waits.run()
    assert loop.alarms == [first + turn.ALARM_MS - waits.tick]
    for timed in waits.timers.take_due(first + turn.ALARM_MS, count_max=9):
        timed.due()
    assert sorted(notes) == [0, 1, 2]
