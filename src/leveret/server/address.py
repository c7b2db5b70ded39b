"""Where to listen: HOST:PORT as the user writes it."""

from __future__ import annotations

import socket
from dataclasses import dataclass

EXAMPLE = "127.0.0.1:5672, 0.0.0.0:5672 or [::1]:5672"
PORT_MAX = 65535
IPV4_IN_IPV6 = bytes(10) + b"\xff\xff"
NETWORK_BYTES = 8
IPV6_LOOPBACK = bytes(15) + b"\x01"


@dataclass(frozen=True, slots=True)
class Address:
    """A host (name or IP address) and a TCP port; printed, an IPv6 host is in brackets."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        if self.host == "localhost":
            return True
        packed = _pack(self.host)
        return packed[:1] == b"\x7f" if len(packed) == 4 else packed == IPV6_LOOPBACK

    @property
    def network(self) -> bytes:
        """What one machine may have all of: an IPv4 address, or the first half of an IPv6 one."""
        return _pack(self.host)[:NETWORK_BYTES]


def parse_address(text: str) -> Address:
    """Read HOST:PORT or [IPv6]:PORT; ValueError says what is wrong and how to write it."""
    host, colon, port = text.rpartition(":")
    if not colon or not host:
        raise ValueError(f"{text!r} is not HOST:PORT: write for example {EXAMPLE}")
    if not (port.isascii() and port.isdigit()) or int(port) > PORT_MAX:
        raise ValueError(f"{text!r} has no port from 0 to {PORT_MAX}: write for example {EXAMPLE}")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
        if ":" not in host or not _pack(host):
            raise ValueError(f"{text!r} has no IPv6 address in its brackets")
    elif ":" in host:
        raise ValueError(f"{text!r}: an IPv6 host stands in brackets, for example [::1]:5672")
    return Address(host, int(port))


def _pack(host: str) -> bytes:
    """The 4 or 16 bytes of an IP address, 4 for IPv4 within IPv6; none for a name."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        packed = socket.inet_pton(family, host.partition("%")[0])
    except OSError:
        return b""
    return packed.removeprefix(IPV4_IN_IPV6)
