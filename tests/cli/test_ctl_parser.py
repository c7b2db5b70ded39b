"""The words of `leveret ctl`: which command they mean, and what they give it."""

import argparse
import shlex

import pytest

from leveret.broker.commands.command import WrongUsage
from leveret.cli.ctl_parser import ALL, help_text, make_parser, parse, split


def parsed(line: str) -> argparse.Namespace:
    command, rest = split(line.split())
    assert command is not None
    return parse(command, rest)


def given(line: str) -> dict[str, object]:
    return parsed(line).given


def refused(line: str) -> str:
    with pytest.raises(WrongUsage) as refusal:
        parsed(line)
    return refusal.value.text


@pytest.mark.parametrize(
    "line",
    [
        "list_queues name -p x --json messages",
        "-p x list_queues name messages --json",
        "list queues --vhost x --formatter json name messages",
        "--json list-queues --vhost=x name messages",
    ],
)
def test_words_may_be_in_any_order(line: str) -> None:
    options = parsed(line)
    assert (options.given, options.chosen) == ({"vhost": "x"}, ["name", "messages"])
    assert options.formatter == "json"


def test_what_is_not_said_is_the_brokers_to_say() -> None:
    options = parsed("list_queues")
    assert (options.given, options.chosen) == ({}, ["name", "messages"])
    assert (options.socket, options.data_dir, options.formatter) == (None, None, None)
    assert (options.timeout, options.quiet) == (60, False)


@pytest.mark.parametrize("flag", ["-q", "-s", "--quiet", "--no-headers", "--no-table-headers"])
def test_a_header_may_be_left_out_as_rabbitmqctl_does(flag: str) -> None:
    assert parsed(f"list_queues {flag}").quiet


def test_flags_and_texts_are_arguments() -> None:
    assert given("delete_queue q -e --if-unused -p x") == {
        **{"name": "q", "if_empty": True, "if_unused": True, "vhost": "x"}
    }
    assert given("bind a b") == {"source": "a", "destination": "b", "arguments": {}}
    assert given("bind a b c --destination-type exchange")["routing_key"] == "c"


def test_arguments_are_pairs_or_json() -> None:
    line = 'declare_queue q --arguments {"a":[1]} --argument b=5 --argument c=x=y --argument d=true'
    assert given(line)["arguments"] == {"a": [1], "b": 5, "c": "x=y", "d": True}


def test_a_negative_number_is_one() -> None:
    assert given("declare_queue q --argument b=-5")["arguments"] == {"b": -5}


def test_a_timeout_may_be_for_ever() -> None:
    assert parsed("ping -t infinity").timeout > 30_000_000
    assert parsed("ping --timeout 0.5").timeout == 0.5


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("list_queue", "unknown command 'list_queue': did you mean list_queues?"),
        ("list quees", "unknown command 'list_quees': did you mean list_queues?"),
        ("xyz", "unknown command 'xyz': `leveret ctl --help` has all there are"),
        ("list_queues nam", "unknown column of list_queues 'nam': did you mean name?"),
        ("list_queues --jsn", "unknown option of list_queues '--jsn': did you mean --json?"),
        ("ping --json=x", "argument --json: ignored explicit argument 'x'"),
        ("ping x", "'x' is one word too many for ping"),
        ("delete_queue", "the following arguments are required: NAME"),
        ("bind a b --destination-type x", "unknown destination_type 'x': there are: queue, exch"),
        ("declare_queue q --argument x", "argument --argument: 'x' is not NAME=VALUE"),
        ("declare_queue q --arguments x", "argument --arguments: 'x' is not JSON: "),
        ("declare_queue q --arguments []", "argument --arguments: '[]' is not a JSON object"),
        ("ping -t 0", "argument -t/--timeout: '0' is not a number of seconds"),
        ("ping -t x", "argument -t/--timeout: 'x' is not a number of seconds"),
    ],
)
def test_what_makes_no_sense_is_told(line: str, text: str) -> None:
    assert refused(line).startswith(text)


def test_a_secret_is_asked_for_if_it_is_not_among_the_words() -> None:
    asked = parse(ALL["add_user"], ["ann", "--tags", "a,b"], lambda name: f"the {name}").given
    assert asked == {"username": "ann", "password": "the password", "tags": ["a", "b"]}
    assert given("add_user ann 123")["password"] == "123"


def test_words_may_be_many_or_none() -> None:
    assert given("set_user_tags ann a b")["tags"] == ["a", "b"]
    assert "tags" not in given("set_user_tags ann")


def test_limits_are_json() -> None:
    assert given('set_user_limits ann {"max-channels":5}')["limits"] == {"max-channels": 5}


def test_rabbitmqctls_other_names_are_known() -> None:
    assert [split([name])[0] for name in ("await_startup", "shutdown")] == [
        *(ALL["wait"], ALL["stop"])
    ]


def test_without_a_command_there_is_none() -> None:
    assert split(["--help"]) == (None, ["--help"])
    assert split(["--socket", "list_queues"]) == (None, ["--socket", "list_queues"])


def test_the_help_has_each_command_and_examples() -> None:
    text = help_text()
    assert all(f"\n  {name} " in text for name in ALL)
    assert "examples:\n  leveret ctl status" in text


@pytest.mark.parametrize("command", ALL.values(), ids=lambda command: command.name)
def test_each_command_explains_itself(command) -> None:
    text = make_parser(command).format_help()
    assert text.startswith(f"usage: leveret ctl {command.name} ")
    assert all(f"\n  {column.name} " in text for column in command.columns)


@pytest.mark.parametrize(
    "command", [each for each in ALL.values() if each.example], ids=lambda command: command.name
)
def test_each_example_makes_sense(command) -> None:
    parse(command, shlex.split(command.example), lambda name: name)
