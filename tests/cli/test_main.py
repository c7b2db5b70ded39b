import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import leveret
from leveret.cli.main import COMMANDS, NOBODY_READS, WRONG_USAGE, main
from leveret.engine.buffer import COMPILED

LEVERET = [sys.executable, "-m", "leveret"]


def test_the_version_says_how_it_was_built(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    build = "compiled" if COMPILED else "not compiled"
    python = sys.version.split()[0]
    assert capsys.readouterr().out == f"leveret {leveret.__version__} ({build}, Python {python})\n"


def test_help_has_each_command_and_examples(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    shown = capsys.readouterr().out
    assert all(re.search(rf"\n    {name}\s", shown) for name in COMMANDS)
    assert "examples:\n  leveret serve " in shown


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main([name, "--help"])
    assert capsys.readouterr().out.startswith(f"usage: leveret {name} ")


def test_without_a_command_the_help_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == WRONG_USAGE
    assert "usage: leveret" in capsys.readouterr().err


def test_an_unknown_command_is_an_error_that_names_the_known(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["swim"])
    assert "invalid choice: 'swim' (choose from" in capsys.readouterr().err


def test_it_is_the_same_as_a_command_and_as_a_module() -> None:
    installed = Path(sys.executable).with_name("leveret")
    script = subprocess.run([installed, "--version"], capture_output=True, check=True)
    module = subprocess.run([*LEVERET, "--version"], capture_output=True, check=True)
    assert module.stdout == script.stdout != b""


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_output_that_nobody_reads_is_no_traceback(option: str) -> None:
    read, write = os.pipe()
    os.close(read)
    buffered = {**os.environ, "PYTHONUNBUFFERED": ""}
    result = subprocess.run([*LEVERET, option], stdout=write, stderr=-1, env=buffered)
    os.close(write)
    assert (result.returncode, result.stderr) == (NOBODY_READS, b"")
