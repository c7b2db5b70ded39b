"""Unix sockets at paths of any length, in files that only their owner may use.

The name of a socket has 107 bytes at the most (103 on macOS). Longer paths are reached through a
descriptor of their folder, where the system shows these as files.
"""

from __future__ import annotations

import errno
import os
import socket
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

NAME_BYTES_MAX: Final = 103 if sys.platform == "darwin" else 107
DESCRIPTORS: Final = "/proc/self/fd"
MODE: Final = 0o600


class InUse(Exception):
    """Somebody listens there."""


class NoSocket(Exception):
    """There is a file of another kind, which is left alone."""


def listen_at(path: str, backlog: int) -> socket.socket:
    """A listening socket in a new file; one that nobody listens at any more is replaced.

    Raises InUse, NoSocket, OSError.
    """
    with short_name(path) as name:
        remove_dead(name)
        sock = new_socket()
        try:
            sock.setblocking(False)
            if sys.platform == "linux":
                # It makes the file with the descriptor's mode: nobody gets in in between.
                os.fchmod(sock.fileno(), MODE)
            sock.bind(name)
            os.chmod(name, MODE)
            sock.listen(backlog)
        except BaseException:
            sock.close()
            raise
    return sock


def connect_to(path: str, timeout_s: float) -> socket.socket:
    """A socket that is connected to who listens there. Raises OSError."""
    with short_name(path) as name:
        sock = new_socket()
        try:
            sock.settimeout(timeout_s)
            sock.connect(name)
        except BaseException:
            sock.close()
            raise
    return sock


def remove_dead(name: str) -> None:
    """Raises InUse, NoSocket, OSError."""
    try:
        mode = os.lstat(name).st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise NoSocket
    if is_alive(name):
        raise InUse
    os.unlink(name)


def is_alive(name: str) -> bool:
    """Whether somebody listens at this socket. Raises OSError if that cannot be known."""
    with new_socket() as sock:
        sock.setblocking(False)
        try:
            sock.connect(name)
        except BlockingIOError:
            return True  # its backlog is full
        except OSError as error:
            if error.errno in (errno.ECONNREFUSED, errno.ENOENT):
                return False
            raise
    return True


def new_socket() -> socket.socket:
    return socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)


@contextmanager
def short_name(path: str) -> Iterator[str]:
    """What a socket can be bound or connected to, as long as the context lasts. Raises OSError."""
    if len(os.fsencode(path)) <= NAME_BYTES_MAX:
        yield path
        return
    folder, file = os.path.split(path)
    descriptor = os.open(folder or ".", os.O_RDONLY | os.O_DIRECTORY)
    try:
        name = f"{DESCRIPTORS}/{descriptor}/{file}"
        if not os.path.isdir(DESCRIPTORS) or len(os.fsencode(name)) > NAME_BYTES_MAX:
            raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG), path)
        yield name
    finally:
        os.close(descriptor)
