"""Where the sockets of brokers are, and which of them are dead."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from leveret.cli import control_socket
from leveret.cli.control_socket import (
    is_running,
    memory_socket,
    memory_sockets,
    runtime_folders,
    socket_in,
)
from leveret.server.unix_socket import listen_at


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    (tmp_path / "run").mkdir()
    (tmp_path / "tmp").mkdir()
    return tmp_path / "run" / "leveret"


@pytest.fixture
def dead_pid() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_a_data_directory_has_its_own() -> None:
    assert socket_in("/data") == "/data/control.sock"


def test_in_memory_it_is_the_processs_in_a_folder_of_the_users(folder: Path) -> None:
    assert memory_socket() == str(folder / f"{os.getpid()}.sock")
    assert folder.stat().st_mode & 0o777 == 0o700


def test_without_a_runtime_folder_it_is_beside_temporary_files(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "none"))
    expected = tmp_path / "tmp" / f"leveret-{os.geteuid()}" / f"{os.getpid()}.sock"
    assert memory_socket() == str(expected)


def test_a_folder_that_others_can_use_is_not_taken(folder: Path, tmp_path: Path) -> None:
    folder.mkdir()
    folder.chmod(0o777)
    (tmp_path / "tmp" / f"leveret-{os.geteuid()}").symlink_to(tmp_path)
    assert memory_socket() is None
    assert memory_sockets() == []


def test_without_any_variable_it_is_the_systems_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XDG_RUNTIME_DIR", "TMPDIR"):
        monkeypatch.delenv(name, raising=False)
    assert list(runtime_folders()) == [f"/tmp/leveret-{os.geteuid()}"]


def test_those_at_which_somebody_listens_are_found(folder: Path, dead_pid: int) -> None:
    path = memory_socket()
    assert path is not None
    listen_at(str(folder / f"{dead_pid}.sock"), 1).close()
    (folder / "notes").write_text("")
    with listen_at(path, 1):
        assert memory_sockets() == [path]


def test_what_killed_brokers_have_left_is_removed(folder: Path, dead_pid: int) -> None:
    memory_socket()
    listen_at(str(folder / f"{dead_pid}.sock"), 1).close()
    listen_at(str(folder / f"{os.getppid()}.sock"), 1).close()
    with listen_at(str(folder / "9999999.sock"), 1):
        memory_socket()
        names = {path.name for path in folder.iterdir()}
    assert names == {f"{os.getppid()}.sock", "9999999.sock"}


def test_a_file_that_cannot_be_removed_is_another_brokers_to_remove(
    folder: Path, dead_pid: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory_socket()
    listen_at(str(folder / f"{dead_pid}.sock"), 1).close()

    def refuse(path: str) -> None:
        raise FileNotFoundError

    monkeypatch.setattr(control_socket.os, "unlink", refuse)
    assert memory_socket() is not None


def test_another_users_process_is_running() -> None:
    assert is_running(1)
    assert is_running(10**30)
