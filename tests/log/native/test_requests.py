"""Each kind of request, done by a thread or, uncompiled, at once."""

import errno
import os
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from leveret.engine.buffer import Buffer
from leveret.log.native.crc32c import crc32c
from leveret.log.native.io_thread import IoThread
from tests.log.native.threads import descriptor, io_thread, wait_answers

FULL = Path("/dev/full")


@pytest.fixture
def thread() -> Iterator[IoThread]:
    with io_thread() as thread:
        yield thread


@pytest.fixture
def fd(tmp_path: Path) -> Iterator[int]:
    with descriptor(tmp_path / "file") as fd:
        yield fd


def test_a_write_puts_its_part_of_the_buffer_at_its_place(thread, fd):
    thread.write(7, fd, 3, Buffer(0, b"-abcdef-"), 1, 6)
    assert wait_answers(thread, 1) == [(7, 6, 0)]
    assert os.pread(fd, 100, 0) == b"\0\0\0abcdef"


def test_a_write_may_end_with_a_sync(thread, fd):
    thread.write(1, fd, 0, Buffer(0, b"abc"), 0, 3, sync=True)
    assert wait_answers(thread, 1) == [(1, 3, 0)]
    assert os.pread(fd, 100, 0) == b"abc"


def test_a_write_places_the_checksum_of_bytes_that_have_zeros_there(thread, fd):
    buffer = Buffer(0, bytearray(b"#head????body....#"))
    thread.write(1, fd, 0, buffer, 1, 16, crc_at=4, crc_count=12)
    wait_answers(thread, 1)
    plain = b"head\0\0\0\0body"
    expected = crc32c(Buffer(0, plain), 0, 12).to_bytes(4, "big")
    assert os.pread(fd, 100, 0) == b"head" + expected + b"body...."
    assert buffer.bytes_at(0, 18) == b"#head" + expected + b"body....#"


@pytest.mark.parametrize(("count", "zeros"), [(6, 0), (6, 1), (0, 5), (6, 65536), (0, 0)])
def test_a_write_has_zeros_behind_its_bytes_which_are_not_in_the_buffer(thread, fd, count, zeros):
    os.write(fd, b"x" * 100_000)
    buffer = Buffer(0, b"-abcdef-")
    thread.write(7, fd, 3, buffer, 1, count, zeros=zeros)
    assert wait_answers(thread, 1) == [(7, count + zeros, 0)]
    rest = b"x" * (100_000 - 3 - count - zeros)
    assert os.pread(fd, 200_000, 0) == b"xxx" + b"abcdef"[:count] + bytes(zeros) + rest


def test_zeros_are_continued_where_a_short_write_has_ended(thread, fd):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        thread.write(1, fd, 0, Buffer(0, b"a" * 600), 0, 600, zeros=900)
        thread.write(2, fd, 900, Buffer(0, b"a" * 600), 0, 600, zeros=900)
        answers = wait_answers(thread, 2)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert answers == [(1, 1000, errno.EFBIG), (2, 100, errno.EFBIG)]
    assert os.pread(fd, 2000, 0) == b"a" * 600 + bytes(300) + b"a" * 100


@pytest.mark.parametrize("zeros", [-1, 65537])
def test_more_zeros_are_a_request_of_their_own(thread, fd, zeros):
    with pytest.raises(ValueError, match="at most 65536 zeros"):
        thread.write(1, fd, 0, Buffer(1), 0, 1, zeros=zeros)


def test_a_read_fills_its_part_of_the_buffer(thread, fd):
    os.write(fd, b"abcdef")
    buffer = Buffer(8)
    thread.read(9, fd, 2, buffer, 3, 4)
    assert wait_answers(thread, 1) == [(9, 4, 0)]
    assert buffer.bytes_at(0, 8) == b"\0\0\0cdef\0"


def test_a_read_ends_where_the_file_ends(thread, fd):
    os.write(fd, b"abc")
    thread.read(1, fd, 1, Buffer(8), 0, 8)
    thread.read(2, fd, 3, Buffer(8), 0, 8)
    assert wait_answers(thread, 2) == [(1, 2, 0), (2, 0, 0)]


@pytest.mark.parametrize("count", [0, 1, 65536, 262144, 300001])
def test_zeros_are_written(thread, fd, count):
    os.write(fd, b"x" * 400_000)
    thread.zero(1, fd, 5, count)
    assert wait_answers(thread, 1) == [(1, count, 0)]
    assert os.pread(fd, 500_000, 0) == b"x" * 5 + bytes(count) + b"x" * (400_000 - 5 - count)


def test_a_sync_moves_no_bytes(thread, fd):
    thread.sync(1, fd)
    assert wait_answers(thread, 1) == [(1, 0, 0)]


def test_names_are_made_changed_taken_away_and_synced(thread, tmp_path):
    old, new = tmp_path / "old é", tmp_path / "new"
    thread.create(1, str(old))
    ((_, made, error),) = wait_answers(thread, 1)
    os.write(made, b"abc")
    assert (error, os.pread(made, 9, 0), old.stat().st_mode & 0o777) == (0, b"abc", 0o600)
    os.close(made)
    with descriptor(tmp_path, os.O_RDONLY) as directory:
        thread.rename(2, str(old), str(new))
        thread.sync_directory(3, directory)
        assert wait_answers(thread, 2) == [(2, 0, 0), (3, 0, 0)]
    assert (old.exists(), new.read_bytes()) == (False, b"abc")
    thread.unlink(4, str(new))
    assert wait_answers(thread, 1) == [(4, 0, 0)]
    assert not new.exists()


@pytest.mark.skipif(not hasattr(os, "O_TMPFILE"), reason="this system has only named files")
def test_a_file_without_a_name_is_in_no_folder(thread, tmp_path):
    thread.create_unnamed(1, str(tmp_path))
    ((_, made, error),) = wait_answers(thread, 1)
    assert (error, os.fstat(made).st_nlink, list(tmp_path.iterdir())) == (0, 0, [])
    thread.write(2, made, 0, Buffer(0, b"abc"), 0, 3)
    assert wait_answers(thread, 1) == [(2, 3, 0)]
    assert (os.pread(made, 9, 0), os.get_inheritable(made)) == (b"abc", False)
    os.close(made)


def test_a_file_without_a_name_needs_a_folder(thread, tmp_path):
    thread.create_unnamed(1, str(tmp_path / "missing"))
    assert wait_answers(thread, 1) == [(1, 0, errno.ENOENT)]


def test_a_file_is_closed_once(thread, tmp_path):
    file = os.open(tmp_path / "file", os.O_CREAT | os.O_RDWR)
    thread.close_file(1, file)
    assert wait_answers(thread, 1) == [(1, 0, 0)]
    with pytest.raises(OSError):
        os.fstat(file)
    thread.close_file(2, file)
    assert wait_answers(thread, 1) == [(2, 0, errno.EBADF)]


def test_what_is_made_passes_to_no_other_program(thread, tmp_path):
    thread.create(1, str(tmp_path / "file"))
    ((_, made, _),) = wait_answers(thread, 1)
    assert not os.get_inheritable(made)
    os.close(made)


def test_a_file_that_is_there_is_not_made(thread, tmp_path):
    (tmp_path / "file").write_bytes(b"abc")
    thread.create(1, str(tmp_path / "file"))
    assert wait_answers(thread, 1) == [(1, 0, errno.EEXIST)]
    assert (tmp_path / "file").read_bytes() == b"abc"


def test_a_name_that_is_not_there_is_an_error(thread, tmp_path):
    thread.rename(1, str(tmp_path / "none"), str(tmp_path / "new"))
    thread.unlink(2, str(tmp_path / "none"))
    assert wait_answers(thread, 2) == [(1, 0, errno.ENOENT), (2, 0, errno.ENOENT)]


def test_a_path_with_a_zero_byte_is_refused(thread):
    with pytest.raises(ValueError):
        thread.rename(1, "a\0b", "c")


def test_each_request_has_its_own_error(thread, fd, tmp_path):
    with descriptor(tmp_path / "file", os.O_RDONLY) as read_only:
        thread.write(1, read_only, 0, Buffer(4), 0, 4)
        thread.write(2, fd, 0, Buffer(4), 0, 4)
        thread.zero(3, read_only, 0, 4)
        thread.read(4, fd, 0, Buffer(4), 0, 4)
        assert wait_answers(thread, 4) == [
            *((1, 0, errno.EBADF), (2, 4, 0), (3, 0, errno.EBADF), (4, 4, 0))
        ]


@pytest.mark.skipif(not FULL.exists(), reason="no device that is full")
def test_a_full_disk_is_an_error(thread):
    with descriptor(FULL, os.O_RDWR) as full:
        thread.write(1, full, 0, Buffer(4), 0, 4, sync=True)
        assert wait_answers(thread, 1) == [(1, 0, errno.ENOSPC)]


def test_a_failed_sync_is_told_from_a_failed_write(thread):
    reading, writing = os.pipe()
    thread.sync(1, writing)
    ((_, moved, error),) = wait_answers(thread, 1)
    assert (moved, error in (errno.EINVAL, errno.ENOTSUP)) == (0, True)
    os.close(reading)
    os.close(writing)


@pytest.mark.skipif(not FULL.exists(), reason="no device that takes writes and no syncs")
def test_a_write_whose_sync_failed_has_moved_all_its_bytes(thread):
    with descriptor("/dev/null", os.O_RDWR) as null:
        thread.write(1, null, 0, Buffer(4), 0, 4, sync=True)
        assert wait_answers(thread, 1) == [(1, 4, errno.EINVAL)]


def test_a_short_write_is_continued_until_the_error(thread, fd):
    """At the limit of a file's size the system writes what fits, and refuses the rest."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        thread.write(1, fd, 0, Buffer(1500), 0, 1500)
        answers = wait_answers(thread, 1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert answers == [(1, 1000, errno.EFBIG)]
