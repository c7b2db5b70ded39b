import os
import signal
import subprocess
import sys
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest

from leveret.engine.buffer import COMPILED, Buffer
from leveret.log.native.io_thread import IoThread, RingFullError
from tests.log.native.threads import descriptor, io_thread, wait_answers

ROOM = 255


@pytest.fixture
def thread() -> Iterator[IoThread]:
    with io_thread() as thread:
        yield thread


@pytest.fixture
def fd(tmp_path: Path) -> Iterator[int]:
    with descriptor(tmp_path / "file") as fd:
        yield fd


class Owner(bytearray):
    """Can be watched while it lives."""


def test_answers_come_in_the_order_of_the_requests(thread, fd):
    for number in (5, 3, 9, 3):
        thread.write(number, fd, 0, Buffer(number), 0, number)
    assert wait_answers(thread, 4) == [(5, 5, 0), (3, 3, 0), (9, 9, 0), (3, 3, 0)]


def test_requests_are_done_one_after_the_other(thread, fd):
    target = Buffer(3)
    for byte in b"abc":
        thread.write(0, fd, 0, Buffer(0, bytes([byte])), 0, 1)
        thread.read(0, fd, 0, target, byte - ord("a"), 1)
    wait_answers(thread, 6)
    assert target.bytes_at(0, 3) == b"abc"


def test_answers_are_taken_once(thread, fd):
    assert thread.completions() == []
    thread.sync(1, fd)
    wait_answers(thread, 1)
    assert thread.completions() == []


def test_it_takes_requests_until_the_ring_is_full(thread, fd):
    assert thread.room() == ROOM
    for number in range(ROOM):
        thread.write(number, fd, number, Buffer(1), 0, 1)
    assert thread.room() == 0
    with pytest.raises(RingFullError, match="255 requests"):
        thread.sync(999, fd)
    assert [answer[0] for answer in wait_answers(thread, ROOM)] == list(range(ROOM))
    assert thread.room() == ROOM


def test_the_ring_goes_round(thread, fd):
    for turn in range(9):
        for number in range(100):
            thread.write(number, fd, 0, Buffer(turn + 1), 0, turn + 1)
        assert wait_answers(thread, 100) == [(number, turn + 1, 0) for number in range(100)]


def test_a_number_is_any_int(thread, fd):
    thread.sync(2**80, fd)
    assert wait_answers(thread, 1) == [(2**80, 0, 0)]


def test_a_buffer_lives_until_its_request_is_answered_and_no_longer(thread, fd):
    owner = Owner(b"abc")
    alive = weakref.ref(owner)
    thread.write(1, fd, 0, Buffer(0, owner), 0, 3)
    del owner
    assert alive() is not None
    wait_answers(thread, 1)
    assert alive() is None
    assert os.pread(fd, 9, 0) == b"abc"


@pytest.mark.parametrize(("offset", "count"), [(-1, 1), (0, 9), (8, 1), (0, -1), (2**62, 2**62)])
def test_bytes_outside_the_buffer_are_refused(thread, fd, offset, count):
    with pytest.raises(IndexError):
        thread.write(1, fd, 0, Buffer(8), offset, count)
    with pytest.raises(IndexError):
        thread.read(1, fd, 0, Buffer(8), offset, count)
    assert thread.room() == ROOM


def test_nothing_is_read_into_bytes_and_no_checksum_placed_in_them(thread, fd):
    with pytest.raises(IndexError):
        thread.read(1, fd, 0, Buffer(0, b"12345678"), 0, 8)
    with pytest.raises(IndexError):
        thread.write(1, fd, 0, Buffer(0, b"12345678"), 0, 8, crc_at=0, crc_count=8)


@pytest.mark.parametrize(("crc_at", "crc_count"), [(5, 8), (-1, 8), (0, 9), (0, 3), (0, -1)])
def test_a_checksum_is_within_what_it_is_of(thread, fd, crc_at, crc_count):
    with pytest.raises(ValueError):
        thread.write(1, fd, 0, Buffer(8), 0, 8, crc_at=crc_at, crc_count=crc_count)


def test_closing_waits_for_what_was_submitted(fd):
    thread = IoThread()
    for number in range(100):
        thread.write(number, fd, number, Buffer(0, b"x"), 0, 1, sync=number == 99)
    thread.close()
    assert os.pread(fd, 200, 0) == b"x" * 100
    assert [answer[0] for answer in thread.completions()] == list(range(100))


def test_a_closed_thread_takes_no_requests(fd):
    thread = IoThread()
    thread.close()
    thread.close()
    with pytest.raises(ValueError, match="closed"):
        thread.sync(1, fd)


def test_an_io_thread_is_made_once(thread):
    with pytest.raises(TypeError):
        thread.__init__()


def test_an_io_thread_that_is_forgotten_ends(tmp_path):
    def use() -> int:
        thread = IoThread()
        with descriptor(tmp_path / "file") as fd:
            for number in range(50):
                thread.write(number, fd, number, Buffer(0, b"x"), 0, 1)
            descriptors = thread.fileno()
            if not COMPILED:
                thread.close()
            del thread
        return descriptors

    descriptors = use()
    assert (tmp_path / "file").read_bytes() == b"x" * 50
    with pytest.raises(OSError):
        os.fstat(descriptors)


@pytest.mark.skipif(not COMPILED, reason="uncompiled there is no thread")
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_there_is_one_thread_while_it_is_open_and_it_is_not_pythons():
    def tasks() -> int:
        return len(os.listdir("/proc/self/task"))

    before, of_python = tasks(), threading.active_count()
    with io_thread():
        assert (tasks(), threading.active_count()) == (before + 1, of_python)
    assert tasks() == before


FORK = """
import os, sys
from leveret.log.native.io_thread import IoThread
thread = IoThread()
if os.fork() == 0:
    thread.close()
    os._exit(7)
thread.close()
print(os.waitstatus_to_exitcode(os.wait()[1]))
"""


def test_after_a_fork_the_child_waits_for_nobody():
    run = subprocess.run([sys.executable, "-c", FORK], capture_output=True, text=True, timeout=30)
    assert (run.stdout, run.stderr) == ("7\n", "")


SIGNALS = """
import os
from leveret.log.native.io_thread import IoThread
thread = IoThread()
(other,) = set(os.listdir("/proc/self/task")) - {str(os.getpid())}
lines = open(f"/proc/self/task/{other}/status").read().splitlines()
print(*[line.split()[1] for line in lines if line.startswith("SigBlk:")])
thread.close()
"""


@pytest.mark.skipif(not COMPILED, reason="uncompiled there is no thread")
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_the_thread_takes_no_signals():
    run = subprocess.run([sys.executable, "-c", SIGNALS], capture_output=True, text=True)
    blocked = int(run.stdout, 16)
    assert all(blocked >> (number - 1) & 1 for number in (signal.SIGTERM, signal.SIGINT))
