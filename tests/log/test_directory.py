import subprocess
import sys
from pathlib import Path

import pytest

from leveret.log.directory import (
    FORMAT_NAME,
    FormatError,
    decode_format,
    encode_format,
    load_format,
    open_directory,
)
from leveret.log.disk import LocalDisk, LockedError
from leveret.log.port import SEGMENT_BYTES, CorruptionError
from leveret.log.scan import Format
from tests.log.world import Owner, Promises, disk_of

TEXT = b"leveret log\nversion 1\nowner 7\nsegment 4096\n"


def test_the_format_is_four_lines() -> None:
    assert encode_format(Format(7, 4096)) == TEXT
    assert decode_format(TEXT, "format") == Format(7, 4096)


def test_a_new_directory_has_an_owner_of_its_own_that_stays() -> None:
    disk = disk_of(1)
    form = load_format(disk)
    assert form.segment_bytes == SEGMENT_BYTES
    assert load_format(disk) == form
    assert load_format(disk_of(1)).owner != form.owner


def test_another_version_is_refused_whatever_else_it_says() -> None:
    with pytest.raises(FormatError, match="dir/format: the log has format version 2, and this"):
        decode_format(b"leveret log\nversion 2\nanything else", "dir/format")


@pytest.mark.parametrize("text", [b"", b"x", TEXT[:-1], TEXT + b"more\n", TEXT[:22]])
def test_a_damaged_format_is_corruption(text: bytes) -> None:
    with pytest.raises(CorruptionError, match="format, offset 0: this is not the format of a log"):
        decode_format(text, "format")


def test_segments_without_a_format_are_refused() -> None:
    disk = disk_of(1)
    disk.write_whole("hot-000000000000.segment", b"x")
    with pytest.raises(CorruptionError, match="format, offset 0: the file is missing"):
        load_format(disk)


def test_a_directory_has_one_user_until_it_is_closed(tmp_path: Path) -> None:
    directory = tmp_path / "log"
    disk, _ = open_directory(directory, Owner(Promises()))
    with pytest.raises(LockedError, match=r"log is in use by process \d+$"):
        open_directory(directory, Owner(Promises()))
    disk.close()
    disk, _ = open_directory(directory, Owner(Promises()))
    disk.close()


HOLD = """
import sys
from pathlib import Path
from leveret.log.disk import LocalDisk
disk = LocalDisk(Path(sys.argv[1]))
disk.lock("lock")
print("held", flush=True)
sys.stdin.read()
"""


def test_another_process_that_holds_the_lock_is_named(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == b"held\n"
        with pytest.raises(LockedError, match=f"in use by process {holder.pid}$"):
            open_directory(tmp_path, Owner(Promises()))
        holder.kill()
    disk, _ = open_directory(tmp_path, Owner(Promises()))
    disk.close()


def test_what_cannot_be_opened_is_closed_again(tmp_path: Path) -> None:
    (tmp_path / FORMAT_NAME).write_bytes(b"something else")
    with pytest.raises(CorruptionError):
        open_directory(tmp_path, Owner(Promises()))
    disk = LocalDisk(tmp_path)
    disk.lock("lock")
    disk.close()
