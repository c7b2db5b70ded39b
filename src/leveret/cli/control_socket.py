"""Where a broker's socket for operators is, if nobody says.

DATA_DIR/control.sock                   of a broker with a data directory
$XDG_RUNTIME_DIR/leveret/PID.sock       of one without; there may be several
$TMPDIR/leveret-UID/PID.sock            the same, where the system has no such folder
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from typing import Final

from leveret.server.unix_socket import is_alive, short_name

NAME: Final = "control.sock"
SUFFIX: Final = ".sock"
FOLDER_MODE: Final = 0o700


def socket_in(data_directory: str) -> str:
    return os.path.join(data_directory, NAME)


def memory_socket() -> str | None:
    """For this process, in a folder that is the user's alone; None where there can be none."""
    for folder in runtime_folders():
        if is_usable(folder):
            remove_dead(folder)
            return os.path.join(folder, f"{os.getpid()}{SUFFIX}")
    return None


def memory_sockets() -> list[str]:
    """Those at which somebody listens."""
    return [
        path
        for folder in runtime_folders()
        if is_ours(folder)
        for path in sockets_in(folder)
        if answers(path)
    ]


def runtime_folders() -> Iterator[str]:
    """The best first."""
    if runtime := os.environ.get("XDG_RUNTIME_DIR"):
        yield os.path.join(runtime, "leveret")
    yield os.path.join(os.environ.get("TMPDIR") or "/tmp", f"leveret-{os.geteuid()}")


def is_usable(folder: str) -> bool:
    """It is there, made if need be, and nobody else can do anything in it."""
    try:
        os.mkdir(folder, FOLDER_MODE)
    except FileExistsError:
        pass
    except OSError:
        return False
    return is_ours(folder)


def is_ours(folder: str) -> bool:
    try:
        found = os.lstat(folder)
    except OSError:
        return False
    return (
        stat.S_ISDIR(found.st_mode)
        and found.st_uid == os.geteuid()
        and not stat.S_IMODE(found.st_mode) & ~FOLDER_MODE
    )


def sockets_in(folder: str) -> list[str]:
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return []
    return [os.path.join(folder, name) for name in names if name.endswith(SUFFIX)]


def remove_dead(folder: str) -> None:
    """What killed brokers have left: their process has gone, and nobody listens."""
    for path in sockets_in(folder):
        pid = os.path.basename(path).removesuffix(SUFFIX)
        if pid.isdigit() and not is_running(int(pid)) and not answers(path):
            try:
                os.unlink(path)
            except OSError:
                pass  # another broker that starts has done it


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True  # another's
    return True


def answers(path: str) -> bool:
    try:
        with short_name(path) as name:
            return is_alive(name)
    except OSError:
        return False
