"""What a read has left unfinished, and the memory that it takes."""

import pytest

from leveret.engine.buffer import Buffer
from leveret.engine.memory import Memory
from leveret.engine.rest import Rest

LEAST = 512


def kept(rest: Rest) -> bytes:
    return rest.buffer.bytes_at(0, rest.count) if rest.buffer else b""


def test_nothing_is_kept_in_no_memory():
    memory = Memory()
    rest = Rest(memory)
    rest.keep(Buffer(10), 3, 0)
    assert (rest.buffer, rest.count, memory.in_use) == (None, 0, 0)


@pytest.mark.parametrize(("count", "size"), [(1, LEAST), (LEAST, LEAST), (LEAST + 1, LEAST + 1)])
def test_what_is_kept_takes_its_own_size(count, size):
    memory = Memory()
    rest = Rest(memory)
    data = bytes(range(256)) * 4
    rest.keep(Buffer(0, data), 7, count)
    assert (kept(rest), memory.in_use) == (data[7 : 7 + count], size)
    rest.drop()
    assert (kept(rest), memory.in_use) == (b"", 0)


def test_part_of_what_is_kept_may_be_kept():
    rest = Rest(Memory())
    rest.keep(Buffer(0, bytes(range(100))), 0, 100)
    rest.keep(rest.buffer, 10, 90)
    assert kept(rest) == bytes(range(10, 100))
    rest.keep(rest.buffer, 90, 0)
    assert rest.buffer is None


def test_memory_that_suffices_is_used_again():
    rest = Rest(Memory())
    rest.keep(Buffer(5000), 0, 5000)
    buffer = rest.buffer
    rest.keep(Buffer(0, b"abc"), 0, 3)
    assert (kept(rest), rest.buffer) == (b"abc", buffer)


@pytest.mark.parametrize(("count", "size"), [(2500, 2500), (2501, 5000), (1, LEAST)])
def test_where_memory_is_tight_none_is_wasted(count, size):
    memory = Memory(limit=8000)
    rest = Rest(memory)
    rest.keep(Buffer(5000), 0, 5000)
    rest.keep(rest.buffer, 0, count)
    assert (rest.buffer.size, memory.in_use) == (size, size)
    rest.keep(rest.buffer, 0, 1)
    assert rest.count == 1
