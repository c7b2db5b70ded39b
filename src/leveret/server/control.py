"""The socket for operators: `leveret ctl` connects here.

    one line of JSON for each request:   {"command": "purge_queue", "arguments": {"name": "q"}}
                                         {"command": "list_queues", "columns": ["name"]}
    a reply is:                          {"ok": {"messages": 5}}
                                         {"error": "not_found", "text": "no queue 'q' in ..."}
    a listing comes before its reply:    {"columns": ["name"]} and then rows, each an array

Only the user whose broker it is, and root, can open the file. As long as nobody connects this is
one descriptor among those that the loop looks at, and what serves an operator is not imported.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from leveret.server.unix_socket import InUse, NoSocket, listen_at

if TYPE_CHECKING:
    from leveret.server.node import Node

log = logging.getLogger(__name__)

BACKLOG: Final = 128
"""A script may start many at once; they cost nothing while they wait to be accepted or refused."""
CONNECTIONS_MAX: Final = 16
"""An operator has one, scripts and exporters a few: more is a mistake, and takes memory."""
RETRY_S: Final = 1.0
"""As for the sockets of clients."""


class ControlError(Exception):
    """The socket cannot be had; the text is for the operator."""


class Control:
    """Listens at `path`. `make_node` is called when somebody connects for the first time.

    Raises ControlError.
    """

    def __init__(
        self, path: str, make_node: Callable[[], Node], *, loop: asyncio.AbstractEventLoop
    ) -> None:
        self.path = path
        self._make_node = make_node
        self._node: Node | None = None
        self._loop = loop
        self._sessions: set[asyncio.Task[None]] = set()
        self._retry: asyncio.TimerHandle | None = None
        self._socket = open_socket(path)
        self._inode = os.stat(path).st_ino
        self._start()

    def close(self) -> None:
        """Nobody is served any more, and the file is removed."""
        if self._retry is not None:
            self._retry.cancel()
        self._loop.remove_reader(self._socket)
        self._socket.close()
        for session in tuple(self._sessions):
            session.cancel()
        try:
            # Not one that another broker has put there since.
            if os.stat(self.path).st_ino == self._inode:
                os.unlink(self.path)
        except OSError as error:
            log.debug("%s: not removed: %s", self.path, error)

    def _start(self) -> None:
        self._retry = None
        self._loop.add_reader(self._socket, self._accept)

    def _accept(self) -> None:
        try:
            sock, _ = self._socket.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        except OSError as error:
            log.error("%s accepts no connections: %s", self.path, error.strerror)
            self._loop.remove_reader(self._socket)
            self._retry = self._loop.call_later(RETRY_S, self._start)
            return
        if self._node is None:
            self._node = self._make_node()
        if len(self._sessions) >= 2 * CONNECTIONS_MAX:
            sock.close()  # even those who are told that there are too many are too many
            return
        is_refused = len(self._sessions) >= CONNECTIONS_MAX
        session = self._loop.create_task(serve(self._node, sock, is_refused=is_refused))
        self._sessions.add(session)
        session.add_done_callback(self._sessions.discard)


async def serve(node: Node, sock: socket.socket, *, is_refused: bool) -> None:
    """Until the operator goes, or it is told that there are too many."""
    from leveret.server.control_session import Session, open_session  # see the head of the file

    try:
        reader, writer = await open_session(sock)
    except BaseException as error:
        sock.close()
        if isinstance(error, OSError):
            log.debug("control: %s", error)
            return
        raise
    try:
        session = Session(node, reader, writer)
        await (session.refuse(CONNECTIONS_MAX) if is_refused else session.run())
    except (OSError, TimeoutError) as error:
        log.debug("control: %s", error or "too slow")
    except Exception:
        log.critical("internal error of the control socket", exc_info=True)
    finally:
        writer.transport.abort()


def open_socket(path: str) -> socket.socket:
    """Raises ControlError."""
    try:
        return listen_at(path, BACKLOG)
    except InUse:
        raise ControlError(
            f"{path}: another broker listens there: choose another with --control-socket PATH"
        ) from None
    except NoSocket:
        raise ControlError(
            f"{path}: there is a file that is no socket: choose another with --control-socket PATH"
        ) from None
    except OSError as error:
        raise ControlError(
            f"{path}: {error.strerror}: choose another with --control-socket PATH"
        ) from error
