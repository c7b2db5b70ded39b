"""amqp091-go: the cases of the Go files in amqp091_go/, each a subtest here."""

from pathlib import Path

import pytest

from tests.interop.broker_under_test import BrokerUnderTest
from tests.interop.case_report import read_go_events
from tests.interop.suite_build import build, require, run_step
from tests.interop.suite_run import SUITE_SECONDS_MAX, run_suite

FOLDER = Path(__file__).with_name("amqp091_go")
GO_MIN = "1.20"


@pytest.mark.slow
@pytest.mark.timeout(SUITE_SECONDS_MAX)
def test_amqp091_go(broker: BrokerUnderTest, subtests: pytest.Subtests) -> None:
    toolchain = require("amqp091-go", ["go"], ["go", "version"], GO_MIN)
    program = build(FOLDER, toolchain, compile_cases) / "cases"
    command = ["go", "tool", "test2json", program, "-test.v=test2json"]
    run_suite([command], read_go_events, broker, subtests)


def compile_cases(target: Path) -> None:
    run_step("go", "test", "-c", "-o", target / "cases", cwd=FOLDER)
