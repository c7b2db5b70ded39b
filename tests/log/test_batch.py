import pytest

from leveret.engine.buffer import Buffer
from leveret.log.batch import (
    CLAIM,
    CLEAN,
    COLD,
    CRC_AT,
    LOST,
    SEAL,
    BatchBuffer,
    Expected,
    Header,
    display,
    has_its_checksum,
    make_header,
    padding,
    read_header,
    write_header,
)
from leveret.log.native.crc32c import crc32c
from leveret.log.port import HEADER_BYTES, PAGE_BYTES, Kind

BYTES = bytes.fromhex(
    "4c565242 01 02 0000 00000003 00c0ffee 0000000000000007 0000000000010000"
    "00000000 00000005 0000000c 00000000"
)
HEADER = make_header(
    flags=CLAIM, epoch=3, owner=0xC0FFEE, number=7, position=0x10000, record_count=5, length=12
)
EXPECTED = Expected(7, 3, 0xC0FFEE, 0x10000)


def test_a_header_is_48_bytes() -> None:
    buffer = Buffer(100)
    write_header(buffer, 10, HEADER)
    assert buffer.bytes_at(10, HEADER_BYTES) == BYTES
    assert read_header(buffer.memory(), 10) == HEADER


@pytest.mark.parametrize(
    ("flags", "kind"),
    [
        (0, Kind.RECORDS),
        (CLAIM, Kind.CLAIM),
        (SEAL, Kind.SEAL),
        (SEAL | CLEAN, Kind.SEAL),
        (LOST, Kind.LOST),
    ],
)
def test_flags_say_what_a_batch_is(flags: int, kind: Kind) -> None:
    assert HEADER._replace(flags=flags).kind is kind


def test_a_lost_batch_stands_for_as_many_as_it_says_and_is_checked_without_its_body() -> None:
    lost = HEADER._replace(flags=LOST)
    assert (HEADER.next_number, lost.next_number) == (8, 12)
    assert (HEADER.size, lost.size) == (60, 60)
    assert (HEADER.checked_size, lost.checked_size) == (60, 48)


def checksummed() -> bytearray:
    data = bytearray(BYTES) + b"some records"
    data[CRC_AT : CRC_AT + 4] = crc32c(Buffer(0, bytes(data)), 0, len(data)).to_bytes(4)
    return data


@pytest.mark.parametrize("at", [0, 4, 16, CRC_AT, 47, 48, 59])
def test_the_checksum_covers_each_byte_of_header_and_records(at: int) -> None:
    data = bytearray(3) + checksummed()
    assert has_its_checksum(read_header(memoryview(data), 3), Buffer(0, data), 3)
    data[3 + at] ^= 1
    changed = read_header(memoryview(data), 3)._replace(length=12, flags=CLAIM)
    assert not has_its_checksum(changed, Buffer(0, data), 3)


@pytest.mark.parametrize(
    ("header", "problem"),
    [
        (HEADER, ""),
        (HEADER._replace(epoch=4), ""),
        (HEADER._replace(magic=0), "there is no batch"),
        (HEADER._replace(position=0), "there is an older batch"),
        (HEADER._replace(owner=1), "there is an older batch"),
        (HEADER._replace(version=2), "its version is 2"),
        (HEADER._replace(number=8), "its number is 8 instead of 7"),
        (HEADER._replace(epoch=2), "its epoch is 2 after 3"),
        (HEADER._replace(length=53), "its length is 53"),
    ],
)
def test_a_batch_is_good_only_where_it_is_expected(header: Header, problem: str) -> None:
    assert EXPECTED.problem(header, room=100) == problem


def test_any_number_may_be_the_first() -> None:
    assert EXPECTED._replace(number=0).problem(HEADER._replace(number=99), room=100) == ""


@pytest.mark.parametrize("end", [1, 48, 4000, 4048, 4049, 4095, 4096, 4097, 10_000])
def test_zeros_reach_the_end_of_a_page_and_have_room_for_a_header(end: int) -> None:
    zeros = padding(end)
    assert (end + zeros) % PAGE_BYTES == 0
    assert HEADER_BYTES <= zeros < PAGE_BYTES + HEADER_BYTES


def test_a_cold_batch_is_shown_as_such() -> None:
    assert (display(7), display(COLD + 7)) == ("7", "cold 7")


def test_a_batch_buffer_is_filled_behind_the_header_and_refuses_what_is_too_much() -> None:
    batch = BatchBuffer(5)
    batch.add(b"abc")
    batch.add(b"de")
    with pytest.raises(ValueError, match="full"):
        batch.add(b"f")
    assert (batch.length, batch.record_count) == (5, 2)
    assert batch.buffer.bytes_at(HEADER_BYTES, 5) == b"abcde"
    batch.clear()
    batch.add(b"f")
    assert (batch.length, batch.record_count) == (1, 1)
