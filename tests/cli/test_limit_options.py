import argparse

import pytest

from leveret.broker.limits import Limits
from leveret.cli.limit_options import add_limit_options, show, show_default, values_for
from leveret.limits import AUTOMATIC, SETTABLE, Group, Limit, Unit
from leveret.peers.settings import Settings
from leveret.server.config import Config


def limits_in(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_limit_options(parser)
    return parser.parse_args(words)


@pytest.mark.parametrize("limit", SETTABLE, ids=lambda limit: limit.flag)
def test_each_limit_can_be_set_and_is_what_it_is_by_default(limit: Limit) -> None:
    default = AUTOMATIC if limit.default_text else limit.default
    assert getattr(limits_in(), limit.name) == default
    for value in (limit.least, limit.most):
        arguments = limits_in(limit.flag, show(limit, value).replace(",", ""))
        assert getattr(arguments, limit.name) == value


@pytest.mark.parametrize("limit", SETTABLE, ids=lambda limit: limit.flag)
@pytest.mark.parametrize("end", ["least", "most"])
def test_beyond_its_bounds_a_limit_is_refused_and_they_are_told(
    limit: Limit, end: str, capsys: pytest.CaptureFixture[str]
) -> None:
    beyond = limit.least - 1 if end == "least" else limit.most + 1
    unit = "ms" if limit.unit is Unit.MILLISECONDS else ""
    with pytest.raises(SystemExit):
        limits_in(f"{limit.flag}={beyond}{unit}")
    words = capsys.readouterr().err
    assert f"argument {limit.flag}:" in words
    expected = f"is not between {show(limit, limit.least)} and {show(limit, limit.most)}"
    assert expected in words or beyond < 0


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--max-channels", "many"], "'many' is not a number: write 1000 or 1,000"),
        (["--max-channels", "9" * 16], "is not a number"),
        (["--max-frame-size", "large"], "'large' is not a size"),
        (["--handshake-timeout", "soon"], "'soon' is not a time"),
        (["--heartbeat", "1500ms"], "'1500ms' is not a number of whole seconds"),
    ],
)
def test_what_is_no_number_is_refused_with_how_to_write_it(
    words: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        limits_in(*words)
    assert reason in capsys.readouterr().err


def test_numbers_may_be_grouped() -> None:
    assert limits_in("--max-channels", "1,000").channels_max == 1_000
    assert limits_in("--max-channels", "1_000_000").channels_max == 1_000_000


def test_each_limit_has_its_place_and_no_other() -> None:
    arguments = limits_in()
    places = [values_for(made, arguments) for made in (Config, Limits, Settings)]
    names = [name for place in places for name in place]
    assert sorted(names) == sorted(
        {limit.name for limit in SETTABLE} - {"log_lines_per_second_max"}
    )


def test_the_help_has_them_in_groups_with_their_defaults() -> None:
    parser = argparse.ArgumentParser()
    add_limit_options(parser)
    words = " ".join(parser.format_help().split())
    for group in Group:
        assert f"{group.value}:" in words
    for limit in SETTABLE:
        assert f"(default: {show_default(limit)})" in words
