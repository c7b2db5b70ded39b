"""The numbers are the specification's, as the codec has them."""

import re
from pathlib import Path

import pytest

from leveret.wire.amqp091 import methods as wire_methods

ENGINE = Path(__file__).parents[3] / "src" / "leveret" / "engine"
DECLARED = ENGINE / "amqp091" / "methods.pxd"
EACH = re.findall(r"(\w+) = (0x\w+)", DECLARED.read_text())


def camel(name: str) -> str:
    prefix = "" if name.startswith(("CONNECTION", "CHANNEL")) else "BASIC_"
    return "".join(word.title() for word in f"{prefix}{name}".split("_"))


@pytest.mark.parametrize(("name", "number"), EACH)
def test_a_method_has_the_number_of_the_specification(name: str, number: str) -> None:
    method = getattr(wire_methods, camel(name))
    assert int(number, 16) == method.METHOD_ID


def test_uncompiled_the_numbers_are_the_same() -> None:
    source = DECLARED.with_suffix(".py").read_text()
    assert re.findall(r"(\w+) = (0x\w+)", source) == EACH
