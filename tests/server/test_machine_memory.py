"""How much memory there is, on machines made of files."""

import os
from pathlib import Path

import pytest

from leveret.server.machine_memory import machine_memory_bytes

MACHINE = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
MIB = 1 << 20


def put(root: Path, files: dict[str, str]) -> str:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return str(root)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, MACHINE),
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "max\n"}, MACHINE),
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": f"{64 * MIB}\n"}, 64 * MIB),
        (
            {
                "proc/self/cgroup": "0::/a/b\n",
                "sys/fs/cgroup/a/memory.max": f"{64 * MIB}\n",
                "sys/fs/cgroup/a/b/memory.max": f"{96 * MIB}\n",
            },
            64 * MIB,
        ),
        (
            {
                "proc/self/cgroup": "9:cpu,memory:/docker/x\n1:name=systemd:/\n",
                "sys/fs/cgroup/memory/memory.limit_in_bytes": f"{80 * MIB}\n",
            },
            80 * MIB,
        ),
        ({"proc/self/cgroup": "0::/gone\n"}, MACHINE),
    ],
)
def test_the_least_of_machine_and_groups_counts(tmp_path, files, expected):
    assert machine_memory_bytes(put(tmp_path, files)) == expected


def test_this_machine_has_memory():
    assert 0 < machine_memory_bytes() <= MACHINE
