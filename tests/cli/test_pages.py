"""The page of the command line names every option there is, but for limits: they have a page."""

import argparse
import re
from pathlib import Path
from types import ModuleType

import pytest

from leveret.cli import bench, serve
from leveret.limits import SETTABLE

PAGE = Path(__file__).parents[2] / "docs" / "features" / "command-line.md"


@pytest.mark.parametrize("command", [serve, bench], ids=lambda command: command.NAME)
def test_the_page_names_each_option(command: ModuleType) -> None:
    parser = argparse.ArgumentParser(add_help=False)
    command.configure(parser)
    options = {option for action in parser._actions for option in action.option_strings}
    options -= {limit.flag for limit in SETTABLE}
    section = PAGE.read_text().partition(f"## leveret {command.NAME}\n")[2].partition("\n## ")[0]
    assert options == set(re.findall(r"(?<=`)--?[a-zA-Z][a-z-]*(?=[` ])", section))
