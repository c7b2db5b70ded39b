"""Chunks in real files, by real threads: what is given comes back, and files come and go."""

import errno
import logging
import os
import select
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from leveret.engine.queue import Queue
from leveret.log import spill_store
from leveret.log.spill_store import RETRY_S, SpillStore
from tests.engine.client import Client, World, message

PATIENCE_S = 10
BODY = 100_000
MIB = 1 << 20


class Loop:
    """Waits for the threads as a loop does."""

    def __init__(self) -> None:
        self.callbacks: dict[int, object] = {}
        self.time = 100.0
        self.failures: list[Exception] = []

    def watch(self, fd: int, callback: object) -> None:
        self.callbacks[fd] = callback

    def wait(self, until) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not until():
            assert time.monotonic() < deadline, "it never comes"
            ready, _, _ = select.select(list(self.callbacks), [], [], 0.001)
            for fd in ready:
                self.callbacks[fd]()


class Place:
    """A shard with a store in a folder."""

    def __init__(self, folder: str) -> None:
        self.world = World()
        self.loop = Loop()
        self.shard = self.world.shard
        self.store = SpillStore(
            self.shard,
            folder,
            watch=self.loop.watch,
            fail=self.loop.failures.append,
            monotonic=lambda: self.loop.time,
        )
        self.shard.keep_in(self.store)
        self.queue: Queue = self.world.queue(b"q")
        self.client: Client = self.world.connect()

    @property
    def records(self):
        return self.shard.records

    def publish(self, count: int) -> None:
        for number in range(count):
            self.client.send(message(b"q", number.to_bytes(4) * (BODY // 4)))

    def store_all(self) -> None:
        """All but the chunk that is being written to."""

        def stored() -> bool:
            self.shard.store_down_to(0)
            return self.records.by_age.oldest is None and self.shard.spill.writing_count == 0

        self.loop.wait(stored)

    def drain(self, count: int) -> list[int]:
        reader = self.world.connect()
        reader.consume(self.queue, no_ack=True)
        numbers: list[int] = []

        def drained() -> bool:
            self.world.turn()
            numbers.extend(int.from_bytes(each.body[:4]) for each in reader.messages())
            return len(numbers) == count

        self.loop.wait(drained)
        return numbers


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(str(tmp_path))
    yield place
    place.store.close()


def test_what_is_written_comes_back_in_order_and_leaves_no_file(place, tmp_path):
    place.publish(300)
    place.store_all()
    assert place.records.stored_bytes > 25 * MIB
    assert place.store.file_count > 0
    assert list(tmp_path.iterdir()) == []
    assert place.drain(300) == list(range(300))
    assert place.records.stored_count == 0
    place.loop.wait(lambda: place.store.file_count <= 1)


def test_what_was_taken_for_it_is_counted_and_given_back(place):
    place.shard.drop_spare()
    before = place.shard.memory.counted
    place.publish(100)
    place.store_all()
    place.drain(100)
    place.shard.turn()
    place.shard.take_outputs()
    place.shard.drop_spare()
    left = place.shard.memory.counted - before
    assert left <= 4 * MIB, "more than open chunks, a page and an output"


def test_where_files_without_names_cannot_be_made_they_have_one_for_a_moment(
    place, tmp_path, monkeypatch
):
    place.store._named = True
    place.publish(30)
    place.store_all()
    place.loop.wait(lambda: not list(tmp_path.iterdir()))
    assert place.drain(30) == list(range(30))


def test_a_disk_with_little_room_is_left_alone_and_tried_again_later(place, monkeypatch, caplog):
    monkeypatch.setattr(spill_store, "free_bytes", lambda folder: spill_store.FREE_BYTES_MIN - 1)
    place.publish(30)
    with caplog.at_level(logging.INFO, "leveret.log"):
        place.shard.store_down_to(0)
        place.shard.store_down_to(0)
        assert place.records.stored_count == 0
        assert [record.levelname for record in caplog.records] == ["WARNING"]
        assert os.strerror(errno.ENOSPC) in caplog.text
        monkeypatch.undo()
        place.shard.store_down_to(0)
        assert place.shard.spill.writing_count == 0
        place.loop.time += RETRY_S
        place.store_all()
    assert "go to files" in caplog.records[-1].getMessage()
    assert place.drain(30) == list(range(30))


def test_a_folder_that_is_not_there_leaves_messages_in_memory(tmp_path, caplog):
    place = Place(str(tmp_path / "gone"))
    place.publish(30)
    with caplog.at_level(logging.INFO, "leveret.log"):
        place.shard.store_down_to(0)
    assert (place.records.live_count, place.shard.spill.writing_count) == (30, 0)
    assert os.strerror(errno.ENOENT) in caplog.text
    place.store.close()


def test_reads_that_fail_again_and_again_end_it(place, monkeypatch):
    place.publish(30)
    place.store_all()
    for file in place.store._files.files:
        os.ftruncate(file.fd, 0)
    place.world.connect().consume(place.queue, no_ack=True)

    def failed() -> bool:
        place.world.turn()
        return bool(place.loop.failures)

    place.loop.wait(failed)
    assert "cannot be read: the file is too short" in str(place.loop.failures[0])
