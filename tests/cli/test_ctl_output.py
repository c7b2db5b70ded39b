"""What is printed: aligned, with tabs, as JSON; nothing that leads a terminal astray."""

import json
from collections.abc import Iterator

import pytest

from leveret.cli import ctl_output
from leveret.cli.ctl_output import escaped, print_rows, print_value, text

ROWS = [["orders", 5, True], ["a", 12_000, None]]
COLUMNS = ["name", "messages", "x"]


def printed(rows=ROWS, columns=COLUMNS, *, formatter: str, quiet: bool = False) -> list[str]:
    lines: list[str] = []
    print_rows(columns, rows, formatter=formatter, quiet=quiet, say=lines.append)
    return lines


def test_a_table_is_aligned() -> None:
    assert printed(formatter="table") == [
        "name    messages  x",
        "orders  5         true",
        "a       12000",
    ]
    assert printed(formatter="table", quiet=True) == ["orders  5      true", "a       12000"]
    assert printed([], formatter="table") == ["name  messages  x"]


def test_tabs_are_for_scripts() -> None:
    assert printed(formatter="tsv") == ["name\tmessages\tx", "orders\t5\ttrue", "a\t12000\t"]
    assert printed([], formatter="tsv", quiet=True) == []


@pytest.mark.parametrize("rows", [[], ROWS[:1], ROWS])
def test_json_is_an_array_of_objects(rows) -> None:
    found = json.loads("\n".join(printed(rows, formatter="json")))
    assert found == [dict(zip(COLUMNS, row, strict=True)) for row in rows]


@pytest.mark.parametrize("formatter", ["table", "tsv", "json"])
def test_rows_are_printed_as_they_come(formatter: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many there are, memory is for some."""
    monkeypatch.setattr(ctl_output, "ALIGNED_ROWS_MAX", 10)
    ahead = 0

    def rows() -> Iterator[list[object]]:
        nonlocal ahead
        for number in range(1_000):
            ahead += 1
            assert ahead <= 11
            yield [number]

    def say(line: str) -> None:
        nonlocal ahead
        ahead -= 1

    print_rows(["n"], rows(), formatter=formatter, quiet=True, say=say)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("häschen 🐇", "häschen 🐇"),
        ("a\tb\nc", "a\\tb\\nc"),
        ("\x1b[2J", "\\x1b[2J"),
        ("\udcff", "\\xff"),
        ("\u202e", "\\u202e"),
    ],
)
def test_what_is_not_printable_is_escaped(name: str, shown: str) -> None:
    assert escaped(name) == shown
    assert text({"x": name}).isprintable()


def test_values_are_as_rabbitmqctl_writes_them() -> None:
    assert [text(value) for value in (True, False, None, 5, {}, [])] == [
        *("true", "false", "", "5", "[]", "[]")
    ]
    assert text(["administrator", "a\n"]) == "[administrator, a\\n]"
    assert text([1, "a"]) == '[1, "a"]'
    assert text({"x-max-length": 5}) == '{"x-max-length": 5}'


@pytest.mark.parametrize(
    ("value", "formatter", "lines"),
    [
        ({"a": 1, "long": None}, "table", ["a     1", "long"]),
        ({"a": 1, "long": True}, "tsv", ["a\t1", "long\ttrue"]),
        ("pong", "tsv", ["pong"]),
        (None, "tsv", []),
        (None, "json", ["null"]),
        ({"a": 1}, "json", ['{\n  "a": 1\n}']),
    ],
)
def test_one_thing_is_printed_line_by_line(value, formatter: str, lines: list[str]) -> None:
    found: list[str] = []
    print_value(value, formatter=formatter, say=found.append)
    assert found == lines
