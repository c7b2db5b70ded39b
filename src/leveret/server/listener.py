"""Sockets that accept connections."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
from collections.abc import Callable, Iterator

from leveret.server.address import Address

log = logging.getLogger(__name__)

BACKLOG = 1_024
"""A fleet of clients may come back all at once."""
ACCEPTS_MAX = 16
"""Such a fleet is not to stop those who are in already: this many take about a millisecond."""
RETRY_S = 1.0
"""Soon enough for who comes back, and seldom enough to cost nothing."""

NOT_HERE = {errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL}

Accepted = Callable[[socket.socket, Address], None]


class ListenError(Exception):
    """An address cannot be listened on; `cause` is the operating system's reason."""

    def __init__(self, address: Address, cause: OSError) -> None:
        super().__init__(f"{address}: {cause.strerror}")
        self.address = address
        self.cause = cause


class Listener:
    """One listening socket; each connection it accepts goes to `accepted`.

    While the process or the machine can hold no more sockets it accepts none, and tries again
    each second.
    """

    def __init__(
        self, sock: socket.socket, accepted: Accepted, *, loop: asyncio.AbstractEventLoop
    ) -> None:
        self.address = address_of(sock.getsockname())
        self._socket = sock
        self._accepted = accepted
        self._loop = loop
        self._retry: asyncio.TimerHandle | None = None
        self._full = False
        self._start()

    def close(self) -> None:
        if self._retry is not None:
            self._retry.cancel()
        self._loop.remove_reader(self._socket)
        self._socket.close()

    def _start(self) -> None:
        self._retry = None
        self._loop.add_reader(self._socket, self._accept)

    def _accept(self) -> None:
        for _ in range(ACCEPTS_MAX):
            try:
                sock, name = self._socket.accept()
            except (BlockingIOError, ConnectionAbortedError):
                return
            except OSError as error:
                self._refused(error)
                return
            if self._full:
                self._full = False
                log.warning("%s accepts connections again", self.address)
            self._accepted(sock, address_of(name))

    def _refused(self, error: OSError) -> None:
        """Nothing can be accepted for now, and the socket would report itself ready for ever."""
        if not self._full:
            self._full = True
            log.error("%s accepts no connections: %s", self.address, error.strerror)
        self._loop.remove_reader(self._socket)
        self._retry = self._loop.call_later(RETRY_S, self._start)


def open_listeners(
    address: Address, accepted: Accepted, *, loop: asyncio.AbstractEventLoop
) -> list[Listener]:
    """Listen on `address`, a name on all that it stands for. Raises ListenError."""
    listeners: list[Listener] = []
    refused: OSError | None = None
    try:
        for family, name in _resolve(address):
            try:
                sock = _listen(family, name)
            except OSError as error:
                if error.errno not in NOT_HERE:
                    raise
                refused = error
            else:
                listeners.append(Listener(sock, accepted, loop=loop))
        if not listeners and refused is not None:
            raise refused
    except OSError as error:
        for listener in listeners:
            listener.close()
        raise ListenError(address, error) from error
    return listeners


def address_of(name: tuple[object, ...]) -> Address:
    """The address in a socket's name of whichever family."""
    host, port = name[:2]
    return Address(str(host), int(str(port)))


def _resolve(address: Address) -> Iterator[tuple[socket.AddressFamily, object]]:
    # As bytes, or Python loads its tables of Unicode: 1 MB for a name without any.
    host = address.host.encode() if address.host.isascii() else address.host
    found = socket.getaddrinfo(host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    for family, _, _, _, name in dict.fromkeys(found):
        yield family, name


def _listen(family: socket.AddressFamily, name: object) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind(name)  # type: ignore[arg-type]  # getaddrinfo's own, whatever its family
        sock.listen(BACKLOG)
    except OSError:
        sock.close()
        raise
    return sock
