"""Which process listens on a port, as far as Linux tells."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

LISTENING = "0A"
PROC = Path("/proc")


def find_port_holder(port: int, proc: Path = PROC) -> str:
    """`beam.smp (process 812)`, or nothing if that cannot be known: it may be another user's."""
    sockets = {f"socket:[{inode}]" for inode in _listening_inodes(port, proc)}
    if not sockets:
        return ""
    for process in proc.glob("[0-9]*"):
        try:
            if any(str(link.readlink()) in sockets for link in (process / "fd").iterdir()):
                return f"{(process / 'comm').read_text().strip()} (process {process.name})"
        except OSError:
            continue  # another user's, or it has just ended
    return ""


def _listening_inodes(port: int, proc: Path) -> Iterator[str]:
    for table in ("tcp", "tcp6"):
        try:
            lines = (proc / "net" / table).read_text().splitlines()[1:]
        except OSError:
            continue  # not Linux, or without IPv6
        for line in lines:
            _, local, _, state, *_rest = fields = line.split()
            if state == LISTENING and int(local.rpartition(":")[2], 16) == port:
                yield fields[9]
