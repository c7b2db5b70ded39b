"""`leveret ctl status` for people: with units, and what belongs together on one line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from leveret.cli.ctl_output import escaped
from leveret.cli.log_report import MEBIBYTE, count
from leveret.engine.memory import UNLIMITED

LABEL_WIDTH: Final = 13
COUNTS: Final = (
    ("connections", "connection"),
    ("channels", "channel"),
    ("consumers", "consumer"),
    ("queues", "queue"),
    ("exchanges", "exchange"),
    ("bindings", "binding"),
    ("virtual_hosts", "virtual host"),
)
DURABILITIES: Final = {
    "fsync": "what is confirmed is on the disk",
    "os": "what is confirmed is with the operating system",
}


def status_lines(status: Mapping[str, Any]) -> Iterator[str]:
    def row(label: str, shown: str) -> str:
        return f"{label:{LABEL_WIDTH}}{escaped(shown)}"

    build = "compiled" if status["compiled"] else "not compiled"
    yield row("version", f"{status['version']} ({build}, Python {status['python']})")
    yield row("process", f"{status['pid']}, up {duration(status['uptime_ms'])}")
    yield row("listens", ", ".join(status["listeners"]))
    yield row("control", status["control_socket"])
    yield row("data", data(status))
    yield row("memory", memory(status))
    if status["disk_free_bytes"] is not None:
        limit = size(status["disk_free_limit_bytes"])
        yield row("disk", f"{size(status['disk_free_bytes'])} free, {limit} is the least")
    yield row(
        "publishers", f"blocked: low on {low}" if (low := status["blocked_by"]) else "not blocked"
    )
    counts = [count(status[name], one) for name, one in COUNTS]
    yield row("has", ", ".join(counts[:3]))
    yield row("", ", ".join(counts[3:]))


def data(status: Mapping[str, Any]) -> str:
    if status["data_directory"] is None:
        return "in memory only"
    return f"{status['data_directory']} ({DURABILITIES[status['durability']]})"


def memory(status: Mapping[str, Any]) -> str:
    used, limit = status["memory_bytes"], status["memory_limit_bytes"]
    if limit >= UNLIMITED:
        return f"{size(used)} in use, without a limit"
    return f"{size(used)} in use of {size(limit)} ({100 * used // limit} %)"


def size(byte_count: int) -> str:
    """In the unit that leaves one to four digits before the point."""
    mebibytes = byte_count / MEBIBYTE
    return f"{mebibytes:.1f} MiB" if mebibytes < 1024 else f"{mebibytes / 1024:.1f} GiB"


def duration(milliseconds: int) -> str:
    """The two largest units: 3 d 4 h, 5 min 20 s."""
    seconds = milliseconds // 1_000
    parts: list[str] = []
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        whole, seconds = divmod(seconds, length)
        if whole or parts or unit == "s":
            parts.append(f"{whole} {unit}")
    return " ".join(parts[:2])
