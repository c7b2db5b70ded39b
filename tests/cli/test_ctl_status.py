"""`leveret ctl status` for people."""

import pytest

from leveret.cli.ctl_status import duration, status_lines
from leveret.engine.memory import UNLIMITED

MIB = 1 << 20
STATUS = {
    **{"version": "1.2.3", "compiled": True, "python": "3.11.7", "pid": 17, "uptime_ms": 65_000},
    **{"listeners": ["127.0.0.1:5672", "[::1]:5672"], "control_socket": "/d/control.sock"},
    **{"data_directory": "/d", "durability": "fsync"},
    **{"memory_bytes": 30 * MIB, "memory_limit_bytes": 300 * MIB},
    **{"disk_free_bytes": 5_120 * MIB, "disk_free_limit_bytes": 50 * MIB, "blocked_by": None},
    **{"connections": 1, "channels": 2, "consumers": 0, "queues": 3, "exchanges": 6},
    **{"bindings": 0, "virtual_hosts": 1},
}


def test_all_is_on_some_lines() -> None:
    assert list(status_lines(STATUS)) == [
        "version      1.2.3 (compiled, Python 3.11.7)",
        "process      17, up 1 min 5 s",
        "listens      127.0.0.1:5672, [::1]:5672",
        "control      /d/control.sock",
        "data         /d (what is confirmed is on the disk)",
        "memory       30.0 MiB in use of 300.0 MiB (10 %)",
        "disk         5.0 GiB free, 50.0 MiB is the least",
        "publishers   not blocked",
        "has          1 connection, 2 channels, 0 consumers",
        "             3 queues, 6 exchanges, 0 bindings, 1 virtual host",
    ]


def test_a_broker_in_memory_has_no_disk_and_may_have_no_limit() -> None:
    status = {
        **STATUS,
        **{"data_directory": None, "disk_free_bytes": None, "memory_limit_bytes": UNLIMITED},
        **{"blocked_by": "memory", "compiled": False},
    }
    lines = list(status_lines(status))
    assert "version      1.2.3 (not compiled, Python 3.11.7)" in lines
    assert "data         in memory only" in lines
    assert "memory       30.0 MiB in use, without a limit" in lines
    assert "publishers   blocked: low on memory" in lines
    assert not any(line.startswith("disk") for line in lines)


@pytest.mark.parametrize(
    ("milliseconds", "shown"),
    [(0, "0 s"), (59_999, "59 s"), (3_600_000, "1 h 0 min"), (90_061_000, "1 d 1 h")],
)
def test_a_duration_has_its_two_largest_units(milliseconds: int, shown: str) -> None:
    assert duration(milliseconds) == shown
