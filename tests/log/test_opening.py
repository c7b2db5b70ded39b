import errno
import logging

import pytest

from leveret.log.disk_log import State
from leveret.log.port import HEADER_BYTES, CorruptionError
from leveret.testing.disk import SimulatedDisk
from tests.log.world import World, disk_of

FIRST = "hot-000000000000.segment"


def written(*texts: bytes) -> World:
    world = World(disk_of(1))
    world.claim()
    for text in texts:
        world.append_durably(text)
    return world


def offset_of(index: int, *texts: bytes) -> int:
    """Where the batch with texts[index] begins, behind the claim."""
    return HEADER_BYTES + sum(HEADER_BYTES + len(text) for text in texts[:index])


def test_a_new_directory_is_an_empty_log() -> None:
    world = World(disk_of(1))
    assert (world.log.last_epoch, world.log.first_number, world.log.is_clean) == (0, 1, True)
    assert world.read(1) == []


def test_a_stop_in_order_is_told_from_a_crash() -> None:
    world = written(b"x")
    assert not World(world.crash()).log.is_clean
    world.stop()
    assert World(world.crash()).log.is_clean


def test_a_torn_batch_is_cut_with_a_line_that_says_how_much(
    caplog: pytest.LogCaptureFixture,
) -> None:
    disk = written(b"kept", b"torn").crash()
    offset = offset_of(1, b"kept", b"torn")
    disk.flip(FIRST, offset + HEADER_BYTES + 2, 0)
    with caplog.at_level(logging.WARNING, "leveret.log"):
        world = World(disk)
    assert caplog.messages == [
        f"{FIRST}, offset {offset}: cut 52 bytes of a batch that was not wholly written"
    ]
    assert [data for _, _, data in world.read(2)] == [b"kept"]


def test_a_batch_that_a_seal_has_vouched_for_is_corrupt_if_it_is_bad() -> None:
    world = written(b"sealed")
    for _ in range(20):
        world.poll(20)
    disk = world.crash()
    disk.flip(FIRST, offset_of(0) + HEADER_BYTES, 0)
    with pytest.raises(CorruptionError, match=f"{FIRST}, offset 48: batch 2 is damaged") as raised:
        World(disk)
    assert str(raised.value).endswith("`leveret log repair --data-dir .` sets the bad part aside")
    assert (raised.value.file, raised.value.offset) == (FIRST, HEADER_BYTES)


def test_a_batch_before_another_good_one_is_corrupt_if_it_is_bad() -> None:
    disk = written(b"bad", b"good").crash()
    disk.flip(FIRST, 0, 0)
    with pytest.raises(CorruptionError, match=f"{FIRST}, offset 0: "):
        World(disk)


def test_a_segment_that_is_gone_is_noticed() -> None:
    world = World(disk_of(1), segment_bytes=1 << 14)
    world.claim()
    for _ in range(10):
        world.append_durably(bytes(9000))
    disk = world.crash()
    del disk.files["hot-000000000003.segment"]
    with pytest.raises(CorruptionError, match=r"hot-000000000002\.segment, offset 9048: batch 5"):
        World(disk, segment_bytes=1 << 14).read(1)


def test_a_log_that_ends_before_where_it_would_be_read_from_is_refused() -> None:
    world = written(b"a", b"b")
    world.log.trim(3)
    for _ in range(20):
        world.poll()
    disk = world.crash()
    disk.files[FIRST].content[:] = bytes(len(disk.files[FIRST].content))
    with pytest.raises(CorruptionError, match="the log ends before batch 3"):
        World(disk)


@pytest.mark.parametrize("error", [errno.EIO, errno.ENOSPC])
def test_a_sync_that_fails_is_final(error: int) -> None:
    world = written(b"x")
    world.disk.refuse = lambda kind: error if kind == "sync" else 0
    number = world.append(b"y")
    for _ in range(100):
        world.poll(100)
    assert world.log.state is State.FAILED
    assert world.owner.durable == number - 1
    assert len(world.owner.events) == 1
    assert world.owner.events[0].startswith("failed: hot-000000000000.segment: ")


def test_a_write_for_which_there_is_no_space_waits_for_some() -> None:
    world = written(b"x")
    world.disk.refuse = lambda kind: errno.ENOSPC if kind == "write" else 0
    number = world.append(b"y")
    for _ in range(100):
        world.poll(100)
    assert (world.owner.events, world.owner.durable) == (["full"], number - 1)
    world.disk.refuse = lambda kind: 0
    for _ in range(20):
        world.poll(500)
    assert world.owner.events == ["full", "room"]
    assert world.fetch(number) == [b"y"]


def test_below_the_limit_of_free_space_the_log_is_full_but_goes_on() -> None:
    disk = SimulatedDisk(disk_of(1).dice, capacity=1 << 20)
    world = World(disk, disk_free_limit=1 << 19)
    world.claim()
    disk.write_whole("something else", bytes(1 << 19))
    world.poll(2000)
    assert world.owner.events == ["full"]
    world.append_durably(b"still")
    del disk.files["something else"]
    world.poll(2000)
    assert world.owner.events == ["full", "room"]
