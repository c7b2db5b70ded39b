from __future__ import annotations

import io

from leveret.cli.log_report import PROGRESS_SECONDS, ProgressLine, count, info_lines, size
from leveret.log.inspect import LogInfo, StreamInfo


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_is_shown_on_a_terminal_now_and_then_and_goes_away() -> None:
    terminal, times = Terminal(), iter([0.0, 0.01, PROGRESS_SECONDS, PROGRESS_SECONDS, 0.15])
    with ProgressLine(terminal, lambda: next(times)) as line:
        line.show(1)
        assert terminal.getvalue() == ""
        line.show(3 << 20)
        line.show(4 << 20)
        assert terminal.getvalue() == "\r3.0 MiB read"
    assert terminal.getvalue() == "\r3.0 MiB read\r" + " " * 12 + "\r"


def test_elsewhere_there_is_no_progress() -> None:
    file = io.StringIO()
    with ProgressLine(file, lambda: 0.0) as line:
        line.show(1 << 30)
    assert file.getvalue() == ""


def test_numbers_are_for_people() -> None:
    assert [count(1, "batch", "batches"), count(2000, "batch", "batches")] == [
        "1 batch",
        "2,000 batches",
    ]
    assert [size(1), size(1000), size(3 << 19)] == ["1 byte", "1,000 bytes", "1.5 MiB"]


def test_what_was_lost_is_told_of_a_stream() -> None:
    info = LogInfo("dir", hot=StreamInfo(segment_count=1, lost_count=2, first_number=1))
    assert "            2 batches lost in a repair" in list(info_lines(info))
