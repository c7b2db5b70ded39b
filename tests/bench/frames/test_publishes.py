"""The block of encoded messages."""

from __future__ import annotations

import pytest

from leveret.bench.frames.publishes import PublishBlock


def test_messages_stand_one_behind_the_other() -> None:
    block = PublishBlock([b"one", b"three", b"four"], 0)
    assert (block.message_count, block.block.bytes_at(0, 12)) == (3, b"onethreefour")
    assert [block.start(index) for index in range(4)] == [0, 3, 8, 12]


def test_each_byte_is_of_one_message() -> None:
    block = PublishBlock([b"one", b"three", b"four"], 0)
    assert [block.index_at(offset) for offset in range(13)] == [*[0] * 3, *[1] * 5, *[2] * 4, 3]


def test_the_time_is_written_into_the_bodies_asked_for() -> None:
    block = PublishBlock([b"<........>", b"<<........>", b"<........>"], 9)
    block.stamp(1, 2, 0x0102030405060708)
    stamped = b"<\1\2\3\4\5\6\7\x08>"
    assert block.block.bytes_at(0, 31) == b"<........><" + stamped * 2


def test_a_stamp_outside_the_block_is_refused() -> None:
    with pytest.raises(IndexError):
        PublishBlock([b"<........>"], 9).stamp(0, 2, 1)
