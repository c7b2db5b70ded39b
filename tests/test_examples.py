"""Each example runs against a broker and prints what its docstring says it prints."""

import ast
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.broker_process import BrokerProcess, running_broker

FOLDER = Path(__file__).parents[1] / "examples"
EXAMPLES = sorted(FOLDER.rglob("*.py"))


@pytest.fixture(scope="module")
def broker() -> Iterator[BrokerProcess]:
    with running_broker() as process:
        yield process


def promised(path: Path) -> str:
    docstring = ast.get_docstring(ast.parse(path.read_text())) or ""
    return textwrap.dedent(docstring.partition("Prints:\n")[2]) + "\n"


@pytest.mark.slow
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.relative_to(FOLDER).as_posix())
def test_it_prints_what_it_promises(path: Path, broker: BrokerProcess) -> None:
    run = subprocess.run(
        [sys.executable, "-W", "error", str(path), broker.url], capture_output=True, text=True
    )
    assert (run.stdout, run.stderr) == (promised(path), "")


def test_the_index_names_them_all() -> None:
    index = (FOLDER / "README.md").read_text()
    assert [path for path in EXAMPLES if f"({path.relative_to(FOLDER)})" not in index] == []
