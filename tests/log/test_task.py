from __future__ import annotations

import errno
from functools import partial

import pytest

from leveret.engine.buffer import Buffer
from leveret.log.port import LogError
from leveret.log.task import DiskError, Task, moved, run, start
from leveret.testing.disk import SimulatedDisk
from tests.log.world import disk_of


def copy(disk: SimulatedDisk) -> Task[int]:
    """Two requests, of which the second needs the answer of the first."""
    source, target = disk.open("source"), disk.open("target")
    buffer = Buffer(10)
    count = yield from moved(partial(disk.read, source, 0, buffer, 0, 10))
    return (yield from moved(partial(disk.write, target, 0, buffer, 0, count)))


@pytest.fixture
def disk() -> SimulatedDisk:
    made = disk_of(1)
    made.write_whole("source", b"hello")
    made.write_whole("target", b"")
    return made


def test_a_tool_waits_for_a_task(disk: SimulatedDisk) -> None:
    assert run(disk, copy(disk)) == 5
    assert disk.read_whole("target") == b"hello"


def test_a_log_goes_on_with_a_task_as_the_disk_answers(disk: SimulatedDisk) -> None:
    ends: list[int | LogError] = []
    start(copy(disk), ends.append, ends.append)
    assert ends == []
    while not ends:
        disk.poll()
    assert ends == [5]


def test_a_task_that_needs_no_disk_is_done_at_once() -> None:
    def at_once() -> Task[int]:
        yield from ()
        return 7

    ends: list[int | LogError] = []
    start(at_once(), ends.append, ends.append)
    assert (ends, run(disk_of(1), at_once())) == ([7], 7)


def test_what_the_disk_refuses_ends_a_task(disk: SimulatedDisk) -> None:
    disk.refuse = lambda kind: errno.EIO if kind == "write" else 0
    with pytest.raises(DiskError, match="the log's disk: Input/output error") as raised:
        run(disk, copy(disk))
    assert raised.value.error == errno.EIO
    ends: list[int | LogError] = []
    start(copy(disk), ends.append, ends.append)
    while not ends:
        disk.poll()
    assert isinstance(ends[0], DiskError)
