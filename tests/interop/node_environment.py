"""amqplib, installed by npm beside the tests that use it."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).with_name("amqplib")
NODE_MAJOR_MIN = 18
INSTALL_SECONDS_MAX = 60
NO_NETWORK = re.compile(r"\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ENETUNREACH|ETIMEDOUT)\b")


def install_amqplib() -> Path:
    """The node_modules folder with amqplib as locked; skips where it cannot be had."""
    modules = FOLDER / "node_modules"
    lock, installed = FOLDER / "package-lock.json", modules / "installed-lock.json"
    require_node()
    if installed.exists() and installed.read_bytes() == lock.read_bytes():
        return modules
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    npm = subprocess.run(
        command, cwd=FOLDER, capture_output=True, text=True, timeout=INSTALL_SECONDS_MAX
    )
    if npm.returncode and (reason := NO_NETWORK.search(npm.stderr)):
        pytest.skip(f"npm cannot reach its registry for amqplib: {reason[0]}")
    assert npm.returncode == 0, npm.stderr
    shutil.copyfile(lock, installed)
    return modules


def require_node() -> None:
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            pytest.skip(f"no {program} here: amqplib for Node.js is not tested")
    version = subprocess.run(["node", "--version"], capture_output=True, text=True).stdout
    if int(version.removeprefix("v").split(".")[0]) < NODE_MAJOR_MIN:
        pytest.skip(f"Node.js {version.strip()}: amqplib needs {NODE_MAJOR_MIN}")
