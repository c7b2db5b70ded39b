"""RabbitMQ's client for Java: the cases of the Java files in java_client/, each a subtest here."""

import os
import shutil
from pathlib import Path

import pytest

from tests.interop.broker_under_test import BrokerUnderTest
from tests.interop.case_report import read_json_lines
from tests.interop.suite_build import build, require, run_step
from tests.interop.suite_run import SUITE_SECONDS_MAX, run_suite

FOLDER = Path(__file__).with_name("java_client")
JAVA_MIN = "17"
COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.11.0:copy-dependencies"
FETCH = ("--quiet", "--batch-mode", "--strict-checksums", "--update-snapshots", COPY)


@pytest.mark.slow
@pytest.mark.timeout(SUITE_SECONDS_MAX)
def test_java_client(broker: BrokerUnderTest, subtests: pytest.Subtests) -> None:
    toolchain = require(
        "the Java client", ["javac", "java", "mvn"], ["javac", "-version"], JAVA_MIN
    )
    target = build(FOLDER, toolchain, compile_cases)
    path = f"{target / 'classes'}{os.pathsep}{target / 'jars'}/*"
    command = ["java", "-cp", path, "Report", target / "classes"]
    run_suite([command], read_json_lines, broker, subtests)


def compile_cases(target: Path) -> None:
    classes, jars = target / "classes", target / "jars"
    for old in (classes, jars):
        shutil.rmtree(old, ignore_errors=True)
    run_step("mvn", *FETCH, f"-DoutputDirectory={jars}", cwd=FOLDER)
    options = ("--release", JAVA_MIN, "-encoding", "UTF-8")
    run_step(
        "javac", *options, "-cp", f"{jars}/*", "-d", classes, *FOLDER.glob("*.java"), cwd=FOLDER
    )
