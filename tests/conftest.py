"""What every test shares: the profiles of hypothesis, and which build of Leveret is under test."""

import importlib.util
import os
from pathlib import Path

import pytest
from hypothesis import settings

SOURCE = Path(__file__).parents[1] / "src"

# The same examples in each run, so that a red test is red for everybody. To look further:
# make test-fast ARGS=--hypothesis-profile=search
settings.register_profile("same", deadline=None, derandomize=True)
settings.register_profile("search", deadline=None, max_examples=2000, print_blob=True)
settings.load_profile("same")


def has(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


def is_compiled() -> bool:
    from leveret.engine.buffer import COMPILED

    return COMPILED


def require_build(wanted: str) -> None:
    """Refuse to test something else than was asked for: a wrong build would pass unseen."""
    import leveret

    if Path(leveret.__file__).is_relative_to(SOURCE):
        raise pytest.UsageError("these are the sources: test what is installed")
    if wanted == "compiled" and not is_compiled():
        raise pytest.UsageError("the installed build is not compiled")
    if wanted == "pure" and (is_compiled() or has("cython")):
        raise pytest.UsageError("this environment has compiled code, or Cython")


def pytest_configure() -> None:
    if wanted := os.environ.get("LEVERET_TEST_BUILD"):  # from scripts/run_tests.py
        require_build(wanted)


def pytest_report_header() -> str:
    if not has("leveret"):
        return "leveret: not installed"
    spec = importlib.util.find_spec("leveret")
    return f"leveret: {'compiled' if is_compiled() else 'uncompiled'}, {spec and spec.origin}"
