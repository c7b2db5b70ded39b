import asyncio
import logging
import socket
import struct

import pytest

from leveret.engine.errors import InvariantError
from leveret.server.clock import Clock
from tests.server.fakes import FakePeer, Stage, ended, play, read_all, until

MEGABYTE = bytes(1024) * 1024
RESET = struct.pack("ii", 1, 0)  # SO_LINGER without time: close() resets


def reset(writer: asyncio.StreamWriter) -> None:
    raw = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    writer.transport.abort()


@pytest.mark.parametrize("own_loop", [True, False])
def test_what_comes_in_goes_to_the_peer_and_its_output_goes_out(own_loop: bool) -> None:
    async def scenario(stage: Stage) -> None:
        async with stage.client() as (reader, writer, peer):
            for text in (b"one", b"two"):
                writer.write(text)
                assert await reader.readexactly(3) == text
            assert peer.events == [b"one", b"two"]
            assert peer.remote.port == writer.get_extra_info("sockname")[1]

    play(scenario, own_loop=own_loop)


@pytest.mark.parametrize("own_loop", [True, False])
def test_output_larger_than_the_socket_takes_goes_out_as_it_is_read(own_loop: bool) -> None:
    async def scenario(stage: Stage) -> None:
        async with stage.client() as (reader, writer, peer):
            peer.on_received = lambda peer, _: peer.write(16 * MEGABYTE)
            writer.write(b"go")
            assert await reader.readexactly(16 * len(MEGABYTE)) == 16 * MEGABYTE
            peer.on_received = FakePeer.echo
            writer.write(b"still there")
            assert await reader.readexactly(11) == b"still there"

    play(scenario, own_loop=own_loop)


def test_room_in_the_output_gives_the_shard_a_turn() -> None:
    async def scenario(stage: Stage) -> None:
        def refill(peer: FakePeer) -> None:
            if len(peer.output) < 1_000 and len(peer.events) < 3:
                peer.events.append("refilled")
                peer.write(MEGABYTE)
                stage.shard.pending_count = 1

        async with stage.client() as (reader, writer, peer):
            peer.on_sent = refill
            writer.write(b"x")
            assert await reader.readexactly(1 + 2 * len(MEGABYTE)) == b"x" + 2 * MEGABYTE

    play(scenario)


def test_a_slow_reader_does_not_hold_up_another() -> None:
    async def scenario(stage: Stage) -> None:
        async with stage.client() as (_, writer, slow), stage.client() as (reader, quick, _):
            slow.on_received = lambda peer, _: peer.write(16 * MEGABYTE)
            writer.write(b"go")
            await until(lambda: 0 < len(slow.output) < 16 * len(MEGABYTE))
            quick.write(b"quick")
            assert await reader.readexactly(5) == b"quick"
            assert len(slow.output) > 0

    play(scenario)


def test_the_other_side_closing_is_reported_and_ends_the_connection() -> None:
    async def scenario(stage: Stage) -> None:
        async with stage.client() as (_, writer, peer):
            peer.on_received = lambda peer, data: None
            writer.close()
            await until(lambda: "lost" in peer.events)
            assert peer.events == [b"", "lost"]

    play(scenario)


def test_half_a_connection_still_gets_its_answer() -> None:
    async def scenario(stage: Stage) -> None:
        async with stage.client() as (reader, writer, peer):
            peer.on_received = lambda peer, data: None if data else peer.write(4 * MEGABYTE)
            writer.write_eof()
            assert await read_all(reader) == 4 * MEGABYTE

    play(scenario)


def test_a_finished_peer_is_let_go_once_its_output_has_been_sent() -> None:
    async def scenario(stage: Stage) -> None:
        async with stage.client() as (reader, writer, peer):
            peer.on_received = lambda peer, _: peer.say_goodbye("bye")
            writer.write(b"x")
            assert await read_all(reader) == b"bye"
            assert peer.events == [b"x", "lost"]

    play(scenario)


def test_a_peer_that_finishes_without_a_word_is_let_go() -> None:
    async def scenario(stage: Stage) -> None:
        async with stage.client() as (reader, writer, peer):
            peer.on_received = FakePeer.finish
            writer.write(b"x")
            assert await read_all(reader) == b""

    play(scenario)


def test_the_last_words_arrive_though_the_other_side_goes_on_sending() -> None:
    async def scenario(stage: Stage) -> None:
        async with stage.client() as (reader, writer, peer):
            peer.on_received = lambda peer, _: peer.say_goodbye("you talk too much")
            writer.write(8 * MEGABYTE)
            await writer.drain()
            assert await read_all(reader) == b"you talk too much"
            assert peer.events.count("lost") == 1

    play(scenario)


def test_who_does_not_close_its_end_is_cut_off_after_the_linger_time() -> None:
    async def scenario(stage: Stage) -> None:
        async with stage.client() as (reader, writer, peer):
            peer.on_received = FakePeer.finish
            writer.write(b"x")
            assert await read_all(reader) == b""
            await until(lambda: not stage.server.connection_count)

    play(scenario, linger_ms=20)


def test_who_does_not_read_its_last_words_is_cut_off_after_the_linger_time() -> None:
    async def scenario(stage: Stage) -> None:
        async with stage.client() as (_, writer, peer):
            peer.on_received = lambda peer, _: peer.write(64 * MEGABYTE)
            writer.write(b"x")
            await until(lambda: 0 < len(peer.output) < 64 * len(MEGABYTE))
            peer.on_received = FakePeer.finish
            writer.write(b"y")
            await until(lambda: not stage.server.connection_count)
            assert peer.output
            assert peer.events == [b"x", b"y", "lost"]

    play(scenario, linger_ms=20)


def test_a_reset_connection_is_lost_and_its_reason_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario(stage: Stage) -> None:
        async with stage.client() as (_, writer, peer):
            reset(writer)
            await until(lambda: peer.events)
            assert peer.events == ["lost"]

    with caplog.at_level(logging.INFO):
        play(scenario)
    assert "lost: Connection reset by peer" in caplog.text


def test_sending_to_who_has_gone_loses_the_connection() -> None:
    async def scenario(stage: Stage) -> None:
        async with stage.client() as (_, writer, gone), stage.client() as (reader, other, peer):
            gone.is_paused = True  # so that only sending can notice
            writer.write(b"unread")
            await until(lambda: stage.unread_count)
            reset(writer)
            peer.on_received = lambda peer, data: (gone.write(b"x"), peer.write(data))
            while "lost" not in gone.events:
                other.write(b"a")
                assert await reader.readexactly(1) == b"a"

    play(scenario)


@pytest.mark.parametrize("method", ["received", "sent", "send_buffer", "receive_buffer"])
def test_a_bug_in_a_peer_costs_its_connection_alone(
    method: str, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a bug")

    async def scenario(stage: Stage) -> None:
        async with stage.client() as (reader, writer, _):
            stage.prepare = lambda peer: setattr(peer, method, broken)
            async with stage.client() as (bad_reader, bad_writer, bad_peer):
                bad_writer.write(b"x")
                await ended(bad_reader)
                assert bad_peer.events[-1:] == ["lost"]
            writer.write(b"alive")
            assert await reader.readexactly(5) == b"alive"

    play(scenario)
    assert "RuntimeError: a bug" in caplog.text


@pytest.mark.parametrize("method", ["deadline", "due", "shut_down"])
def test_a_bug_outside_of_reading_and_writing_costs_its_connection_alone(method: str) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a bug")

    async def scenario(stage: Stage) -> None:
        def prepare(peer: FakePeer) -> None:
            peer.deadline_tick = 0
            setattr(peer, method, broken)

        stage.prepare = prepare
        async with stage.client() as (reader, _, peer):
            if method == "shut_down":
                await stage.server.stop()
            assert await read_all(reader) == b""
            assert peer.events[-1] == "lost"

    play(scenario)


def test_a_broken_invariant_stops_the_server() -> None:
    def contradict(*_: object) -> None:
        raise InvariantError("two owners")

    async def scenario(stage: Stage) -> None:
        async with stage.client() as (_, writer, peer), stage.client() as (reader, _, other):
            peer.on_received = contradict
            writer.write(b"x")
            assert str(await stage.server.failure) == "two owners"
            assert await read_all(reader) == b""
            assert other.events == ["lost"]

    play(scenario)


def test_a_peer_that_cannot_be_released_stops_the_server() -> None:
    def contradict(*_: object) -> None:
        raise RuntimeError("half released")

    async def scenario(stage: Stage) -> None:
        async with stage.client() as (_, writer, peer):
            peer.on_lost = contradict
            writer.close()
            assert str(await stage.server.failure) == "half released"

    play(scenario)


def test_a_paused_peer_is_not_read_until_it_wants_to_be() -> None:
    async def scenario(stage: Stage) -> None:
        async with (
            stage.client() as (reader, writer, peer),
            stage.client() as (other, waker, waking),
        ):
            peer.is_paused = True
            writer.write(b"later")
            waker.write(b"x")
            assert await other.readexactly(1) == b"x"
            await until(lambda: stage.unread_count)
            assert peer.events == []
            waking.on_received = lambda *_: peer.resume()
            waker.write(b"y")
            assert await reader.readexactly(5) == b"later"
            assert (peer.events, stage.unread_count) == (["goes on", b"later"], 0)

    play(scenario)


def test_a_paused_peer_still_gets_its_output() -> None:
    async def scenario(stage: Stage) -> None:
        async with stage.client() as (reader, writer, peer), stage.client() as (_, waker, other):
            peer.is_paused = True
            writer.write(b"later")
            await until(lambda: stage.unread_count)
            other.on_received = lambda _, data: peer.write(2 * MEGABYTE)
            waker.write(b"x")
            assert await reader.readexactly(2 * len(MEGABYTE)) == 2 * MEGABYTE
            assert peer.events == []

    play(scenario)


def test_a_peer_is_called_when_its_deadline_has_come_and_may_speak() -> None:
    async def scenario(stage: Stage) -> None:
        def prepare(peer: FakePeer) -> None:
            peer.deadline_tick = Clock().tick() + 20
            peer.on_due = lambda peer, tick: (peer.forget_deadline(), peer.write(b"%d" % tick))

        stage.prepare = prepare
        async with stage.client() as (reader, _, peer):
            deadline = peer.deadline_tick
            assert deadline is not None
            assert int(await reader.read(100)) >= deadline
            assert peer.events == ["due"]

    play(scenario)


def test_a_deadline_that_comes_nearer_with_what_is_received_is_kept() -> None:
    async def scenario(stage: Stage) -> None:
        def come_nearer(peer: FakePeer, _: bytes) -> None:
            peer.deadline_tick = Clock().tick() + 10

        stage.prepare = lambda peer: setattr(peer, "deadline_tick", Clock().tick() + 3_600_000)
        async with stage.client() as (_, writer, peer):
            peer.on_received = come_nearer
            writer.write(b"x")
            await until(lambda: peer.events == [b"x", "due"])

    play(scenario)


def test_a_peer_whose_deadline_stays_in_the_past_does_not_stop_the_world() -> None:
    async def scenario(stage: Stage) -> None:
        stage.prepare = lambda peer: setattr(peer, "on_due", lambda *_: None)
        async with stage.client() as (reader, writer, peer):
            peer.on_received = lambda peer, data: (
                setattr(peer, "deadline_tick", 0),
                peer.write(data),
            )
            writer.write(b"x")
            assert await reader.readexactly(1) == b"x"
            await until(lambda: peer.events.count("due") > 3)
            writer.write(b"y")
            assert await reader.readexactly(1) == b"y"

    play(scenario)


def test_a_descriptor_used_again_belongs_to_the_new_connection_alone() -> None:
    async def scenario(stage: Stage) -> None:
        for round_ in range(5):
            async with stage.client() as (reader, writer, peer):
                peer.write(b"output of a connection that is about to go")
                reset(writer)
                await until(lambda peer=peer: "lost" in peer.events)
            async with stage.client() as (reader, writer, peer):
                writer.write(b"%d" % round_)
                assert await reader.readexactly(1) == b"%d" % round_
                assert peer.events == [b"%d" % round_]

    play(scenario)


def test_a_connection_closed_in_the_turn_in_which_it_is_ready_is_left_alone() -> None:
    async def scenario(stage: Stage) -> None:
        async with stage.client() as (first, a, one), stage.client() as (second, b, two):
            for peer in (one, two):
                peer.on_received = lambda _, data: stage.server.close_connections("a test")
            a.write(b"x")
            b.write(b"x")
            await ended(first)
            await ended(second)
            assert sum(b"x" in peer.events for peer in (one, two)) == 1
            assert one.events[-1] == two.events[-1] == "lost"

    play(scenario)
