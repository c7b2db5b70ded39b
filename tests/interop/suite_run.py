"""Running the suites in other languages: each case a subtest."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager

import pytest

from tests.interop.broker_under_test import BrokerUnderTest
from tests.interop.case_report import Case
from tests.interop.suite_build import BUILD_SECONDS_MAX, Command

RUN_SECONDS_MAX = 90
SUITE_SECONDS_MAX = BUILD_SECONDS_MAX + RUN_SECONDS_MAX


def run_suite(
    commands: Iterable[Command],
    read: Callable[[str], Iterable[Case]],
    broker: BrokerUnderTest,
    subtests: pytest.Subtests,
    **environment: str,
) -> None:
    """Runs these processes, all at once, for most of their time is spent waiting."""
    environment = {**os.environ, "LEVERET_TEST_BROKER": broker.url, **environment}
    with ExitStack() as stack:
        processes = [stack.enter_context(started(each, environment)) for each in commands]
        for process in processes:
            output = whole_output(process)
            cases = list(read(output))
            assert cases, output
            for case in cases:
                with subtests.test(case.name):
                    assert case.passed, case.error
            has_failed = not all(case.passed for case in cases)
            assert has_failed or not process.returncode, (
                f"ended with {process.returncode}: {output}"
            )


def whole_output(process: subprocess.Popen[str]) -> str:
    """What it printed until it ended, or had to be ended."""
    try:
        return process.communicate(timeout=RUN_SECONDS_MAX)[0]
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        return process.communicate()[0]


@contextmanager
def started(command: Command, environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """A process in a group of its own, so that what it starts ends with it."""
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
