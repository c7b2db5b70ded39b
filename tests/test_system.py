"""What `make` says on a machine that lacks something: one line to install it all with."""

import subprocess
import sys
from pathlib import Path

import pytest

SYSTEM = Path(__file__).parents[1] / "scripts" / "system"
NAME = f"python{sys.version_info.major}.{sys.version_info.minor}"
pytestmark = pytest.mark.slow  # each asks a Python several questions
TOOLS = ("sh", "cut", "id", "sed")


class Machine:
    """A PATH with the few tools that the script uses, and what a test adds."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment: dict[str, str] = {}
        for tool in TOOLS:
            (folder / tool).symlink_to(f"/usr/bin/{tool}")

    def add(self, name: str, script: str) -> None:
        path = self.folder / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def run(self, verb: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(SYSTEM), verb],
            env={"PATH": str(self.folder), **self.environment},
            capture_output=True,
            text=True,
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.fixture
def with_python(machine: Machine) -> Machine:
    machine.add("python3", f'exec "{sys.executable}" "$@"')
    machine.environment["CC"] = "cc"
    return machine


def without(module: str, folder: Path) -> dict[str, str]:
    folder.mkdir()
    (folder / f"{module}.py").write_text("raise ImportError")
    return {"PYTHONPATH": str(folder)}


def test_a_bare_machine_is_told_all_packages_in_one_line(machine: Machine) -> None:
    result = machine.run("python")
    assert result.returncode == 1
    assert "apt install python3 python3-venv python3-dev gcc\n" in result.stderr


def test_a_python_without_venv_is_told_its_package(with_python: Machine, tmp_path: Path) -> None:
    with_python.add("cc", "")
    with_python.environment |= without("ensurepip", tmp_path / "broken")
    result = with_python.run("python")
    assert result.returncode == 1
    assert f"apt install {NAME}-venv" in result.stderr
    assert "gcc" not in result.stderr


def test_all_that_is_missing_is_in_the_line(with_python: Machine, tmp_path: Path) -> None:
    with_python.environment |= without("ensurepip", tmp_path / "broken")
    assert f"apt install {NAME}-venv" in with_python.run("python").stderr
    assert with_python.run("missing").stdout.split()[-2:] == ["gcc", "libc6-dev"]


def test_without_a_compiler_the_python_will_still_do(with_python: Machine) -> None:
    assert with_python.run("python").returncode == 0
    result = with_python.run("compiler")
    assert result.returncode == 1
    assert "gcc" in result.stderr


def test_a_compiler_without_the_c_library_is_not_enough(with_python: Machine) -> None:
    with_python.add("cc", "exit 1")
    result = with_python.run("compiler")
    assert result.returncode == 1
    assert "apt install libc6-dev\n" in result.stderr


def test_with_a_compiler_all_is_there(with_python: Machine) -> None:
    with_python.add("cc", "")
    assert with_python.run("compiler").returncode == 0
    assert with_python.run("missing").stdout == "\n"


def test_an_old_python_is_named_and_a_newer_one_asked_for(machine: Machine) -> None:
    machine.add("python3", 'case "$2" in *version_info\\[*) echo 3.9;; *) exit 1;; esac')
    result = machine.run("python")
    assert result.returncode == 1
    assert "python3 is 3.9" in result.stderr
    assert "make PYTHON=" in result.stderr


def test_a_shim_that_leads_nowhere_is_passed_over(with_python: Machine) -> None:
    (with_python.folder / "python3").rename(with_python.folder / "python3.11")
    with_python.add("python3", "echo 'no version is set' >&2; exit 127")
    result = with_python.run("python")
    assert result.returncode == 0
    assert result.stdout.strip() == sys.executable
    assert not result.stderr


def test_the_python_that_was_named_is_the_only_one_asked(with_python: Machine) -> None:
    with_python.environment["PYTHON"] = "/no/python"
    result = with_python.run("python")
    assert result.returncode == 1
    assert "PYTHON=/no/python" in result.stderr
