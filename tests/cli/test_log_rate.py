import logging

import pytest

from leveret.cli.log_rate import KINDS_MAX, LogRate

SUPPRESSED = "%d more lines suppressed of the kind: %s"


class Log:
    """A logger with a rate, a clock that a test sets, and what was written."""

    def __init__(self, lines_max: int, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        self.written: list[str] = []
        self.alarms: list[tuple[float, tuple[object, ...]]] = []
        self.rate = LogRate(lines_max, lambda: self.now)
        monkeypatch.setattr("leveret.cli.log_rate.log.log", self.log)

    def log(self, level: int, message: str, *arguments: object) -> None:
        record = logging.LogRecord("leveret", level, "x.py", 1, message, arguments, None)
        if self.rate.filter(record):
            self.written.append(record.getMessage())

    def flood(self, message: str, count: int) -> None:
        for number in range(count):
            self.log(logging.INFO, message, number)

    def ring(self) -> None:
        """The time has come for all that is to be done later."""
        alarms, self.alarms = self.alarms, []
        for _, (function, *arguments) in alarms:
            function(*arguments)

    def later(self, seconds: float, *call: object) -> None:
        self.alarms.append((seconds, call))


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Log:
    return Log(3, monkeypatch)


def test_of_one_kind_so_many_lines_are_written_in_a_second(log: Log) -> None:
    log.flood("client %d failed", 100)
    assert log.written == ["client 0 failed", "client 1 failed", "client 2 failed"]


def test_another_kind_is_written_all_the_same(log: Log) -> None:
    log.flood("client %d failed", 100)
    log.flood("client %d is gone", 1)
    assert log.written[3:] == ["client 0 is gone"]


def test_the_next_line_of_the_kind_tells_how_many_there_were_before(log: Log) -> None:
    log.flood("client %d failed", 100)
    log.now += 1
    log.flood("client %d failed", 1)
    assert log.written[3:] == [
        "97 more lines suppressed of the kind: client %d failed",
        "client 0 failed",
    ]


def test_when_the_second_is_over_it_is_told_though_no_line_comes(log: Log) -> None:
    log.rate.later = log.later
    log.now += 0.25
    log.flood("client %d failed", 3)
    log.now += 0.5
    log.flood("client %d failed", 2)
    ((seconds, _),) = log.alarms
    assert seconds == 0.5
    log.ring()
    assert log.written[3:] == ["2 more lines suppressed of the kind: client %d failed"]
    log.now += 2
    log.flood("client %d failed", 1)
    assert log.written[4:] == ["client 0 failed"]


def test_what_is_told_of_many_kinds_is_a_kind_itself(log: Log) -> None:
    log.rate.later = log.later
    for kind in range(10):
        log.flood(f"kind {kind}: %d", 4)
    log.written.clear()
    log.ring()
    assert len(log.written) == 3
    log.ring()
    assert len(log.written) <= 6


def test_there_are_not_more_kinds_than_a_program_can_have(log: Log) -> None:
    for number in range(KINDS_MAX + 10):
        log.log(logging.INFO, f"made up {number}")
    assert len(log.written) == KINDS_MAX + 3


def test_a_long_kind_is_cut(log: Log) -> None:
    log.flood("%d" + "x" * 10_000, 4)
    log.now += 1
    log.flood("%d" + "x" * 10_000, 1)
    assert len(log.written[3]) < 300
