"""What tests/log/test_contract.py does not say of every log: copies, seals, states."""

from __future__ import annotations

import pytest

from leveret.engine.buffer import Buffer
from leveret.engine.errors import InvariantError
from leveret.log.disk_log import COPY_BYTES_MAX, COPY_STEP_MS, SEAL_AFTER_MS, State
from leveret.log.port import HEADER_BYTES, Kind
from tests.log.world import OWNER, World, disk_of


@pytest.fixture
def world() -> World:
    made = World(disk_of(1))
    made.claim()
    return made


def kinds(world: World) -> list[Kind]:
    return [kind for _, kind, _ in world.read(1)]


def wait(world: World, ms: int) -> None:
    for _ in range(ms):
        world.poll()


def test_who_is_not_the_owner_of_the_directory_is_fenced() -> None:
    world = World(disk_of(1))
    world.log.claim(OWNER + 1, 1)
    world.poll()
    assert (world.owner.events, world.log.state) == (["fenced"], State.FENCED)


def test_what_was_appended_is_sealed_once_after_a_pause(world: World) -> None:
    world.append_durably(b"x")
    wait(world, SEAL_AFTER_MS - 20)
    assert kinds(world) == [Kind.CLAIM, Kind.RECORDS]
    wait(world, 10 * SEAL_AFTER_MS)
    assert kinds(world) == [Kind.CLAIM, Kind.RECORDS, Kind.SEAL]


def test_a_number_that_is_reserved_is_not_taken_by_a_seal(world: World) -> None:
    world.append_durably(b"x")
    number = world.log.reserve()
    wait(world, 3 * SEAL_AFTER_MS)
    assert world.append_durably(b"y") == number


def test_a_deadline_is_when_there_is_something_to_do(world: World) -> None:
    world.append_durably(b"x")
    deadline = world.log.deadline()
    assert deadline is not None
    assert deadline <= world.tick + SEAL_AFTER_MS
    world.stop()
    assert world.log.deadline() is None


def test_copies_are_paced_and_read_like_others(world: World) -> None:
    assert world.log.copy_ready
    number = world.copy(b"lives on")
    while world.log.cold.outstanding is not None:
        world.poll()
    assert world.owner.cold_durable == number
    assert not world.log.copy_ready
    wait(world, COPY_STEP_MS)
    assert world.log.copy_ready
    assert [data for _, _, data in world.read(number)] == [b"lives on"]


def test_what_was_copied_frees_its_segment() -> None:
    world = World(disk_of(1), segment_bytes=1 << 14)
    world.claim()
    for _ in range(6):
        world.append_durably(bytes(7000))
    key = world.log.segment_of(2)
    assert key == 0
    world.copy(b"lives on", (key,))
    world.log.trim(4)
    wait(world, 50)
    assert world.log.segment_of(2) is None


def test_too_much_is_not_copied_at_once(world: World) -> None:
    buffer = Buffer(HEADER_BYTES + COPY_BYTES_MAX + 1)
    with pytest.raises(InvariantError):
        world.log.copy(buffer, 0, COPY_BYTES_MAX + 1, 1)


def test_a_position_is_told_of_what_is_outstanding_alone(world: World) -> None:
    number = world.append_durably(b"x")
    with pytest.raises(InvariantError, match=f"batch {number} is not outstanding"):
        world.log.position_of(number)


def test_a_stop_waits_for_what_is_outstanding_and_seals(world: World) -> None:
    number = world.append(b"x")
    world.stop()
    assert world.owner.durable > number
    again = World(world.disk.crash())
    assert again.log.is_clean
    assert kinds(again) == [Kind.CLAIM, Kind.RECORDS, Kind.SEAL]


def test_a_log_that_has_stopped_takes_nothing_more(world: World) -> None:
    world.stop()
    assert not world.log.ready
    with pytest.raises(InvariantError):
        world.append(b"x")
    with pytest.raises(InvariantError, match="a log that is stopped becomes owned"):
        world.log.claim(OWNER, 99)
