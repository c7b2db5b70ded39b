import pytest
from hypothesis import given
from hypothesis import strategies as st

from leveret.engine.buffer import Buffer
from leveret.log.native.crc32c import crc32c, crc32c_by_table

both = pytest.mark.parametrize("checksum", [crc32c, crc32c_by_table])

# RFC 3720, B.4: 32 bytes each of zeros, ones, rising and falling; and the usual check value.
VECTORS = [
    (b"", 0x00000000),
    (b"123456789", 0xE3069283),
    (bytes(32), 0x8A9136AA),
    (b"\xff" * 32, 0x62A8AB43),
    (bytes(range(32)), 0x46DD794E),
    (bytes(range(31, -1, -1)), 0x113FDB5C),
]


@both
@pytest.mark.parametrize(("data", "expected"), VECTORS)
def test_the_vectors_of_the_rfc(checksum, data, expected):
    assert checksum(Buffer(0, data), 0, len(data)) == expected


@given(st.binary(max_size=100), st.integers(0, 20))
def test_with_and_without_the_instruction_it_is_the_same(data, start):
    start = min(start, len(data))
    count = len(data) - start
    assert crc32c(Buffer(0, data), start, count) == crc32c_by_table(Buffer(0, data), start, count)


@both
@given(data=st.binary(max_size=40), cut=st.integers(0, 40))
def test_it_can_be_computed_piece_by_piece(checksum, data, cut):
    cut = min(cut, len(data))
    buffer = Buffer(0, data)
    first = checksum(buffer, 0, cut)
    assert checksum(buffer, cut, len(data) - cut, first) == checksum(buffer, 0, len(data))


@both
@pytest.mark.parametrize(("offset", "count"), [(-1, 2), (0, 9), (8, 1), (2**62, 2**62), (0, -1)])
def test_it_is_of_bytes_within_the_buffer(checksum, offset, count):
    with pytest.raises(IndexError):
        checksum(Buffer(8), offset, count)
