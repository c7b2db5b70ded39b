"""Shells complete what the parsers know: asked of the shells themselves."""

import shutil
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from leveret.cli.completion import bash, places, zsh

ASK_BASH = """
source {script}
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_leveret
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
ASK_ZSH = """
compdef() {{ }}
compadd() {{ shift; print -rl -- "$@" }}
_files() {{ print -rl -- FILES }}
words=("$@")
CURRENT=$#
source {script}
_leveret
"""
Complete = Callable[[str], list[str]]


@cache
def scripts() -> dict[str, str]:
    found = list(places())
    return {"bash": bash(found), "zsh": zsh(found)}


@pytest.fixture(params=[("bash", ASK_BASH), ("zsh", ASK_ZSH)], ids=["bash", "zsh"])
def complete(request: pytest.FixtureRequest, tmp_path: Path) -> Complete:
    """What the shell offers for the last word of a line, "" if the line ends with a space."""
    shell, ask = request.param
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"there is no {shell} here")
    script = tmp_path / "script"
    script.write_text(scripts()[shell])

    def complete(line: str) -> list[str]:
        words = line.split(" ")
        options = ["--norc"] if shell == "bash" else ["-f"]
        result = subprocess.run(
            [program, *options, "-c", ask.format(script=script), shell, *words],
            capture_output=True,
            text=True,
            check=True,
        )
        assert result.stderr == ""
        # zsh itself leaves out what does not begin with the word.
        return [offer for offer in result.stdout.split() if offer.startswith(words[-1])]

    return complete


def test_commands_are_completed(complete: Complete) -> None:
    assert complete("leveret ") == ["serve", "bench", "log", "ctl", "completion"]
    assert complete("leveret se") == ["serve"]
    assert complete("leveret log ") == ["info", "check", "dump", "repair"]
    assert complete("leveret ctl list_q") == ["list_queues"]
    assert complete("leveret completion ") == ["bash", "zsh"]


def test_columns_are_completed_wherever_options_stand(complete: Complete) -> None:
    expected = ["messages", "messages_ready", "messages_unacknowledged"]
    assert complete("leveret ctl list_queues messages") == expected
    assert complete("leveret ctl -p x list_queues name messages") == expected


def test_options_are_completed_and_so_are_their_values(complete: Complete) -> None:
    assert complete("leveret serve --dura") == ["--durability"]
    assert complete("leveret serve --durability ") == ["fsync", "os"]
    assert complete("leveret ctl list_queues --formatter t") == ["table", "tsv"]
    assert complete("leveret ctl delete_queue --if") == ["--if-empty", "--if-unused"]
    assert complete("leveret log dump --r") == ["--records"]


def test_a_value_that_nobody_can_guess_is_not_guessed(complete: Complete) -> None:
    assert complete("leveret ctl list_queues --vhost ") == []
    assert complete("leveret bench --rate ") == []


def test_files_are_the_shells_to_complete(complete: Complete, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    offers = complete(f"leveret serve --data-dir {tmp_path}/da")
    assert offers in ([f"{tmp_path}/data"], []), offers


def test_each_place_is_there_once() -> None:
    paths = [place.path for place in places()]
    assert len(set(paths)) == len(paths)
    assert {"leveret", "leveret ctl", "leveret ctl wait", "leveret log dump"} <= set(paths)
