from __future__ import annotations

import json
from pathlib import Path

import pytest

from leveret.cli.log import FAULTY
from tests.cli.log_directory import DAMAGED, FIRST, leveret_log
from tests.log.directories import damage, write_log


def test_dump_has_a_line_for_each_batch(
    directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert leveret_log("dump", directory) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"hot 1 claim: {FIRST}, offset 0, epoch 1, 0 records, 0 bytes",
        f"hot 2 records: {FIRST}, offset 48, epoch 1, 2 records, 72 bytes",
        f"hot 3 records: {FIRST}, offset 168, epoch 1, 1 records, 400 bytes",
        f"hot 4 seal: {FIRST}, offset 616, epoch 1, 0 records, 0 bytes, clean stop",
    ]


def test_dump_has_a_line_for_each_record_if_asked(
    directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert leveret_log("dump", directory, "--records") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line.startswith(" ")] == [
        "    offset 96: kind 1, 40 bytes",
        "    offset 136: kind 2, 32 bytes",
        "    offset 216: kind 1, 400 bytes",
    ]


def test_dump_can_be_read_by_programs(directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert leveret_log("dump", directory, "--records", "--json") == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(lines) == 7
    assert lines[1] == {
        "stream": "hot",
        "batch": 2,
        "kind": "records",
        "file": FIRST,
        "offset": 48,
        "epoch": 1,
        "count": 2,
        "bytes": 72,
        "clean": False,
        "synced": True,
    }
    assert lines[2] == {"stream": "hot", "batch": 2, "record": 1, "offset": 96, "bytes": 40}
    assert lines[-1]["clean"]


def test_dump_goes_on_behind_what_is_bad(
    directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    damage(directory / FIRST, DAMAGED)
    assert leveret_log("dump", directory) == FAULTY
    told = capsys.readouterr()
    assert [line.split()[1] for line in told.out.splitlines()] == ["1", "3", "4"]
    assert "offset 48: batch 2 is damaged" in told.err


def test_what_is_no_record_fails_a_dump(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_log(tmp_path, [b"something"])
    assert leveret_log("dump", tmp_path, "--records") == FAULTY
    assert "    48 bytes behind the batch's beginning there is no record\n" in (
        capsys.readouterr().out
    )
    assert leveret_log("dump", tmp_path, "--records", "--json") == FAULTY
    assert '{"error": "48 bytes behind' in capsys.readouterr().out
