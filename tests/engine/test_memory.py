"""Memory: what is counted, when it is full, what its pools keep."""

import pytest

from leveret.engine.errors import InvariantError
from leveret.engine.memory import Memory

SMALL, LARGE = 128 * 1024, 608 * 1024
MAPPED_MIN = 64 * 1024
MIB = 1 << 20


def test_what_is_taken_is_in_use_until_it_is_given_back():
    memory = Memory(1000)
    memory.take(300)
    memory.take(200)
    memory.give(100)
    assert (memory.in_use, memory.full) == (400, False)


def test_more_cannot_be_given_back_than_was_taken():
    memory = Memory()
    memory.take(5)
    with pytest.raises(InvariantError, match="more memory was given back"):
        memory.give(6)


def test_memory_is_full_with_the_byte_that_reaches_the_limit():
    memory = Memory(1000)
    memory.take(999)
    assert not memory.full
    memory.take(1)
    assert memory.full


def test_it_stays_full_until_an_eighth_is_free_and_somebody_asks():
    memory = Memory(1000)
    memory.take(1000)
    memory.give(125)
    assert (memory.relax(), memory.full) == (True, True)
    memory.give(1)
    assert memory.full
    assert (memory.relax(), memory.full) == (False, False)


def test_what_the_system_sees_and_nobody_counted_is_in_use():
    memory = Memory(1000)
    memory.take(100)
    memory.resident(600)
    assert (memory.in_use, memory.uncounted) == (600, 500)
    memory.take(50)
    assert memory.in_use == 650
    memory.resident(100)
    assert (memory.in_use, memory.uncounted) == (150, 0)


def test_memory_is_full_also_where_only_the_system_sees_it():
    memory = Memory(1000)
    memory.take(250)
    memory.resident(1000)
    assert memory.full


def test_what_nobody_counted_never_fills_it_alone():
    memory = Memory(1000)
    memory.resident(5000)
    assert (memory.in_use, memory.full) == (750, False)


def test_without_a_limit_it_is_never_full():
    memory = Memory()
    memory.take(1 << 60)
    assert (memory.full, memory.is_tight()) == (False, False)


def test_a_buffer_has_its_size_and_counts_until_it_is_dropped():
    memory = Memory()
    buffer = memory.buffer(10)
    assert (buffer.size, memory.in_use) == (10, 10)
    memory.drop(buffer)
    assert memory.in_use == 0


@pytest.mark.parametrize(("size", "asked"), [(MAPPED_MIN - 1, []), (MAPPED_MIN, [MAPPED_MIN])])
def test_large_buffers_come_from_whoever_allocates(size, asked):
    sizes = []

    def allocate(size):
        sizes.append(size)
        return bytearray(size)

    buffer = Memory(allocate=allocate).buffer(size)
    assert (sizes, buffer.size, buffer.writable) == (asked, size, True)


@pytest.mark.parametrize(
    ("needed", "size"),
    [(0, SMALL), (SMALL, SMALL), (SMALL + 1, LARGE), (LARGE, LARGE), (LARGE + 1, LARGE + 1)],
)
def test_what_is_borrowed_has_one_of_two_sizes_or_is_made_to_measure(needed, size):
    assert Memory().borrow(needed).size == size


def test_what_was_given_back_is_lent_again():
    memory = Memory()
    small, large = memory.borrow(1), memory.borrow(SMALL + 1)
    memory.give_back(small)
    memory.give_back(large)
    assert (memory.borrow(SMALL), memory.borrow(LARGE)) == (small, large)
    assert memory.in_use == SMALL + LARGE


def test_the_pools_keep_some_of_each_size_and_nothing_made_to_measure():
    memory = Memory()
    sizes = (1,) * 40 + (LARGE,) * 20 + (LARGE + 1,)
    for buffer in [memory.borrow(size) for size in sizes]:
        memory.give_back(buffer)
    assert (len(memory.spare_small), len(memory.spare_large)) == (32, 16)
    assert memory.in_use == 32 * SMALL + 16 * LARGE
    memory.drop_spare()
    assert (memory.spare_small, memory.spare_large, memory.in_use) == ([], [], 0)


def test_nothing_is_kept_where_half_of_the_memory_is_in_use():
    memory = Memory(2 * MIB)
    one, other = memory.borrow(1), memory.borrow(1)
    memory.take(MIB - 2 * SMALL)
    memory.give_back(one)
    assert memory.spare_small == []
    memory.give_back(other)
    assert memory.spare_small == [other]


def test_memory_that_is_held_is_full_until_it_is_let_go():
    memory = Memory(1000)
    memory.hold()
    assert (memory.full, memory.relax()) == (True, True)
    memory.let_go()
    assert (memory.full, memory.relax(), memory.full) == (True, False, False)
