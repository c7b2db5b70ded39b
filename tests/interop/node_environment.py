"""amqplib, installed by npm for the tests and the examples that use it."""

import shutil
from pathlib import Path

from tests.interop.suite_build import build, require, run_step

FOLDER = Path(__file__).with_name("amqplib")
NODE_MIN = "18"


def install_amqplib() -> Path:
    """The node_modules folder with amqplib as locked; skips where it cannot be had."""
    toolchain = require("amqplib", ["node", "npm"], ["node", "--version"], NODE_MIN)
    return build(FOLDER, toolchain, install_locked) / "node_modules"


def install_locked(target: Path) -> None:
    for name in ("package.json", "package-lock.json"):
        shutil.copy(FOLDER / name, target)
    run_step(
        *("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"),
        cwd=target,
    )
