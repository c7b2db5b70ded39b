"""Unix sockets: their files, and paths of any length."""

import errno
import os
import stat
from pathlib import Path

import pytest

from leveret.server import unix_socket
from leveret.server.unix_socket import InUse, NoSocket, connect_to, is_alive, listen_at


@pytest.fixture(params=["short", "long"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    folder = tmp_path
    if request.param == "long":
        folder = tmp_path / ("d" * 200)
        folder.mkdir()
    return str(folder / "control.sock")


def test_who_connects_is_heard(path: str) -> None:
    with listen_at(path, 5) as listener:
        listener.setblocking(True)
        with connect_to(path, 5) as client:
            client.sendall(b"hello")
            server, _ = listener.accept()
            with server:
                assert server.recv(5) == b"hello"


def test_nobody_else_can_open_the_file(path: str) -> None:
    listen_at(path, 5).close()
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600


def test_the_file_is_not_open_to_others_for_a_moment(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Linux: it is made with its mode, whatever the umask."""
    before = os.umask(0)
    modes = []
    monkeypatch.setattr(os, "chmod", lambda name, _: modes.append(os.stat(name).st_mode & 0o777))
    try:
        listen_at(path, 5).close()
    finally:
        os.umask(before)
    assert modes == [0o600]


def test_a_dead_brokers_file_is_replaced(path: str) -> None:
    listen_at(path, 5).close()
    with listen_at(path, 5), connect_to(path, 5):
        pass


def test_a_live_brokers_file_is_not(path: str) -> None:
    with listen_at(path, 5):
        with pytest.raises(InUse):
            listen_at(path, 5)
        connect_to(path, 5).close()


def test_a_broker_with_no_time_is_alive(path: str) -> None:
    with listen_at(path, 0), connect_to(path, 5), unix_socket.short_name(path) as name:
        assert is_alive(name)


def test_a_file_of_another_kind_is_left_alone(path: str) -> None:
    Path(path).write_text("mine")
    with pytest.raises(NoSocket):
        listen_at(path, 5)
    assert Path(path).read_text() == "mine"


def test_where_nobody_listens_the_system_says_so(path: str) -> None:
    with pytest.raises(FileNotFoundError):
        connect_to(path, 5)
    listen_at(path, 5).close()
    with pytest.raises(ConnectionRefusedError):
        connect_to(path, 5)


def test_a_name_that_is_too_long_in_any_way_is_told(tmp_path: Path) -> None:
    with pytest.raises(OSError) as raised:
        connect_to(str(tmp_path / ("x" * 200)), 5)
    assert raised.value.errno == errno.ENAMETOOLONG


def test_without_descriptors_as_files_a_long_path_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unix_socket, "DESCRIPTORS", str(tmp_path / "none"))
    folder = tmp_path / ("d" * 200)
    folder.mkdir()
    with pytest.raises(OSError) as raised:
        listen_at(str(folder / "x"), 5)
    assert raised.value.errno == errno.ENAMETOOLONG


def test_no_descriptor_is_left_open(path: str) -> None:
    def count() -> int:
        return len(os.listdir("/proc/self/fd"))

    before = count()
    listen_at(path, 5).close()
    with pytest.raises(ConnectionRefusedError):
        connect_to(path, 5)
    assert count() == before
