"""What a queue wants of a chunk is asked of the log in the ranges in which it is there."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from leveret.engine.buffer import Buffer
from leveret.log.chunk_reader import READ_TRIES, ChunkReader, ranges_of
from leveret.log.port import LogError, MissingError, TakeRange

PLACES = [(0, 1000), (100, 5000), (250, 3000)]


@pytest.mark.parametrize(
    ("offset", "count", "ranges"),
    [
        (0, 100, [(1000, 100)]),
        (10, 20, [(1010, 20)]),
        (90, 20, [(1090, 10), (5000, 10)]),
        (100, 150, [(5000, 150)]),
        (0, 400, [(1000, 100), (5000, 150), (3000, 150)]),
        (249, 2, [(5149, 1), (3000, 1)]),
    ],
)
def test_the_bytes_of_a_chunk_lie_in_these_ranges(offset, count, ranges):
    assert list(ranges_of(PLACES, offset, count)) == ranges


class FakeLog:
    """Has been asked for ranges."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, int, int, TakeRange]] = []

    def fetch_range(
        self, position: int, buffer: Buffer, start: int, length: int, take: TakeRange
    ) -> None:
        self.asked.append((position, start, length, take))


class Place:
    def __init__(self) -> None:
        self.log = FakeLog()
        self.fetched: list[bool] = []
        self.failures: list[Exception] = []
        self.references = 1
        shard = SimpleNamespace(fetched=lambda _, complete: self.fetched.append(complete))
        self.reader = ChunkReader(self.log, shard, self.failures.append)

    def read(self) -> list[TakeRange]:
        chunk = SimpleNamespace(places=PLACES, references=self.references)
        reading = SimpleNamespace(chunk=chunk, offset=90, count=20, buffer=Buffer(20))
        self.log.asked.clear()
        self.reader.read(reading)
        assert [asked[:3] for asked in self.log.asked] == [(1090, 0, 10), (5000, 10, 10)]
        return [take for _, _, _, take in self.log.asked]

    def answer(self, *errors: LogError | None) -> None:
        for take, error in zip(self.read(), errors, strict=True):
            take(error)


@pytest.fixture
def place() -> Place:
    return Place()


def test_the_shard_is_told_when_all_ranges_are_there(place):
    first, second = place.read()
    second(None)
    assert place.fetched == []
    first(None)
    assert place.fetched == [True]


@pytest.mark.parametrize("which", [0, 1])
def test_one_that_failed_is_enough_to_ask_again(place, which):
    errors: list[LogError | None] = [None, None]
    errors[which] = MissingError("gone")
    place.answer(*errors)
    assert (place.fetched, place.failures) == ([False], [])


def test_after_so_many_failures_in_a_row_it_is_the_disk_that_fails(place):
    error = MissingError("gone")
    for _ in range(READ_TRIES - 1):
        place.answer(error, None)
    place.answer(None, None)
    for _ in range(READ_TRIES - 1):
        place.answer(error, None)
    assert place.failures == []
    place.answer(error, None)
    assert place.failures == [error]


def test_what_nobody_refers_to_any_more_may_be_gone(place):
    place.references = 0
    for _ in range(2 * READ_TRIES):
        place.answer(MissingError("trimmed"), None)
    assert (place.failures, set(place.fetched)) == ([], {False})
