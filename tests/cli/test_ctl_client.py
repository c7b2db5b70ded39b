"""Which broker is meant, and why it cannot be reached."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from leveret.cli.control_socket import memory_socket, socket_in
from leveret.cli.ctl_client import Ambiguous, Unreachable, find_socket, why_not
from leveret.server.unix_socket import listen_at


@pytest.fixture
def default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Where the user's broker would have its socket; nothing else is there."""
    for name in ("XDG_RUNTIME_DIR", "TMPDIR"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    (tmp_path / "data" / "leveret").mkdir(parents=True)
    return socket_in(str(tmp_path / "data" / "leveret"))


@pytest.fixture
def listen() -> Iterator[Callable[[str | None], str]]:
    """Has somebody listen at a path."""
    with ExitStack() as open_sockets:

        def listen(path: str | None) -> str:
            assert path is not None
            open_sockets.enter_context(listen_at(path, 1))
            return path

        yield listen


def test_who_names_one_means_it(default: str) -> None:
    assert find_socket("/s", "/d") == "/s"
    assert find_socket(None, "/d") == "/d/control.sock"


def test_the_users_own_is_found(default: str, listen: Callable[[str], str]) -> None:
    path = listen(default)
    assert find_socket(None, None) == path


def test_one_in_memory_is_found_beside_a_dead_one(
    default: str, listen: Callable[[str | None], str]
) -> None:
    listen_at(default, 1).close()
    assert find_socket(None, None) == default, "why it cannot be reached is worth knowing"
    path = listen(memory_socket())
    assert find_socket(None, None) == path


def test_of_several_nobody_is_chosen(default: str, listen: Callable[[str | None], str]) -> None:
    paths = [listen(default), listen(memory_socket())]
    with pytest.raises(Ambiguous, match="several brokers run") as raised:
        find_socket(None, None)
    assert all(path in str(raised.value) for path in paths)


@pytest.mark.usefixtures("default")
def test_without_any_it_says_what_to_do() -> None:
    with pytest.raises(Unreachable, match="start one with `leveret serve`"):
        find_socket(None, None)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (PermissionError(), "permission denied: only the broker's user and root can use"),
        (ConnectionRefusedError(), "no broker listens there any more: start one"),
        (FileNotFoundError(), "there is no such socket, so no broker: start one"),
        (NotADirectoryError(), "there is no such socket, so no broker: start one"),
        (TimeoutError(), "the broker does not answer"),
        (BlockingIOError(), "the broker does not answer"),
        (OSError(5, "Input/output error"), "Input/output error"),
        (OSError("AF_UNIX path too long"), "AF_UNIX path too long"),
    ],
)
def test_each_reason_has_its_advice(error: OSError, text: str) -> None:
    assert why_not("/s", error).startswith(f"/s: {text}")
