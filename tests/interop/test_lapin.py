"""lapin for Rust: the cases of the Rust files in lapin/, each a subtest here."""

from pathlib import Path

import pytest

from tests.interop.broker_under_test import BrokerUnderTest
from tests.interop.case_report import read_libtest
from tests.interop.suite_build import build, require, run_step
from tests.interop.suite_run import SUITE_SECONDS_MAX, run_suite

FOLDER = Path(__file__).with_name("lapin")
CARGO_MIN = "1.88"


@pytest.mark.slow
@pytest.mark.timeout(SUITE_SECONDS_MAX)
def test_lapin(broker: BrokerUnderTest, subtests: pytest.Subtests) -> None:
    toolchain = require("lapin", ["cargo", "rustc", "cc"], ["cargo", "--version"], CARGO_MIN)
    (program,) = programs(build(FOLDER, toolchain, compile_cases))
    run_suite([[program]], read_libtest, broker, subtests)


def compile_cases(target: Path) -> None:
    for old in programs(target):
        old.unlink()
    run_step("cargo", "test", "--no-run", "--locked", "--target-dir", target, cwd=FOLDER)


def programs(target: Path) -> list[Path]:
    """Cargo adds a hash to the name of the test program."""
    found = (target / "debug" / "deps").glob("leveret_interop_lapin-*")
    return [path for path in found if not path.suffix]
