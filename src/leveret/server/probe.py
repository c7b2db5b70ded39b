"""Whether the other end of a socket is there, asked of the system and not of the socket's bytes.

A socket that is not read does not report its end: what came before it has to be read first. Even
then it may not arrive at all, where what came before it fills all buffers on the way.
"""

from __future__ import annotations

import socket
import sys
from typing import Final

SILENT_MS: Final = 30_000  # no network is so slow; and the system itself takes 15 minutes
PROBES_MIN: Final = 3  # of a full window, which are sent ever more seldom
PEEK_BYTES: Final = 64 * 1024  # as much as is read at once

# Offsets in struct tcp_info of Linux, see linux/tcp.h.
INFO_BYTES: Final = 60
PROBES: Final = 3
UNACKED: Final = 24
LAST_ACK_RECEIVED: Final = 56


def is_silent(sock: socket.socket) -> bool:
    """The other system has owed an answer for too long."""
    if sys.platform != "linux":
        return False
    return owes_answer(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, INFO_BYTES))


def owes_answer(info: bytes) -> bool:
    """As struct tcp_info says it."""

    def number(offset: int) -> int:
        return int.from_bytes(info[offset : offset + 4], sys.byteorder)

    asked = number(UNACKED) > 0 or info[PROBES] >= PROBES_MIN
    return asked and number(LAST_ACK_RECEIVED) >= SILENT_MS
