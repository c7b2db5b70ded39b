"""The block of encoded messages."""

from __future__ import annotations

import pytest

from leveret.bench.frames.publishes import PublishBlock


def test_messages_stand_one_behind_the_other() -> None:
    block = PublishBlock([b"one", b"two"], 0)
    assert (block.message_count, block.message_bytes) == (2, 3)
    assert block.block.bytes_at(0, 6) == b"onetwo"


def test_messages_of_different_lengths_make_no_block() -> None:
    with pytest.raises(ValueError, match="one length"):
        PublishBlock([b"one", b"three"], 0)


def test_the_time_is_written_into_the_bodies_asked_for() -> None:
    block = PublishBlock([b"<........>"] * 3, 1)
    block.stamp(1, 2, 0x0102030405060708)
    stamped = b"<\1\2\3\4\5\6\7\x08>"
    assert block.block.bytes_at(0, 30) == b"<........>" + stamped * 2


def test_a_stamp_outside_the_block_is_refused() -> None:
    with pytest.raises(IndexError):
        PublishBlock([b"<........>"], 1).stamp(0, 2, 1)
