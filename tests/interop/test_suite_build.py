"""What a suite in another language needs: built once, skipped with the reason, or a failure."""

from pathlib import Path

import pytest

from tests.interop import suite_build
from tests.interop.suite_build import build, require, run_step

SKIPPED = pytest.skip.Exception


def test_a_missing_program_is_the_reason_to_skip() -> None:
    with pytest.raises(SKIPPED, match="no such-program here: a client is not tested"):
        require("a client", ["sh", "such-program"], ["echo", "1.0"], "1.0")


@pytest.mark.parametrize("said", ["go version go1.9.7 linux/amd64", "v1.9.11"])
def test_a_program_that_is_too_old_is_the_reason_to_skip(said: str) -> None:
    with pytest.raises(SKIPPED, match=r"sh 1\.9\.\d+ here: a client needs 1\.10"):
        require("a client", ["sh"], ["echo", said], "1.10")


@pytest.mark.parametrize("said", ["javac 17", "cargo 17.0.2 (4567 2026-01-01)", "v18.3"])
def test_a_program_that_is_new_enough_says_which_it_is(said: str) -> None:
    assert require("a client", ["sh"], ["echo", said], "17").strip() == said


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The sources of a suite; what is built of them goes elsewhere."""
    monkeypatch.setattr(suite_build, "BUILDS", tmp_path / "builds")
    (tmp_path / "client").mkdir()
    (tmp_path / "client" / "cases").write_text("first")
    return tmp_path / "client"


def test_a_suite_is_built_again_only_when_a_source_or_the_toolchain_changes(folder: Path) -> None:
    built: list[Path] = []
    target = build(folder, "1.0", built.append)
    assert build(folder, "1.0", built.append) == target
    assert built == [target]
    (folder / "cases").write_text("second")
    build(folder, "1.0", built.append)
    build(folder, "1.1", built.append)
    assert built == [target] * 3


def test_a_build_that_fails_is_not_remembered(folder: Path) -> None:
    with pytest.raises(AssertionError):
        build(folder, "1.0", lambda target: run_step("false", cwd=target))
    built: list[Path] = []
    build(folder, "1.0", built.append)
    assert len(built) == 1


@pytest.mark.parametrize(
    "words",
    [
        "npm error code EAI_AGAIN",
        "npm error FetchError: connect ECONNREFUSED 127.0.0.1:1",
        "go: dial udp 10.0.0.1:53: connect: network is unreachable",
        "go: proxyconnect tcp: dial tcp 127.0.0.1:1: connect: connection refused",
        "[6] Couldn't resolve host name (Could not resolve host: index.crates.io)",
        "[7] Couldn't connect to server (Failed to connect to 127.0.0.1 port 1)",
        "Unknown host repo.maven.apache.org: Temporary failure in name resolution",
        "Connect to 127.0.0.1:1 [/127.0.0.1] failed: Connection refused",
    ],
)
def test_a_registry_that_cannot_be_reached_is_the_reason_to_skip(
    words: str, tmp_path: Path
) -> None:
    with pytest.raises(SKIPPED, match="sh cannot reach its registry"):
        run_step("sh", "-c", 'echo "$0" >&2; exit 1', words, cwd=tmp_path)


def test_what_does_not_compile_fails(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="expected an identifier"):
        run_step("sh", "-c", "echo error: expected an identifier; exit 1", cwd=tmp_path)
