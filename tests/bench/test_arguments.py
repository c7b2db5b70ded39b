"""The command line of the bench."""

from __future__ import annotations

import argparse
import re
import shlex

import pytest

from leveret.bench.arguments import add_arguments, read_options
from leveret.bench.options import Options


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    return parser


def options(line: str = "") -> Options:
    return read_options(make_parser().parse_args(shlex.split(line)))


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


def test_routing_has_its_names_and_arguments() -> None:
    line = "-t headers --binding-argument x-match=any --binding-key k --queue-argument x-expires=9"
    assert options(line) == Options(
        exchange_type="headers",
        binding_arguments={"x-match": "any"},
        binding_key="k",
        queue_arguments={"x-expires": 9},
    )


def test_a_property_is_text_or_number_as_its_kind_is() -> None:
    line = "--property content_type=text/plain --property timestamp=17 --property message_id=5"
    assert options(line).properties == {
        "content_type": "text/plain",
        "timestamp": 17,
        "message_id": "5",
    }


def test_a_header_is_json_or_else_text() -> None:
    line = "--header id=1 --header urgent=true --header name=a=b --header 'text=\"1\"'"
    assert options(line).properties == {
        "headers": {"id": 1, "urgent": True, "name": "a=b", "text": "1"}
    }


def test_properties_come_together_from_all_their_options() -> None:
    line = (
        '--properties \'{"type": "a", "priority": 1, "headers": {"id": 1, "by": 2}}\''
        " --property type=b --priority 3 --expiration 100 --header id=4"
    )
    assert options(line).properties == {
        "type": "b",
        "priority": 3,
        "expiration": "100",
        "headers": {"id": 4, "by": 2},
    }


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
        ("--properties '{\"headers\": 5}'", "headers: 5 is not a JSON object"),
        ("--property colour=red", "'colour' is none of content_type, "),
        ("--property headers=1", "'headers' is none of"),
        ("--property timestamp=now", "timestamp: 'now' is not a number"),
        ("--property type", "'type' is not NAME=VALUE"),
        ("--header =1", "'=1' is not NAME=VALUE"),
        ("--expiration 1s", "'1s' is not a number of milliseconds"),
        ("--churn messages", "invalid choice: 'messages'"),
    ],
)
def test_a_value_of_the_wrong_kind_is_named(
    line: str, complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        options(line)
    assert re.search(complaint, capsys.readouterr().err)


def test_the_examples_of_the_help_are_valid() -> None:
    examples = re.findall(r"^  leveret bench (.*?)(?:   |$)", make_parser().format_help(), re.M)
    assert len(examples) > 5
    for example in examples:
        options(example)
