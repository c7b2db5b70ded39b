"""Writes docs/limits.md: the limits that can be set, from `leveret.limits`, and those that cannot,
from fixed_limits.py and the constants that it names.

`make docs` writes the page; with --check it is only compared, and status 1 says that it differs.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

from fixed_limits import KEPT, MET, PACE, Fixed, Inner

from leveret.cli.limit_options import METAVARS, show_default
from leveret.cli.size import show_size
from leveret.limits import KIB, SETTABLE, Group, Limit

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "leveret"
PAGE = ROOT / "docs" / "limits.md"

HEAD = """\
# Limits

Whatever a client can make grow has a limit, with a name, a number and a reason. Who meets one is told so with the answer in the table, and nobody else notices. What becomes of input that is not AMQP at all, or late, or cut off, is on the page on [bad input](bad-input.md).

`make docs` writes this page from the [declarations](../src/leveret/limits.py) and from the constants in the sources. Tests are named from the folder `tests` on.

## Connections too many

The broker counts open sockets, whatever is said on them. A client that is one too many logs in like any other, and is told 530 `NOT_ALLOWED - connection refused: node connection limit (N) is reached` when it opens its virtual host, as RabbitMQ does it; it has the time of a handshake for that. At most 64 clients are on this way at a time: of more the socket is closed as soon as it is accepted, because each takes a file descriptor, and a flood of them should not cost a handshake each. An address is an IPv4 address, or the first 64 bits of an IPv6 address.
"""

SETTABLE_HEAD = """
## Limits that can be set

Each is an option of `leveret serve`. A SIZE is a number of bytes, or has one of the units kB, MB, GB, KiB, MiB, GiB; a TIME has ms, s, m or h, and is seconds without.
"""

MET_HEAD = """
## Limits that cannot be set

| limit | number | what | why so much | what the peer is told | why it cannot be set | test |
|---|---|---|---|---|---|---|
"""

PACE_HEAD = """
## How much is done at a time

These keep turns short. Nobody is refused anything: what is left over comes in the next turn. They cannot be set, because no number serves one user better than another: they hang on the machine and on the code.

| limit | number | what | why so much | test |
|---|---|---|---|---|
"""

KEPT_HEAD = """
## How much is kept for later

These bound memory that saves work. Nobody is refused anything: what is not kept is made anew. They cannot be set, because more would hardly save more.

| limit | number | what | why so much | test |
|---|---|---|---|---|
"""


def page() -> str:
    parts = [HEAD, SETTABLE_HEAD]
    for group in Group:
        heading = group.value[0].upper() + group.value[1:]
        parts.append(f"\n### {heading}\n\n")
        parts.append("| option | default | what | why so much | what the peer is told | test |\n")
        parts.append("|---|---|---|---|---|---|\n")
        parts += [settable_row(limit) for limit in SETTABLE if limit.group is group]
    parts += [MET_HEAD, *map(fixed_row, MET)]
    parts += [PACE_HEAD, *map(inner_row, PACE)]
    parts += [KEPT_HEAD, *map(inner_row, KEPT)]
    return "".join(parts)


def settable_row(limit: Limit) -> str:
    option = f"`{limit.flag} {METAVARS[limit.unit]}`"
    return row(option, show_default(limit), limit.what, limit.reason, limit.told, f"`{limit.test}`")


def fixed_row(fixed: Fixed) -> str:
    return row(*numbered(fixed), fixed.told, fixed.why, f"`{fixed.test}`")


def inner_row(inner: Inner) -> str:
    return row(*numbered(inner), f"`{inner.test}`")


def row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |\n"


def numbered(limit: Fixed | Inner) -> tuple[str, str, str, str]:
    """Name, number, what and why."""
    number, reason = constant(limit.place)
    name = limit.place.rpartition(".")[2]
    if limit.unit == "bytes" and number >= KIB:
        return f"`{name}`", show_size(number), limit.what, reason
    return f"`{name}`", f"{number:,} {limit.unit}".strip(), limit.what, reason


def constant(place: str) -> tuple[int, str]:
    """The number of a constant, and the words beside it: behind it, above it or below it."""
    module, _, name = place.rpartition(".")
    path = SOURCE / f"{module}.py"
    for node in assignments(path):
        if isinstance(node.target, ast.Name) and node.target.id == name:
            return number_of(node.value), words_beside(path, node)
    raise LookupError(f"{place}: {path} has no such constant")


def assignments(path: Path) -> Iterator[ast.AnnAssign]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.AnnAssign):
            yield node
        elif isinstance(node, ast.Assign) and len(node.targets) == 1:
            plain = ast.AnnAssign(node.targets[0], ast.Constant(None), node.value, simple=1)
            yield ast.copy_location(plain, node)


def number_of(value: ast.expr) -> int:
    """Of `64`, `1 << 20`, `(256 + 64) * 1024`, `cython.declare(cython.int, 64)`."""
    if isinstance(value, ast.Call):
        value = value.args[1]
    number = eval(compile(ast.Expression(value), "constant", "eval"), {})
    return int(number)


def words_beside(path: Path, node: ast.AnnAssign) -> str:
    lines = path.read_text().splitlines()
    _, found, behind = lines[(node.end_lineno or node.lineno) - 1].partition("#")
    if found:
        return behind.strip()
    below = lines[node.end_lineno or node.lineno : (node.end_lineno or node.lineno) + 1]
    if below and below[0].startswith('"""'):
        return below[0].strip('"')
    return " ".join(comment_above(lines[: node.lineno - 1]))


def comment_above(lines: list[str]) -> list[str]:
    """Of several constants in a row, the first has it."""
    words: list[str] = []
    for line in reversed(lines):
        text = line.strip()
        if text.startswith("#"):
            words.insert(0, text.lstrip("# "))
        elif words or not text:
            break
    return words


def main() -> int:
    text = page()
    if "--check" in sys.argv[1:]:
        if PAGE.exists() and PAGE.read_text() == text:
            return 0
        print(f"{PAGE.relative_to(ROOT)} is not what the sources say: make docs", file=sys.stderr)
        return 1
    PAGE.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
