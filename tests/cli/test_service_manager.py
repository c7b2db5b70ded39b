import logging
import socket
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from leveret.cli.service_manager import VARIABLE, notify


@pytest.fixture
def manager() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.settimeout(10)
        yield sock


def test_the_state_is_sent_to_the_socket_of_the_environment(
    manager: socket.socket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager.bind(str(tmp_path / "notify"))
    monkeypatch.setenv(VARIABLE, str(tmp_path / "notify"))
    notify("READY=1")
    assert manager.recv(100) == b"READY=1"


def test_an_at_sign_stands_for_an_abstract_socket(
    manager: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = uuid.uuid4().hex
    manager.bind(f"\0{name}")
    monkeypatch.setenv(VARIABLE, f"@{name}")
    notify("STOPPING=1")
    assert manager.recv(100) == b"STOPPING=1"


def test_without_a_service_manager_nothing_happens(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    notify("READY=1")
    assert not caplog.records


def test_one_that_does_not_listen_is_no_reason_to_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "nobody"))
    with caplog.at_level(logging.WARNING):
        notify("READY=1")
    assert "cannot be told READY=1: No such file or directory" in caplog.text
