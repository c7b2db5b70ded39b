"""What `leveret ctl` prints: rows as a table, with tabs, or as JSON; one thing line by line.

Names come from clients, and may have anything in them: what is not printable is escaped, so that
neither a terminal nor a script that splits lines is led astray.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any, Final

ALIGNED_ROWS_MAX: Final = 1_000
"""So many are looked at for the width of columns before the first is printed."""
GAP: Final = "  "

Print = Callable[[str], None]


def print_rows(
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    formatter: str,
    quiet: bool,
    say: Print,
) -> None:
    if formatter == "json":
        lines = json_lines(columns, rows)
    else:
        cells: Iterator[list[str]] = ([text(value) for value in row] for row in rows)
        if not quiet:
            cells = chain([list(columns)], cells)
        lines = table_lines(columns, cells) if formatter == "table" else map("\t".join, cells)
    for line in lines:
        say(line)


def table_lines(columns: Sequence[str], cells: Iterator[list[str]]) -> Iterator[str]:
    """Columns are aligned: as wide as the first rows want them."""
    first = list(islice(cells, ALIGNED_ROWS_MAX))
    widths = [max((len(row[at]) for row in first), default=0) for at in range(len(columns))]
    for row in chain(first, cells):
        yield GAP.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def json_lines(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """An array of objects, one on each line."""
    before = "["
    for row in rows:
        yield before + json.dumps(dict(zip(columns, row, strict=True)))
        before = ","
    yield "]" if before == "," else "[]"


def print_value(value: Any, *, formatter: str, say: Print) -> None:
    """The reply of a command that lists nothing."""
    if formatter == "json":
        say(json.dumps(value, indent=2))
    elif isinstance(value, Mapping):
        width = max(map(len, value), default=0)
        for name, of_name in value.items():
            shown = text(of_name)
            say(
                f"{name:{width}}{GAP}{shown}".rstrip()
                if formatter == "table"
                else f"{name}\t{shown}"
            )
    elif value is not None:
        say(text(value))


def text(value: Any) -> str:
    """One value on one line."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return escaped(value)
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return f"[{', '.join(map(escaped, value))}]"
    if isinstance(value, dict | list):
        return escaped(json.dumps(value, ensure_ascii=False)) if value else "[]"
    return str(value)


def escaped(name: str) -> str:
    if name.isprintable():
        return name
    return "".join(
        character if character.isprintable() else escape(character) for character in name
    )


def escape(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is not of UTF-8
        return f"\\x{code - 0xDC00:02x}"
    return character.encode("unicode_escape", "backslashreplace").decode("ascii")
