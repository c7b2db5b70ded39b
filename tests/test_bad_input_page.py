"""Each row of the page on bad input names its test, which is there."""

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
PAGE = (TESTS.parent / "docs" / "bad-input.md").read_text()
NAMED = sorted(set(re.findall(r"`([\w/]+\.py)::(\w+)`", PAGE)))
ROWS = [row for row in PAGE.splitlines() if re.match(r"\| (?!input)", row)]


def test_each_row_names_a_test() -> None:
    assert len(ROWS) > 50
    assert [row for row in ROWS if not re.search(r"`[\w/]+\.py::\w+` \|$", row)] == []


@pytest.mark.parametrize(("module", "test"), NAMED)
def test_a_test_that_is_named_is_there(module: str, test: str) -> None:
    assert re.search(rf"^(async )?def {test}\(", (TESTS / module).read_text(), re.MULTILINE)
