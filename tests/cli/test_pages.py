"""The page of the command line names every option there is, but for limits: they have a page."""

import argparse
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from leveret.cli import bench, completion, log, serve
from leveret.cli.ctl_parser import ALL, common_options
from leveret.limits import SETTABLE

CTL_PAGE = Path(__file__).parents[2] / "docs" / "features" / "ctl.md"
PAGE = Path(__file__).parents[2] / "docs" / "features" / "command-line.md"


@pytest.mark.parametrize(
    "command", [serve, bench, log, completion], ids=lambda command: command.NAME
)
def test_the_page_names_each_option(command: ModuleType) -> None:
    parser = argparse.ArgumentParser(add_help=False)
    command.configure(parser)
    options = set(options_of(parser)) - {"-h", "--help"}
    options -= {limit.flag for limit in SETTABLE}
    section = PAGE.read_text().partition(f"## leveret {command.NAME}\n")[2].partition("\n## ")[0]
    assert options == set(re.findall(r"(?<=`)--?[a-zA-Z][a-z-]*(?=[` ])", section))


def test_the_page_of_ctl_names_each_command_and_the_options_of_all() -> None:
    text = CTL_PAGE.read_text()
    for name in (*ALL, *options_of(common_options())):
        assert re.search(rf"`{name}[` ]", text), f"{name} is not there"


def options_of(parser: argparse.ArgumentParser) -> Iterator[str]:
    """Those of its commands, too."""
    for action in parser._actions:
        yield from action.option_strings
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                yield from options_of(command)
