"""What the README shows a newcomer does what it says."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.broker_process import running_broker

README = (Path(__file__).parents[1] / "README.md").read_text()
LINES_MAX = 12  # "ten lines": more, and nobody reads it


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


@pytest.mark.slow
def test_the_example_prints_the_message_it_published() -> None:
    (example,) = blocks("python")
    with running_broker() as broker:
        program = example.replace("localhost:5672", f"{broker.host}:{broker.port}")
        assert program != example
        run = subprocess.run(
            [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True
        )
    assert (run.stdout, run.stderr) == ("Hello from the burrow!\n", "")
    assert len(example.splitlines()) <= LINES_MAX


def test_the_verbs_it_names_are_in_the_makefile() -> None:
    makefile = (Path(__file__).parents[1] / "Makefile").read_text()
    verbs = re.findall(r"^make (\S+)", "".join(blocks("")), re.MULTILINE)
    assert verbs == ["serve", "test"]
    assert all(re.search(rf"^{verb}:.*##", makefile, re.MULTILINE) for verb in verbs)
