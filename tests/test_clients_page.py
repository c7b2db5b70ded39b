"""The page on clients tells the truth: which are tested, in which version, and how much."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
PAGE = (TESTS.parent / "docs" / "clients.md").read_text()
ROW = re.compile(
    r"^\| (?P<client>.+) \| \w+ \| `(?P<version>.+)` \| (?P<behaviours>\d+) \| `(?P<tests>.+)` \|$",
    re.MULTILINE,
)
BEHAVIOURS_MIN = 10
MANIFESTS = ("go.mod", "package.json", "pom.xml", "Cargo.toml")
CASE = {  # how a language begins a test
    ".py": r"^(?:async )?def test_",
    ".go": r"^func Test",
    ".java": r"^ *@(?:Test|ParameterizedTest)\b",
    ".js": r"^ *(?:test|closesTheChannelAlone)\(",
    ".rs": r"^#\[test\]",
}
PYPROJECT = tomllib.loads((TESTS.parent / "pyproject.toml").read_text())
GROUPS = PYPROJECT["dependency-groups"]


@dataclass(frozen=True)
class Client:
    name: str
    version: str
    behaviours: int
    files: list[Path]

    @property
    def package(self) -> str:
        """Its name among Python's packages."""
        name = self.name.lower()
        return {"py-amqp": "amqp"}.get(name, name)


CLIENTS = [
    Client(row["client"], row["version"], int(row["behaviours"]), sorted(TESTS.glob(row["tests"])))
    for row in ROW.finditer(PAGE)
]
OF_PYTHON = [client for client in CLIENTS if client.version.startswith(">")]
OF_OTHERS = [client for client in CLIENTS if client not in OF_PYTHON]


def requirements(group: str) -> dict[str, str]:
    """The packages of a dependency group, and which versions of them are taken."""
    items = (item for item in GROUPS[group] if isinstance(item, str))
    parts = (re.match(r"([\w-]+)(?:\[.*\])?(.*)", item) for item in items)
    return {part[1]: part[2] for part in parts if part}


def by_name(client: Client) -> str:
    return client.name


@pytest.mark.parametrize("client", CLIENTS, ids=by_name)
def test_a_client_has_as_many_tests_as_the_page_says(client: Client) -> None:
    count = sum(
        len(re.findall(CASE[file.suffix], file.read_text(), re.MULTILINE)) for file in client.files
    )
    assert count >= client.behaviours >= BEHAVIOURS_MIN


@pytest.mark.parametrize("client", OF_PYTHON, ids=by_name)
def test_a_python_client_is_installed_in_that_version(client: Client) -> None:
    assert client.version in {requirements(group).get(client.package) for group in GROUPS}


@pytest.mark.parametrize("client", OF_OTHERS, ids=by_name)
def test_another_client_is_pinned_to_that_version(client: Client) -> None:
    (manifest,) = (path for path in client.files[0].parent.iterdir() if path.name in MANIFESTS)
    assert re.search(rf"[v=>\"]{re.escape(client.version)}[\"<\n]", manifest.read_text())


def test_no_client_is_left_out() -> None:
    assert requirements("clients").keys() <= {client.package for client in OF_PYTHON}
    suites = {path.parent for name in MANIFESTS for path in TESTS.glob(f"interop/*/{name}")}
    assert suites == {client.files[0].parent for client in OF_OTHERS}
