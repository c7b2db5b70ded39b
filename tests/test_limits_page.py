"""The page of limits is what the sources say, and no limit is missing."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from leveret.limits import SETTABLE

TESTS = Path(__file__).parent
ROOT = TESTS.parent
SOURCE = ROOT / "src" / "leveret"
PAGE = ROOT / "docs" / "limits.md"
NAMED = sorted(set(re.findall(r"`([\w/]+\.py)::(\w+)`", PAGE.read_text())))
LOOKS_LIKE_A_LIMIT = re.compile(r"_(MAX|MIN|MS|S|LIMIT|RESERVED|PER_TURN|PER_READ)$|^BACKLOG$")
WITHOUT_PEERS = {"bench"}  # a client, whose user sets what it does


def fixed_limits() -> dict[str, object]:
    """What scripts/fixed_limits.py says: a script is no package."""
    names: dict[str, object] = {}
    exec((ROOT / "scripts" / "fixed_limits.py").read_text(), names)
    return names


def constants() -> set[str]:
    """All in the sources that look like limits, as places."""
    found = set()
    for path in SOURCE.rglob("*.py"):
        module = path.relative_to(SOURCE).with_suffix("").as_posix()
        if module.partition("/")[0] in WITHOUT_PEERS:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            targets = node.targets if isinstance(node, ast.Assign) else []
            if isinstance(node, ast.AnnAssign):
                targets = [node.target]
            for target in targets:
                if isinstance(target, ast.Name) and target.id.isupper():
                    if LOOKS_LIKE_A_LIMIT.search(target.id):
                        found.add(f"{module}.{target.id}")
    return found


def test_the_page_is_what_the_sources_say() -> None:
    command = [sys.executable, str(ROOT / "scripts" / "limits_page.py"), "--check"]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


def test_each_constant_that_looks_like_a_limit_is_on_the_page_or_is_none() -> None:
    said = fixed_limits()
    places = {limit.place for table in ("MET", "PACE", "KEPT") for limit in said[table]}
    missing = constants() - places - said["NOT_LIMITS"].keys()
    assert not missing, (
        f"what does a peer see that meets it? Say in scripts/fixed_limits.py: {missing}"
    )
    assert said["NOT_LIMITS"].keys() <= constants()


@pytest.mark.parametrize("limit", SETTABLE, ids=lambda limit: limit.flag)
def test_each_option_is_on_the_page(limit) -> None:
    assert f"| `{limit.flag} " in PAGE.read_text()


@pytest.mark.parametrize(("module", "test"), NAMED)
def test_a_test_that_is_named_is_there(module: str, test: str) -> None:
    assert re.search(rf"^(async )?def {test}\(", (TESTS / module).read_text(), re.MULTILINE)
