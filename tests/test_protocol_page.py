"""The page on AMQP 0-9-1 is complete, and the tests that it names are there."""

import re
from pathlib import Path

import pytest

from leveret.wire.amqp091 import methods
from leveret.wire.amqp091.methods import Method
from leveret.wire.amqp091.reply_codes import REPLY_CODES

TESTS = Path(__file__).parent
PAGE = (TESTS.parent / "docs" / "protocol-0-9-1.md").read_text()
NAMED = sorted(set(re.findall(r"`([\w/]+\.py)::(\w+)`", PAGE)))
ROWS = [row for row in PAGE.splitlines() if re.match(r"\| (?!---|method|code|feature)", row)]
UNUSED_CODES = {"content_too_large", "no_consumers", "invalid_path"}


def specified_name(method: type[Method]) -> str:
    """`basic.get-ok` for BasicGetOk."""
    first, *rest = re.findall(r"[A-Z][a-z]*", method.__name__)
    return f"{first.lower()}.{'-'.join(rest).lower()}"


ALL_METHODS = sorted(
    specified_name(each)
    for each in vars(methods).values()
    if isinstance(each, type) and issubclass(each, Method) and each is not Method
)


@pytest.mark.parametrize("name", ALL_METHODS)
def test_each_method_is_on_the_page(name: str) -> None:
    assert f"`{name}`" in PAGE


@pytest.mark.parametrize("kind", sorted(REPLY_CODES.keys() - UNUSED_CODES))
def test_each_reply_code_that_is_used_is_on_the_page(kind: str) -> None:
    assert f"| {REPLY_CODES[kind].code} `{REPLY_CODES[kind].name}` |" in PAGE


def test_each_row_names_a_test() -> None:
    assert len(ROWS) > 60
    assert [row for row in ROWS if not re.search(r"`[\w/]+\.py::\w+` \|$", row)] == []


@pytest.mark.parametrize(("module", "test"), NAMED)
def test_a_test_that_is_named_is_there(module: str, test: str) -> None:
    assert re.search(rf"^(async )?def {test}\(", (TESTS / module).read_text(), re.MULTILINE)
