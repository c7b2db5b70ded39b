"""Buffer's contract: the inlined C accessors and their twins in Python mean the same."""

import gc
import mmap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leveret.engine import probe
from leveret.engine.buffer import Buffer

SIZE = 24
WIDTHS = [1, 2, 4, 8]
FAR = [SIZE + 1, 2**31, 2**61, 2**62, 2**63 - 9, 2**63 - 1, -1, -8, -SIZE, -(2**61), -(2**63)]
NUMBERS = st.integers(0, 2**64 - 1)
SSIZE = st.one_of(st.integers(-3, SIZE + 3), st.integers(-(2**63), 2**63 - 1))


def filled() -> Buffer:
    return Buffer(0, bytearray(range(SIZE)))


def content(buffer: Buffer) -> bytes:
    return bytes(buffer.memory())


def test_a_buffer_of_its_own_is_zeros():
    buffer = Buffer(SIZE)
    assert (buffer.size, buffer.writable, content(buffer)) == (SIZE, True, bytes(SIZE))


def test_a_buffer_without_bytes_has_nothing_to_read_or_write():
    buffer = Buffer(0)
    assert (buffer.size, buffer.bytes_at(0, 0)) == (0, b"")
    probe.fill(buffer, 0, b"")
    with pytest.raises(IndexError):
        probe.read_number(buffer, 0, 1)


def test_a_buffer_is_made_once():
    buffer = Buffer(8)
    with pytest.raises(TypeError):
        buffer.__init__(16)
    assert buffer.size == 8


@pytest.mark.parametrize(("size", "owner"), [(-1, None), (0, 7), (0, "text")])
def test_what_has_no_bytes_makes_no_buffer(size, owner):
    with pytest.raises((ValueError, TypeError)):
        Buffer(size, owner)


@pytest.mark.parametrize("owner", [bytearray(8), mmap.mmap(-1, 8)])
def test_what_is_written_is_the_owners(owner):
    buffer = Buffer(0, owner)
    probe.write_number(buffer, 2, 0xABCD, 2)
    assert buffer.owner is owner
    assert bytes(owner[:]) == b"\0\0\xab\xcd\0\0\0\0"


def test_the_owner_keeps_its_size_while_the_buffer_lives():
    owner = bytearray(8)
    buffer = Buffer(0, owner)
    with pytest.raises(BufferError):
        owner.append(1)
    del buffer
    owner.append(1)


def test_a_buffer_in_a_cycle_is_given_back_in_silence(capsys):
    cycle: list[object] = [Buffer(8), Buffer(0, b"12345678")]
    cycle.append(cycle)
    del cycle
    gc.collect()
    assert capsys.readouterr().err == ""


def test_memory_is_the_buffer_itself():
    buffer = Buffer(4)
    memory = buffer.memory()
    memory[1:3] = b"ab"
    assert buffer.bytes_at(0, 4) == b"\0ab\0"


@pytest.mark.parametrize(
    ("width", "value"), [(1, 0x08), (2, 0x0809), (4, 0x08090A0B), (8, 0x08090A0B0C0D0E0F)]
)
def test_numbers_are_big_endian(width, value):
    buffer = filled()
    assert probe.read_number(buffer, 8, width) == value
    empty = Buffer(SIZE)
    probe.write_number(empty, 3, value, width)
    assert content(empty) == bytes(3) + value.to_bytes(width, "big") + bytes(SIZE - 3 - width)


@pytest.mark.parametrize("width", WIDTHS)
def test_numbers_are_unsigned(width):
    largest = 2 ** (8 * width) - 1
    buffer = Buffer(SIZE)
    probe.write_number(buffer, 1, largest, width)
    assert probe.read_number(buffer, 1, width) == largest
    assert content(buffer) == b"\0" + b"\xff" * width + bytes(SIZE - 1 - width)


@pytest.mark.parametrize("offset", [0, SIZE - 1])
def test_a_prefetch_changes_nothing(offset):
    buffer = filled()
    probe.prefetch(buffer, offset)
    assert content(buffer) == bytes(range(SIZE))


@pytest.mark.parametrize("offset", [SIZE, *FAR])
def test_a_prefetch_outside_is_refused(offset):
    with pytest.raises(IndexError):
        probe.prefetch(filled(), offset)


@given(NUMBERS, st.sampled_from(WIDTHS), st.integers(0, SIZE - 8))
def test_a_number_is_cut_to_its_width(value, width, offset):
    buffer = Buffer(SIZE)
    probe.write_number(buffer, offset, value, width)
    assert probe.read_number(buffer, offset, width) == value % 2 ** (8 * width)


@given(NUMBERS, st.integers(0, SIZE // 8 - 1))
def test_a_slot_keeps_its_number_and_disturbs_no_other(value, index):
    buffer = Buffer(SIZE)
    probe.write_slot(buffer, index, value)
    assert [probe.read_slot(buffer, n) for n in range(SIZE // 8)] == [
        value if n == index else 0 for n in range(SIZE // 8)
    ]


@pytest.mark.parametrize("width", WIDTHS)
def test_a_number_is_within_the_buffer_to_its_last_byte(width):
    buffer = filled()
    last = SIZE - width
    probe.write_number(buffer, last, probe.read_number(buffer, last, width), width)
    assert content(buffer) == bytes(range(SIZE))
    for offset in [last + 1, SIZE, *FAR]:
        with pytest.raises(IndexError):
            probe.read_number(buffer, offset, width)
        with pytest.raises(IndexError):
            probe.write_number(buffer, offset, 1, width)
    assert content(buffer) == bytes(range(SIZE))


@pytest.mark.parametrize("size", [SIZE, SIZE + 7])
def test_a_slot_is_whole_or_not_there(size):
    buffer = Buffer(size)
    probe.write_slot(buffer, 2, 1)
    # 2**61 slots further is the same byte in 64 bits.
    for index in [3, 2**60, 2**61, 2**61 + 2, 2**62, 2**63 - 1, -1, -3, -(2**61), -(2**63)]:
        with pytest.raises(IndexError):
            probe.read_slot(buffer, index)
        with pytest.raises(IndexError):
            probe.write_slot(buffer, index, 1)


def stretch_is_within(offset: int, count: int, size: int = SIZE) -> bool:
    return offset >= 0 and count >= 0 and offset + count <= size


def outcome(action, *arguments):
    """What it returns, or IndexError."""
    try:
        return action(*arguments)
    except IndexError:
        return IndexError


@given(SSIZE, SSIZE)
def test_bytes_are_taken_out_of_the_buffer_alone(offset, count):
    expected = (
        bytes(range(SIZE))[offset : offset + count]
        if stretch_is_within(offset, count)
        else IndexError
    )
    assert outcome(filled().bytes_at, offset, count) == expected


@given(SSIZE, SSIZE, SSIZE)
def test_a_copy_is_within_both_buffers_or_does_nothing(offset, start, count):
    target, source = Buffer(SIZE), filled()
    expected = bytearray(SIZE)
    within = stretch_is_within(offset, count) and stretch_is_within(start, count)
    if within:
        expected[offset : offset + count] = range(start, start + count)
    assert outcome(probe.copy, target, offset, source, start, count) == (
        None if within else IndexError
    )
    assert content(target) == expected


@given(SSIZE, SSIZE, SSIZE)
def test_stretches_are_compared_within_both_buffers(offset, start, count):
    expected = IndexError
    if stretch_is_within(offset, count) and stretch_is_within(start, count):
        expected = offset == start or count == 0
    assert outcome(probe.same, filled(), offset, filled(), start, count) == expected


@given(SSIZE, st.binary(max_size=SIZE + 2))
def test_filling_is_within_the_buffer_or_does_nothing(offset, source):
    buffer, expected = filled(), bytearray(range(SIZE))
    within = stretch_is_within(offset, len(source))
    if within:
        expected[offset : offset + len(source)] = source
    assert outcome(probe.fill, buffer, offset, source) == (None if within else IndexError)
    assert content(buffer) == expected


@pytest.mark.parametrize(("offset", "start"), [(0, 5), (5, 0), (3, 3)])
def test_a_buffer_is_copied_onto_itself_as_if_by_way_of_another(offset, start):
    buffer, expected = filled(), bytearray(range(SIZE))
    expected[offset : offset + 12] = range(start, start + 12)
    probe.copy(buffer, offset, buffer, start, 12)
    assert content(buffer) == expected


@pytest.mark.parametrize(
    "write",
    [
        *(lambda b, width=width: probe.write_number(b, 0, 0, width) for width in WIDTHS),
        lambda b: probe.write_slot(b, 0, 0),
        lambda b: probe.copy(b, 0, Buffer(8), 0, 8),
        lambda b: probe.copy(b, 0, Buffer(8), 0, 0),
        lambda b: probe.fill(b, 0, b"x"),
        lambda b: probe.fill(b, 0, b""),
    ],
)
def test_bytes_are_read_and_never_written(write):
    owner = b"12345678"
    buffer = Buffer(0, owner)
    with pytest.raises(IndexError):
        write(buffer)
    assert (buffer.writable, owner, buffer.memory().readonly) == (False, b"12345678", True)
    assert probe.read_number(buffer, 0, 8) == int.from_bytes(owner, "big")
