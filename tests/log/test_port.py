import pytest

from leveret.log.port import (
    BATCH_BYTES_MAX,
    HEADER_BYTES,
    PADDING_BYTES_MAX,
    SEGMENT_BYTES,
    CorruptionError,
)


def test_the_largest_batch_fills_a_segment_with_its_header_and_padding() -> None:
    assert HEADER_BYTES + BATCH_BYTES_MAX + PADDING_BYTES_MAX == SEGMENT_BYTES


@pytest.mark.parametrize(
    ("file", "directory"),
    [("/a/b/format", "/a/b"), ("/a b/format", "'/a b'"), ("format", ".")],
)
def test_corruption_tells_where_it_is_and_what_helps(file: str, directory: str) -> None:
    error = CorruptionError(file, 5, "this is bad")
    repair = f"`leveret log repair --data-dir {directory}` sets the bad part aside"
    assert str(error) == f"{file}, offset 5: this is bad: {repair}"
    assert (error.file, error.offset) == (file, 5)
