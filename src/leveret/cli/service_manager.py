"""What systemd wants to hear from a service of Type=notify; see sd_notify(3)."""

from __future__ import annotations

import logging
import os
import socket

log = logging.getLogger(__name__)

VARIABLE = "NOTIFY_SOCKET"


def notify(state: str) -> None:
    """Send `state`, such as READY=1; without a service manager that listens nothing happens."""
    name = os.environ.get(VARIABLE)
    if not name:
        return
    path = f"\0{name[1:]}" if name.startswith("@") else name
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
            sock.sendto(state.encode(), path)
    except OSError as error:
        log.warning("the service manager cannot be told %s: %s", state, error.strerror)
