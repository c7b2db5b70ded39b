"""Where to listen: HOST:PORT as the user writes it."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

EXAMPLE = "127.0.0.1:5672, 0.0.0.0:5672 or [::1]:5672"
PORT_MAX = 65535


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
        try:
            address = ipaddress.ip_address(self.host.partition("%")[0])
        except ValueError:
            return False
        mapped = getattr(address, "ipv4_mapped", None)
        return (mapped or address).is_loopback


def parse_address(text: str) -> Address:
    """Read HOST:PORT or [IPv6]:PORT; ValueError says what is wrong and how to write it."""
    host, colon, port = text.rpartition(":")
    if not colon or not host:
        raise ValueError(f"{text!r} is not HOST:PORT: write for example {EXAMPLE}")
    if not (port.isascii() and port.isdigit()) or int(port) > PORT_MAX:
        raise ValueError(f"{text!r} has no port from 0 to {PORT_MAX}: write for example {EXAMPLE}")
    if host.startswith("[") and host.endswith("]"):
        return Address(_ipv6(host[1:-1], text), int(port))
    if ":" in host:
        raise ValueError(f"{text!r}: an IPv6 host stands in brackets, for example [::1]:5672")
    return Address(host, int(port))


def _ipv6(host: str, text: str) -> str:
    try:
        ipaddress.IPv6Address(host)
    except ValueError as error:
        raise ValueError(f"{text!r} has no IPv6 address in its brackets: {error}") from None
    return host
