from __future__ import annotations

from pathlib import Path

import pytest

from leveret.cli.log import FAILED, FAULTY
from leveret.log.port import CorruptionError
from tests.cli.log_directory import DAMAGED, FIRST, leveret_log
from tests.log.directories import damage, open_log


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


def test_where_there_is_no_log_it_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert leveret_log("check", tmp_path / "x") == FAILED
    told = capsys.readouterr().err
    assert told == f"leveret log: {tmp_path / 'x'}: there is no such directory\n"
