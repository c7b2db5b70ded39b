"""The process' own memory."""

import sys

import pytest

from leveret.server.resident import map_memory, resident_bytes, trim

MIB = 1 << 20
linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


@linux
def test_memory_that_is_mapped_is_resident_while_it_is_used():
    before = resident_bytes()
    memory = map_memory(64 * MIB)
    memory[:] = bytes(1) * len(memory)
    assert resident_bytes() > before + 48 * MIB
    del memory
    assert resident_bytes() < before + 16 * MIB


def test_what_is_mapped_is_zeros_of_that_size():
    memory = map_memory(4096)
    assert bytes(memory) == bytes(4096)


def test_where_the_system_does_not_say_it_is_nothing(tmp_path):
    assert resident_bytes(str(tmp_path / "statm")) == 0


def test_the_c_library_may_be_asked_to_give_memory_back():
    trim()
