"""How the suites in other languages tell of their cases, read into one form."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

LIBTEST_RESULT = re.compile(r"^test (\S+) \.\.\. (ok|FAILED)$", re.MULTILINE)
LIBTEST_FAILURE = r"^---- {name} stdout ----\n(.*?)(?=^---- |^failures:$)"


@dataclass(frozen=True)
class Case:
    name: str
    passed: bool
    error: str


def read_json_lines(output: str) -> Iterator[Case]:
    """One object per line, with the fields of a case."""
    for line in output.splitlines():
        yield Case(**json.loads(line))


def read_go_events(output: str) -> Iterator[Case]:
    """What `go tool test2json` makes of Go's own format: one event per line."""
    printed: dict[str, str] = {}
    for line in output.splitlines():
        event = json.loads(line)
        if name := event.get("Test"):
            printed[name] = printed.get(name, "") + event.get("Output", "")
            if event["Action"] in ("pass", "fail"):
                yield Case(name, event["Action"] == "pass", printed[name])


def read_libtest(output: str) -> Iterator[Case]:
    """What a test program of Rust prints; what failed is told at the end."""
    for name, result in LIBTEST_RESULT.findall(output):
        pattern = LIBTEST_FAILURE.format(name=re.escape(name))
        error = re.search(pattern, output, re.MULTILINE | re.DOTALL)
        yield Case(name, result == "ok", error[1] if error else "")
