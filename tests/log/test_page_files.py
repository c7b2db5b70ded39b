"""Pages in real files: what is written comes back, files come and go, and what a full disk does."""

import errno
import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from leveret.engine.buffer import Buffer
from leveret.engine.errors import PagesLost
from leveret.engine.index import Index
from leveret.engine.memory import Memory
from leveret.engine.pages import PagePool
from leveret.log import page_files
from leveret.log.page_files import PageFiles, open_unnamed
from leveret.log.spill_store import FREE_BYTES_MIN, RETRY_S

PAGE_BYTES = 4096
PLACES_IN_FILE = 256


class Clock:
    def __init__(self) -> None:
        self.time = 100.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def files(tmp_path: Path, clock: Clock) -> Iterator[PageFiles]:
    files = PageFiles(str(tmp_path), monotonic=clock)
    yield files
    files.close()


def page(number: int) -> Buffer:
    return Buffer(0, bytearray(number.to_bytes(8) * (PAGE_BYTES // 8)))


def read(files: PageFiles, place: object, number: int) -> int:
    buffer = Buffer(PAGE_BYTES)
    files.read(place, number, buffer)
    found = buffer.bytes_at(0, PAGE_BYTES)
    assert found == found[:8] * (PAGE_BYTES // 8)
    return int.from_bytes(found[:8])


def test_what_is_written_comes_back_from_its_own_place(files, tmp_path):
    places = [files.take() for _ in range(300)]
    assert files.file_count == 2
    for at, place in enumerate(places):
        for number in (0, 1, 63):
            assert files.write(place, number, page(at << 8 | number))
    for at, place in enumerate(places):
        assert [read(files, place, number) for number in (63, 0, 1)] == [
            at << 8 | 63,
            at << 8,
            at << 8 | 1,
        ]
    assert list(tmp_path.iterdir()) == []


def test_what_was_never_written_takes_no_room(files):
    place = [files.take() for _ in range(100)][-1]
    files.write(place, 63, page(5))
    assert os.fstat(place.file.fd).st_blocks * 512 <= 64 * 1024


def test_a_place_that_was_given_back_is_taken_again(files):
    places = [files.take() for _ in range(3)]
    files.write(places[1], 7, page(1))
    files.give_back(places[1])
    again = files.take()
    assert again == places[1]
    files.write(again, 7, page(2))
    assert read(files, again, 7) == 2


def test_a_file_that_is_empty_is_closed(files):
    places = [files.take() for _ in range(PLACES_IN_FILE + 1)]
    fds = {place.file.fd for place in places}
    assert files.file_count == 2
    for place in places:
        files.give_back(place)
    assert files.file_count == 1
    assert files.take().file is places[-1].file
    assert files.file_count == 1
    files.close()
    for fd in fds:
        with pytest.raises(OSError, match=os.strerror(errno.EBADF)):
            os.fstat(fd)


def test_pages_that_will_be_read_can_be_asked_for_anywhere(files):
    place = files.take()
    files.write(place, 60, page(3))
    for number in (0, 56, 63):
        files.expect(place, number, 16)
    assert read(files, place, 60) == 3


def test_a_disk_with_little_room_is_left_alone_and_tried_again_later(
    files, clock, monkeypatch, caplog
):
    free = FREE_BYTES_MIN - 1
    looks = []
    monkeypatch.setattr(page_files, "free_bytes", lambda folder: looks.append(folder) or free)
    with caplog.at_level(logging.INFO, "leveret.log"):
        assert [files.take() for _ in range(10)] == [None] * 10
        assert len(looks) == 1
        clock.time += RETRY_S
        assert files.take() is None
        assert caplog.text.count("queues stay in memory") == 1
        free += 1
        clock.time += RETRY_S
        place = files.take()
        assert files.write(place, 0, page(1))
    assert "queues go to files" in caplog.records[-1].getMessage()


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
def test_a_page_that_cannot_be_written_is_refused_and_so_are_others_for_a_while(
    files, clock, monkeypatch, caplog, error
):
    place = files.take()
    files.write(place, 1, page(8))
    calls = []

    def fail(*given: object) -> int:
        calls.append(given)
        raise OSError(error, os.strerror(error))

    with monkeypatch.context() as patched, caplog.at_level(logging.INFO, "leveret.log"):
        patched.setattr(os, "pwrite", fail)
        assert [files.write(place, number, page(9)) for number in range(5)] == [False] * 5
    assert len(calls) == 1
    assert os.strerror(error) in caplog.text
    assert files.take() is None
    assert read(files, place, 1) == 8
    clock.time += RETRY_S
    assert files.write(place, 0, page(9))
    assert files.take() is not None


def test_a_page_of_which_a_part_was_written_is_refused(files, monkeypatch):
    place = files.take()
    monkeypatch.setattr(os, "pwrite", lambda fd, data, offset: PAGE_BYTES - 1)
    assert not files.write(place, 0, page(9))


def test_what_cannot_be_read_is_lost(files, tmp_path, monkeypatch):
    place = files.take()
    files.write(place, 0, page(9))

    def fail(*given: object) -> int:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "preadv", fail)
    with pytest.raises(PagesLost, match=f"{tmp_path}.*Input/output error"):
        read(files, place, 0)


def test_what_has_vanished_is_lost(files):
    place = files.take()
    files.write(place, 5, page(9))
    os.truncate(place.file.fd, 5 * PAGE_BYTES + 100)
    with pytest.raises(PagesLost, match="the file is too short"):
        read(files, place, 5)


def test_when_all_is_closed_nothing_is_read_from_whatever_is_opened_next(files, tmp_path):
    place = files.take()
    files.write(place, 0, page(9))
    files.close()
    with (tmp_path / "another").open("wb+") as another:
        another.write(bytes(1 << 20))
        with pytest.raises(PagesLost):
            read(files, place, 0)


def test_where_no_file_is_without_a_name_its_name_goes_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr(page_files, "UNNAMED", 0)
    fd = open_unnamed(str(tmp_path))
    assert os.pwrite(fd, b"here", 0) == 4
    assert list(tmp_path.iterdir()) == []
    os.close(fd)


def test_a_folder_that_is_not_there_is_no_room(tmp_path, caplog):
    files = PageFiles(str(tmp_path / "nowhere"))
    with caplog.at_level(logging.INFO, "leveret.log"):
        assert files.take() is None
    assert "No such file" in caplog.text


@pytest.mark.parametrize("queues", [1, 5])
def test_long_queues_come_back_from_files_in_order(files, queues):
    pool = PagePool(Memory())
    pool.fold_above = 8
    pool.fold_into(lambda: files)
    indexes = [Index(pool) for _ in range(queues)]
    count = 150 * 512 // queues
    for position in range(count):
        for number, index in enumerate(indexes):
            index.append(position << 8 | number)
    assert pool.in_use <= max(8, 4 * queues)
    for number, index in enumerate(indexes):
        for position in range(count):
            assert index.seek_ready()
            assert index.cursor_entry() == 1 << 56 | position << 8 | number
            index.take_away()
        assert not index.seek_ready()
    assert (pool.in_use, files.file_count) == (0, 1)
