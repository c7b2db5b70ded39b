import pytest

from leveret.cli.duration import parse_duration, show_duration


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("0", 0),
        ("10", 10_000),
        ("500ms", 500),
        ("10s", 10_000),
        ("2m", 120_000),
        ("1h", 3_600_000),
        (" 3 s ", 3_000),
    ],
)
def test_a_duration_is_a_number_and_a_unit(text: str, milliseconds: int) -> None:
    assert parse_duration(text) == milliseconds


@pytest.mark.parametrize("text", ["", "s", "-1s", "1.5s", "1d", "10S", "1h30m", "\u0663s"])
def test_anything_else_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="is not a time"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["0s", "1ms", "1500ms", "10s", "90s", "2m", "1h"])
def test_what_is_shown_is_read_again(text: str) -> None:
    assert show_duration(parse_duration(text)) == text
