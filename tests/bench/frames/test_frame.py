"""Where a frame ends."""

from __future__ import annotations

import pytest

from leveret.bench.errors import CheckFailed
from leveret.bench.frames.frame import frame_bytes
from leveret.engine.buffer import Buffer
from tests.bench.frames.wire_frames import frame

FRAME_MAX = 100


def length_of(data: bytes) -> int:
    return frame_bytes(Buffer(owner=bytearray(data)), 0, len(data), FRAME_MAX)


def test_the_length_covers_head_payload_and_end() -> None:
    assert length_of(frame(1, b"12345") + b"rest") == 13


@pytest.mark.parametrize("cut", range(13))
def test_a_cut_frame_has_no_length_yet(cut: int) -> None:
    assert length_of(frame(1, b"12345")[:cut]) == 0


def test_a_payload_may_be_frame_max_long() -> None:
    assert length_of(frame(3, bytes(FRAME_MAX))) == FRAME_MAX + 8


def test_a_payload_over_frame_max_is_refused_before_it_has_arrived() -> None:
    with pytest.raises(CheckFailed, match="101 bytes"):
        length_of(frame(3, bytes(FRAME_MAX + 1))[:8])


def test_a_wrong_end_is_refused() -> None:
    with pytest.raises(CheckFailed, match="0xCE"):
        length_of(frame(1, b"12345", end=b"\xcd"))
