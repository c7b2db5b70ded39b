"""When messages leave memory, and where to; the store and its threads are real."""

import asyncio
import logging
from pathlib import Path

from leveret.engine.memory import Memory
from leveret.server.spilling import Spilling, fold_into, spill_folder
from tests.engine.client import World, message

LIMIT = 64 << 20
BODY = bytes(100_000)
PATIENCE_S = 10


class Turn:
    def __init__(self) -> None:
        self.failures: list[Exception] = []
        self.wanted = asyncio.Event()

    def want(self) -> None:
        self.wanted.set()

    def fail(self, error: Exception) -> None:
        self.failures.append(error)


async def relieve_until_quiet(spilling: Spilling, turn: Turn, world: World) -> None:
    spilling.relieve()
    while world.shard.spill.writing_count or not world.shard.records.stored_count:
        turn.wanted.clear()
        await asyncio.wait_for(turn.wanted.wait(), PATIENCE_S)
        spilling.relieve()


def test_above_half_of_the_limit_messages_leave_memory(tmp_path: Path, caplog):
    async def scenario() -> None:
        world = World(memory=Memory(LIMIT))
        turn = Turn()
        spilling = Spilling(
            world.shard, turn, folder=str(tmp_path), loop=asyncio.get_running_loop()
        )
        world.queue(b"q")
        client = world.connect()
        client.send(message(b"q", BODY) * 250)
        spilling.relieve()
        assert world.shard.spill.writing_count == 0
        client.send(message(b"q", BODY) * 200)
        assert world.shard.memory.in_use > LIMIT // 2
        with caplog.at_level(logging.INFO):
            await relieve_until_quiet(spilling, turn, world)
        assert world.shard.memory.in_use <= LIMIT // 2 + (16 << 20)  # what chunks are spare
        assert f"they go to files in {tmp_path}" in caplog.text
        assert turn.failures == []
        spilling.close()

    asyncio.run(scenario())


def test_an_eighth_is_for_messages_whatever_else_there_is(tmp_path: Path):
    async def scenario() -> None:
        world = World(memory=Memory(LIMIT))
        spilling = Spilling(
            world.shard, Turn(), folder=str(tmp_path), loop=asyncio.get_running_loop()
        )
        world.queue(b"q")
        world.connect().send(message(b"q", BODY) * 60)
        world.shard.memory.take(LIMIT // 2)
        spilling.relieve()
        assert world.shard.spill.writing_count == 0
        world.connect().send(message(b"q", BODY) * 60)

        def is_writing() -> bool:
            spilling.relieve()
            return world.shard.spill.writing_count > 0

        while not is_writing():
            await asyncio.sleep(0.001)
        assert world.shard.spill.writing_count <= 5
        spilling.close()

    asyncio.run(scenario())


def test_pages_of_long_queues_go_to_files_until_the_end(tmp_path: Path, caplog):
    async def scenario() -> None:
        world = World(memory=Memory(LIMIT))
        pages = world.shard.pages
        fold_into(world.shard, str(tmp_path))
        spilling = Spilling(
            world.shard, Turn(), folder=str(tmp_path), loop=asyncio.get_running_loop()
        )
        world.queue(b"q")
        assert (pages.store, caplog.text) == (None, "")
        pages.fold_above = 2
        with caplog.at_level(logging.INFO):
            world.connect().send(message(b"q", b"") * (5 * 512))
        assert pages.store.file_count == 1
        assert f"parts go to files in {tmp_path}" in caplog.text
        files = pages.store
        spilling.close()
        assert (pages.store, files.file_count) == (None, 0)

    asyncio.run(scenario())


def test_large_files_go_where_the_environment_says(monkeypatch, tmp_path: Path):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert spill_folder() == str(tmp_path)
    monkeypatch.delenv("TMPDIR")
    assert spill_folder() in ("/var/tmp", "/tmp")
