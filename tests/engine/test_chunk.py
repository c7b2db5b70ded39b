"""Where the log has what is in a chunk, and the chain of chunks by age."""

import pytest

from leveret.engine.buffer import Buffer
from leveret.engine.chunk import Chunk

OF_LOG = 1


@pytest.fixture
def chunk() -> Chunk:
    return Chunk(1, Buffer(100), OF_LOG)


def test_batches_that_follow_one_another_in_the_log_are_one_place(chunk):
    assert chunk.places is None
    for offset, position in ((0, 4096), (30, 4126), (70, 4166)):
        chunk.place(7, offset, position)
    assert chunk.places == [(0, 4096)]


@pytest.mark.parametrize("position", [4127, 4125, 1 << 63])
def test_one_that_lies_elsewhere_begins_another_place(chunk, position):
    chunk.place(7, 0, 4096)
    chunk.place(8, 30, position)
    chunk.place(9, 50, position + 20)
    assert chunk.places == [(0, 4096), (30, position)]
