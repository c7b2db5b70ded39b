"""The command line of the bench."""

from __future__ import annotations

import argparse
import re

import pytest

from leveret.bench.errors import BenchError
from leveret.bench.options import Options, add_arguments, read_options


def options(line: str = "") -> Options:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return read_options(parser.parse_args(line.split()))


def test_without_options_the_defaults_hold() -> None:
    assert options() == Options()


def test_short_names_are_those_of_other_generators() -> None:
    line = "-x 2 -y 3 -s 100 -a 5 -P 10 -c 7 -r 1000 -z 1.5 -C 9 -u q -e x -k key -p -b 99"
    assert options(line) == Options(
        publishers=2,
        consumers=3,
        size=100,
        ack=5,
        prefetch=10,
        confirm=7,
        rate=1000,
        time=1.5,
        count=9,
        queue="q",
        exchange="x",
        routing_key="key",
        persistent=True,
        backlog=99,
    )


def test_properties_are_json() -> None:
    assert options('--properties {"priority":5}').properties == {"priority": 5}


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("--publishers=-1", "'-1' is not a number from 0 on"),
        ("-x one", "'one' is not a number from 0 on"),
        ("--rate 0", "'0' is not a number from 1 on"),
        ("--queues 0", "'0' is not a number from 1 on"),
        ("--time 0", "'0' is not a number of seconds"),
        ("--time inf", "'inf' is not a number of seconds"),
        ("--time soon", "'soon' is not a number of seconds"),
        ("--properties [1]", r"'\[1\]' is not a JSON object"),
        ("--properties {", "'{' is not a JSON object"),
    ],
)
def test_a_value_of_the_wrong_kind_is_named(
    line: str, complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        options(line)
    assert re.search(complaint, capsys.readouterr().err)


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("-x 0 -y 0", "no publishers and no consumers"),
        ("-a 11 -P 10", "--ack may not be larger than --prefetch"),
        ("--latency -s 7", "at least 8 bytes"),
        ("--backlog 5 -y 0", "--backlog needs publishers and consumers"),
        ("--routing-keys 2", "--routing-keys needs --exchange"),
        ("--routing-key a", "--routing-key needs --exchange"),
    ],
)
def test_options_that_do_not_go_together_are_refused(line: str, complaint: str) -> None:
    with pytest.raises(BenchError, match=complaint):
        options(line)


def test_a_consumer_alone_measures_latency_of_any_body() -> None:
    assert options("--latency -s 0 -x 0").latency
