from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from leveret.engine.buffer import Buffer
from leveret.log.disk import Done, LocalDisk, LockedError


class Answers:
    """Each request's answer, waited for."""

    def __init__(self, disk: LocalDisk) -> None:
        self.disk = disk
        self.given: list[tuple[int, int]] = []

    def done(self, result: int, error: int) -> None:
        self.given.append((result, error))

    def wait(self) -> tuple[int, int]:
        while not self.given:
            self.disk.wait()
        return self.given.pop()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[LocalDisk]:
    made = LocalDisk(tmp_path / "a" / "b")
    yield made
    made.close()


def test_a_directory_is_made_for_its_owner_alone(disk: LocalDisk) -> None:
    assert os.stat(disk.path("")).st_mode & 0o777 == 0o700
    assert disk.names() == []
    assert disk.free_bytes() > 0


def test_what_was_written_is_read(disk: LocalDisk) -> None:
    answers = Answers(disk)
    disk.create("file", answers.done)
    file, error = answers.wait()
    assert error == 0
    data = Buffer(0, b"hello")
    disk.write(file, 2, data, 1, 4, answers.done, zeros=3, sync=True)
    assert answers.wait() == (7, 0)
    assert disk.read_whole("file") == b"\0\0ello\0\0\0"
    assert disk.size(file) == 9
    into = Buffer(10)
    disk.read(file, 3, into, 0, 3, answers.done)
    assert answers.wait() == (3, 0)
    assert into.bytes_at(0, 3) == b"llo"
    disk.zero(file, 0, 4, answers.done)
    disk.sync(file, answers.done)
    disk.sync_names(answers.done)
    while len(answers.given) < 3:
        disk.wait()
    assert disk.read_whole("file") == b"\0\0\0\0lo\0\0\0"
    disk.close_file(file)


def test_names_change(disk: LocalDisk) -> None:
    answers = Answers(disk)
    disk.write_whole("old", b"x")
    assert os.stat(disk.path("old")).st_mode & 0o777 == 0o600
    assert disk.names() == ["old"]
    disk.rename("old", "new", answers.done)
    assert answers.wait() == (0, 0)
    assert disk.size(disk.open("new")) == 1
    disk.remove("new", answers.done)
    assert answers.wait() == (0, 0)
    assert disk.names() == []


@pytest.mark.parametrize("request_it", [LocalDisk.create, LocalDisk.remove])
def test_what_cannot_be_done_is_answered_with_its_error(disk: LocalDisk, request_it) -> None:
    answers = Answers(disk)
    os.mkdir(disk.path("name"))
    request_it(disk, "name", answers.done)
    assert answers.wait()[1] in (errno.EEXIST, errno.EISDIR, errno.EPERM)


def test_answers_behind_one_whose_call_has_raised_are_kept(disk: LocalDisk) -> None:
    answers = Answers(disk)

    def fail(result: int, error: int) -> None:
        raise ValueError

    calls: list[Done] = [fail, answers.done]
    for call in calls:
        disk.sync_names(call)
    with pytest.raises(ValueError):
        for _ in range(100):
            disk.wait()
    if not answers.given:
        disk.poll()
    while not answers.given:
        disk.wait()
    assert answers.given == [(0, 0)]


def test_who_only_reads_makes_and_changes_nothing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        LocalDisk(tmp_path / "nothing", read_only=True)
    (tmp_path / "file").write_bytes(b"x")
    disk, answers = LocalDisk(tmp_path, read_only=True), None
    answers = Answers(disk)
    disk.write(disk.open("file"), 0, Buffer(1), 0, 1, answers.done)
    assert answers.wait()[1] == errno.EBADF
    disk.close()


@pytest.mark.parametrize("read_only", [False, True])
def test_a_lock_is_held_until_the_disk_is_closed(tmp_path: Path, read_only: bool) -> None:
    first, second = (LocalDisk(tmp_path, read_only=read_only) for _ in range(2))
    first.lock("lock")
    with pytest.raises(LockedError, match=f"is in use by process {os.getpid()}$"):
        second.lock("lock")
    first.close()
    second.lock("lock")
    second.close()


def test_a_holder_that_could_not_say_who_it_is_is_another_process(tmp_path: Path) -> None:
    first, second = LocalDisk(tmp_path), LocalDisk(tmp_path)
    first.lock("lock")
    (tmp_path / "lock").write_bytes(b"")
    with pytest.raises(LockedError, match=r"is in use by another process$"):
        second.lock("lock")
    first.close()
    second.close()
