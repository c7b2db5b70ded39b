import errno
from functools import partial

import pytest

from leveret.engine.buffer import Buffer
from leveret.log.batch import COLD
from leveret.log.port import HEADER_BYTES, LogError, MissingError
from leveret.log.ranges import RANGES_AT_THE_DISK_MAX
from tests.log.world import World, disk_of

SEGMENT_BYTES = 1 << 14


class Asked:
    def __init__(self, world: World) -> None:
        self.world = world
        self.answers: list[bytes | LogError | None] = []

    def fetch(self, position: int, length: int) -> None:
        buffer = Buffer(length + 3)
        self.world.log.fetch_range(position, buffer, 3, length, partial(self.take, buffer))

    def take(self, buffer: Buffer, error: LogError | None) -> None:
        self.answers.append(buffer.bytes_at(3, buffer.size - 3) if error is None else error)

    def wait(self, count: int) -> list[bytes | LogError | None]:
        for _ in range(1000):
            if len(self.answers) >= count:
                break
            self.world.poll(0)
        return self.answers


@pytest.fixture
def world() -> World:
    world = World(disk_of(1), segment_bytes=SEGMENT_BYTES)
    world.claim()
    return world


def placed(world: World, records: bytes) -> int:
    """Where its records are, when they are durable."""
    number = world.append(records)
    position = world.log.position_of(number)
    world.wait_ready()
    return position + HEADER_BYTES


def test_ranges_come_from_each_segment_and_in_order(world: World) -> None:
    positions = [placed(world, bytes([index]) * 9000) for index in range(4)]
    asked = Asked(world)
    for position in reversed(positions):
        asked.fetch(position + 10, 8000)
    assert asked.wait(4) == [bytes([index]) * 8000 for index in (3, 2, 1, 0)]


def test_few_are_at_the_disk_at_a_time_and_all_are_answered(world: World) -> None:
    position = placed(world, b"abc")
    world.disk.poll = lambda: None  # type: ignore[method-assign] # a disk that does not answer yet
    reads: list[int] = []
    read = world.disk.read

    def counted(*arguments: object) -> None:
        reads.append(1)
        read(*arguments)  # type: ignore[arg-type] # they are passed on

    world.disk.read = counted  # type: ignore[method-assign,assignment] # counts
    asked = Asked(world)
    for _ in range(100):
        asked.fetch(position, 3)
    world.poll()
    assert len(reads) == RANGES_AT_THE_DISK_MAX
    del world.disk.poll
    assert asked.wait(100) == [b"abc"] * 100


def test_what_is_not_durable_yet_is_missing(world: World) -> None:
    position = world.log.position_of(world.append(b"abc"))
    asked = Asked(world)
    asked.fetch(position, 3)
    world.disk.poll = lambda: None  # type: ignore[method-assign] # a disk that does not answer yet
    assert isinstance(asked.wait(1)[0], MissingError)


@pytest.mark.parametrize("position", [SEGMENT_BYTES - 1, SEGMENT_BYTES * 9, COLD, COLD + 5])
def test_what_is_not_in_one_segment_is_missing(world: World, position: int) -> None:
    for _ in range(3):
        placed(world, bytes(9000))
    asked = Asked(world)
    asked.fetch(position, 2)
    assert isinstance(asked.wait(1)[0], MissingError)


def test_a_segment_that_has_come_free_is_not_read(world: World) -> None:
    position = placed(world, bytes(9000))
    for _ in range(3):
        placed(world, bytes(9000))
    world.log.trim(4)
    world.log.set_live_bytes(world.log.segments()[0].key, 0)
    for _ in range(50):
        world.poll()
    asked = Asked(world)
    asked.fetch(position, 3)
    assert isinstance(asked.wait(1)[0], MissingError)


def test_what_was_copied_is_read_from_the_cold_stream(world: World) -> None:
    number = world.copy(b"kept")
    position = world.log.position_of(number)
    for _ in range(100):
        world.poll()
    asked = Asked(world)
    asked.fetch(position + HEADER_BYTES, 4)
    assert position >= COLD
    assert asked.wait(1) == [b"kept"]


def test_an_error_of_the_disk_is_told_and_the_next_is_read(world: World) -> None:
    position = placed(world, b"abc")
    asked = Asked(world)
    world.disk.refuse = lambda kind: errno.EIO if kind == "read" else 0
    asked.fetch(position, 3)
    (error,) = asked.wait(1)
    assert str(error) == "hot-000000000000.segment: Input/output error"
    world.disk.refuse = lambda kind: 0
    asked.fetch(position, 3)
    assert asked.wait(2)[1] == b"abc"
