from __future__ import annotations

from pathlib import Path

import pytest

from leveret.engine.buffer import Buffer
from leveret.log.inspect import RecordHead, inspect, open_log, record_heads
from leveret.log.port import (
    HEADER_BYTES,
    SEGMENT_BYTES,
    Batch,
    CorruptionError,
    Kind,
    LogError,
)
from leveret.log.repair import repair
from tests.log.directories import damage, record, write_log
from tests.log.directories import open_log as open_as_broker

FIRST = "hot-000000000000.segment"


def test_a_log_is_told_by_its_headers(tmp_path: Path) -> None:
    write_log(tmp_path, [record(1, 40), record(2, 32)], [record(1, 400)])
    info = inspect(tmp_path)
    assert (info.directory, info.version, info.segment_bytes) == (str(tmp_path), 1, SEGMENT_BYTES)
    assert (info.used_by, info.last_stop, info.epoch) == ("", "clean", 1)
    assert (info.hot.segment_count, info.hot.batch_count, info.hot.record_count) == (1, 4, 3)
    assert (info.hot.first_number, info.hot.last_number, info.hot.read_from) == (1, 4, 1)
    assert info.hot.used == info.hot.end_position == 4 * HEADER_BYTES + 472
    assert info.hot.byte_count == (tmp_path / FIRST).stat().st_size
    assert info.cold.segment_count == 0


def test_a_stop_that_was_not_in_order_is_told(tmp_path: Path) -> None:
    write_log(tmp_path, [record(1, 40)], is_clean=False)
    assert inspect(tmp_path).last_stop == "unclean"


def test_a_log_to_which_nothing_was_written_has_no_stop(tmp_path: Path) -> None:
    disk, _, _ = open_as_broker(tmp_path)
    disk.close()
    assert inspect(tmp_path).last_stop == "none"


def test_a_log_in_use_is_told_all_the_same(tmp_path: Path) -> None:
    write_log(tmp_path, [record(1, 40)])
    disk, _, _ = open_as_broker(tmp_path)
    info = inspect(tmp_path)
    disk.close()
    assert "is in use by process" in info.used_by
    assert info.hot.record_count == 1


def test_looking_leaves_the_files_as_they_are(tmp_path: Path) -> None:
    write_log(tmp_path, [record(1, 40)])
    before = {file: file.stat().st_mtime_ns for file in tmp_path.iterdir() if file.stem != "lock"}
    inspect(tmp_path)
    assert before == {
        file: file.stat().st_mtime_ns for file in tmp_path.iterdir() if file.stem != "lock"
    }


def test_what_a_repair_has_put_there_is_counted_apart(tmp_path: Path) -> None:
    write_log(tmp_path, [record(1, 40)], [record(1, 40)])
    damage(tmp_path / FIRST, 2 * HEADER_BYTES)
    disk = open_log(tmp_path, read_only=False)
    repair(disk)
    disk.close()
    info = inspect(tmp_path)
    assert (info.hot.batch_count, info.hot.lost_count, info.hot.last_number) == (3, 1, 4)


def test_a_tool_does_not_make_what_it_looks_for(tmp_path: Path) -> None:
    with pytest.raises(LogError, match="there is no such directory"):
        inspect(tmp_path / "nothing")
    with pytest.raises(LogError, match="there is no log"):
        inspect(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_format_is_corruption(tmp_path: Path) -> None:
    write_log(tmp_path)
    (tmp_path / "format").write_bytes(b"x")
    with pytest.raises(CorruptionError, match=f"leveret log repair --data-dir {tmp_path}"):
        inspect(tmp_path)


def batch_of(data: bytes) -> Batch:
    buffer = Buffer(0, bytes(HEADER_BYTES) + data)
    return Batch(1, 0, 1, Kind.RECORDS, 1, buffer, HEADER_BYTES, len(data))


def test_each_record_tells_its_length_and_its_kind() -> None:
    data = record(1, 40) + record(4, 8)
    assert list(record_heads(batch_of(data))) == [RecordHead(48, 40, 1), RecordHead(88, 8, 4)]
    assert list(record_heads(batch_of(b""))) == []


@pytest.mark.parametrize("data", [record(1, 8)[:7], record(1, 16)[:15], bytes(8), b"\xff" * 16])
def test_what_is_no_record_is_told(data: bytes) -> None:
    with pytest.raises(LogError, match="56 bytes behind the batch's beginning there is no record"):
        list(record_heads(batch_of(record(1, 8) + data)))
