"""amqplib for Node.js: the cases of the JavaScript files in amqplib/, each a subtest here."""

from pathlib import Path

import pytest

from tests.interop.broker_under_test import BrokerUnderTest
from tests.interop.case_report import read_json_lines
from tests.interop.node_environment import FOLDER
from tests.interop.suite_run import SUITE_SECONDS_MAX, run_suite

NODE = ("node", "--test", "--test-reporter", FOLDER / "reporter.js")


@pytest.mark.slow
@pytest.mark.timeout(SUITE_SECONDS_MAX)
def test_amqplib(broker: BrokerUnderTest, amqplib_modules: Path, subtests: pytest.Subtests) -> None:
    commands = [[*NODE, file] for file in sorted(FOLDER.glob("*.test.js"))]
    run_suite(commands, read_json_lines, broker, subtests, NODE_PATH=str(amqplib_modules))
