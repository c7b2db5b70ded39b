"""What `leveret bench` prints, and how it ends."""

from __future__ import annotations

import argparse
import json
import os
import pty
import re
import signal
import subprocess
import sys

import pytest

from leveret.bench import command
from tests.broker_process import BrokerProcess


def bench(line: str) -> int:
    parser = argparse.ArgumentParser()
    command.configure(parser)
    return command.run(parser.parse_args(line.split()))


def test_totals_go_to_standard_output(
    broker: BrokerProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bench(f"--uri {broker.url} --count 10") == 0
    assert re.match(r"published +10 messages in .*\nconsumed +10 messages", capsys.readouterr().out)


def test_json_is_one_object(broker: BrokerProcess, capsys: pytest.CaptureFixture[str]) -> None:
    assert bench(f"--uri {broker.url} --count 10 --json") == 0
    assert json.loads(capsys.readouterr().out)["consumed"] == 10


def test_churn_prints_its_totals(broker: BrokerProcess, capsys: pytest.CaptureFixture[str]) -> None:
    assert bench(f"--uri {broker.url} --churn channels --count 10") == 0
    assert re.match(r"channels +10 opened and closed in ", capsys.readouterr().out)


def test_idle_prints_what_was_reached(
    broker: BrokerProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bench(f"--uri {broker.url} --idle-connections 2 --time 0.01 --json") == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["connections"]["reached"] == 2
    assert "holding 2 connections, 0 queues: Ctrl-C ends it" in err


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "begun"),
    [
        (["--idle-queues", "3"], "holding 0 connections, 3 queues"),
        (["--churn", "channels"], " channels"),
    ],
)
def test_ctrl_c_ends_what_holds_and_churns_too(
    broker: BrokerProcess, options: list[str], begun: str
) -> None:
    out = interrupted(["bench", "--uri", broker.url, "--json", *options], begun)
    assert json.loads(out)["failure"] is None


def test_a_refusal_is_one_line_and_status_1(
    broker: BrokerProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bench(f"--uri {broker.url} --exchange nowhere") == command.FAILED
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines()[-1].startswith("leveret bench: the broker answered 404 NOT_FOUND")


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("--uri http://localhost", "not an amqp:// URI"),
        ("-x 0 -y 0", "no publishers"),
        ("--churn queues --rate 5", "--rate does not go with --churn"),
        ('--properties {"a":1}', "message properties"),
    ],
)
def test_wrong_usage_is_one_line_and_status_2(
    line: str, complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bench(line) == command.WRONG_USAGE
    assert complaint in capsys.readouterr().err


@pytest.mark.slow
def test_ctrl_c_prints_the_totals_and_succeeds(broker: BrokerProcess) -> None:
    out = interrupted(["bench", "--uri", broker.url, "--rate", "100"], "1 s  published")
    assert out.startswith("published")


def interrupted(arguments: list[str], begun: str) -> str:
    """What the command prints after a Ctrl-C, which comes when `begun` is on the terminal."""
    terminal, its_side = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "leveret", *arguments],
        stdout=subprocess.PIPE,
        stderr=its_side,
        text=True,
    ) as process:
        os.close(its_side)
        live = ""
        while begun not in live:
            live += os.read(terminal, 1000).decode()
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate()
    os.close(terminal)
    assert process.returncode == 0
    return out
