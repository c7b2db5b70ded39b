import logging
import sys

from leveret.cli.log_format import LogFormatter


def line(message: str, *arguments: object, error: Exception | None = None) -> str:
    info = (type(error), error, None) if error else None
    record = logging.LogRecord("leveret", logging.INFO, "x.py", 1, message, arguments, info)
    return LogFormatter().format(record)


def test_an_event_is_one_line_with_its_time_and_level() -> None:
    text = line("connection %d is here", 4)
    assert text.endswith(" INFO connection 4 is here")
    assert text[:2].isdigit()


def test_what_came_over_the_network_forges_no_line_and_reaches_no_terminal() -> None:
    text = line("user %s", "a\nb\r\x1b[2J\x7f\x9bc ü")
    assert text.endswith("user a\\x0ab\\x0d\\x1b[2J\\x7f\\x9bc ü")


def test_a_traceback_follows_indented_and_cannot_be_forged_either() -> None:
    text = line("internal error", error=ValueError("a\n2026-01-01 INFO all is well \x1b[2J"))
    assert text.splitlines()[1:] == [
        "    ValueError: a",
        "    2026-01-01 INFO all is well \\x1b[2J",
    ]


def test_a_real_traceback_is_whole() -> None:
    try:
        raise RuntimeError("here")
    except RuntimeError:
        record = logging.LogRecord("x", logging.ERROR, "x.py", 1, "oh", (), sys.exc_info())
    assert "test_a_real_traceback_is_whole" in LogFormatter().format(record)
