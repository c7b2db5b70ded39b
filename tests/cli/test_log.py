from __future__ import annotations

import json
from pathlib import Path

import pytest

from leveret.cli.log import FAILED, FAULTY
from leveret.cli.main import main
from leveret.log.port import HEADER_BYTES, CorruptionError
from tests.log.directories import damage, open_log, record, write_log

FIRST = "hot-000000000000.segment"
DAMAGED = 2 * HEADER_BYTES


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A log with a claim, two batches, and a clean stop."""
    write_log(tmp_path, [record(1, 40), record(2, 32)], [record(1, 400)])
    return tmp_path


def leveret_log(command: str, directory: Path, *options: str) -> int:
    return main(["log", command, "--data-dir", str(directory), *options])


def test_info_tells_what_there_is(directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert leveret_log("info", directory) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"directory   {directory}"
    assert lines[1] == "format      version 1, segments of 64.0 MiB"
    assert lines[3:5] == ["lock        free: no broker uses the directory", "last stop   clean"]
    assert lines[6:] == [
        "            4 batches (1 to 4, read from 1 on), 3 records",
        "            positions 0 to 664, 664 bytes in use",
        "cold        no segments",
        lines[-1],
    ]


def test_a_check_of_a_good_log_succeeds(
    directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert leveret_log("check", directory) == 0
    assert capsys.readouterr() == (
        "0 faults in 1 segment: 4 good batches, 3 records, 664 bytes\n",
        "",
    )


def test_a_fault_is_told_and_a_repair_helps(
    directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    damage(directory / FIRST, DAMAGED)
    with pytest.raises(CorruptionError) as raised:
        open_log(directory)
    assert f"{directory / FIRST}, offset 48: " in str(raised.value)
    assert f"`leveret log repair --data-dir {directory}`" in str(raised.value)

    assert leveret_log("check", directory) == FAULTY
    told = capsys.readouterr()
    text = "batch 2 is damaged (its checksum is wrong)"
    assert told.out.startswith(f"{directory / FIRST}, offset 48: {text}\n1 fault in 1 segment")
    assert told.err == f"`leveret log repair --data-dir {directory}` sets the bad part aside\n"

    assert leveret_log("repair", directory) == 0
    aside = directory / f"{FIRST}.48.aside"
    assert capsys.readouterr().out.splitlines() == [
        f"{directory / FIRST}: 120 bytes at offset 48 set aside: {aside}",
        "1 batch lost; the log is good now",
    ]
    assert aside.stat().st_size == 120

    assert leveret_log("check", directory) == 0
    assert capsys.readouterr().out.startswith("1 batch lost in an earlier repair\n0 faults")
    disk, log, _ = open_log(directory)
    disk.close()
    assert (log.hot.next_number, log.is_clean) == (5, True)


def test_a_repair_of_a_good_log_changes_nothing(
    directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert leveret_log("repair", directory) == 0
    assert capsys.readouterr().out == "nothing is bad, and nothing was changed\n"


@pytest.mark.parametrize("command", ["check", "dump", "repair"])
def test_what_reads_all_is_refused_while_a_broker_has_the_directory(
    command: str, directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    disk, _, _ = open_log(directory)
    damage(directory / FIRST, DAMAGED)
    assert leveret_log(command, directory) == FAILED
    disk.close()
    assert "is in use by process" in capsys.readouterr().err
    assert not list(directory.glob("*.aside"))


def test_info_tells_who_has_the_directory(
    directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    disk, _, _ = open_log(directory)
    assert leveret_log("info", directory) == 0
    disk.close()
    assert "lock        " + str(directory) + " is in use by process" in capsys.readouterr().out


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


def test_where_there_is_no_log_it_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert leveret_log("check", tmp_path / "x") == FAILED
    told = capsys.readouterr().err
    assert told == f"leveret log: {tmp_path / 'x'}: there is no such directory\n"
