"""Building the suites in other languages: out of the source tree, and only when something changed.

What cannot be built here, because a toolchain is missing or too old or a registry cannot be
reached, is skipped with the reason; what does not compile fails.
"""

import hashlib
import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

BUILDS = Path(__file__).parents[2] / "build" / "clients"
BUILD_SECONDS_MAX = 900  # empty caches, a slow registry, two slow cores
POLITELY = ("nice", "-n", "10")  # the rest of the machine may be timing something
UNREACHABLE = re.compile(
    r"\b(?:ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ENETUNREACH|ETIMEDOUT"  # npm
    r"|no such host|connection refused|i/o timeout|network is unreachable"  # go
    r"|could(?: not|n't) (?:resolve|connect)|failed to connect|timed out"  # cargo
    r"|unknown host|name or service not known|temporary failure in name resolution)\b",  # mvn
    re.IGNORECASE,
)
Command = Sequence[str | Path]


def require(client: str, programs: Sequence[str], version: Command, minimum: str) -> str:
    """What the command says of its version; skips where a program is missing or too old."""
    for program in programs:
        if shutil.which(program) is None:
            pytest.skip(f"no {program} here: {client} is not tested")
    done = subprocess.run(version, capture_output=True, text=True, check=True)
    said = done.stdout + done.stderr
    found = re.search(r"\d+(?:\.\d+)*", said)
    assert found, said
    if numbers(found[0]) < numbers(minimum):
        pytest.skip(f"{programs[0]} {found[0]} here: {client} needs {minimum}")
    return said


def numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]


def build(folder: Path, toolchain: str, steps: Callable[[Path], None]) -> Path:
    """The folder with what the steps make of this one, now or in an earlier run."""
    target = BUILDS / folder.name
    key, stamp = fingerprint(folder, toolchain), target / "built"
    if not stamp.exists() or stamp.read_text() != key:
        target.mkdir(parents=True, exist_ok=True)
        stamp.unlink(missing_ok=True)
        steps(target)
        stamp.write_text(key)
    return target


def fingerprint(folder: Path, toolchain: str) -> str:
    digest = hashlib.sha256(toolchain.encode())
    for path in sorted(path for path in folder.iterdir() if path.is_file()):
        digest.update(f"{path.name} {path.stat().st_size}\n".encode() + path.read_bytes())
    return digest.hexdigest()


def run_step(*command: str | Path, cwd: Path) -> None:
    """Runs one step of a build; skips if it needs a registry that it cannot reach."""
    done = subprocess.run(
        [*POLITELY, *command],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=BUILD_SECONDS_MAX,
    )
    if done.returncode and (reason := UNREACHABLE.search(done.stdout)):
        pytest.skip(f"{command[0]} cannot reach its registry: {reason[0]}")
    assert done.returncode == 0, done.stdout
