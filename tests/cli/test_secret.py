"""Where a password comes from that is not among the words."""

import getpass
import io
import sys

import pytest

from leveret.cli.secret import ask_secret


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("text", "secret"), [("a b\r\nmore", "a b"), ("last", "last"), ("", "")])
def test_from_a_pipe_it_is_the_first_line(
    text: str, secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))
    assert ask_secret("password") == secret


def test_on_a_terminal_it_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal("shown"))
    monkeypatch.setattr(getpass, "getpass", lambda prompt: f"hidden after {prompt!r}")
    assert ask_secret("password") == "hidden after 'password: '"
