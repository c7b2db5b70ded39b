"""Where the broker is, and who asks: amqp://user:password@host:port/virtual-host."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from leveret.bench.errors import BenchError

PORT = 5672


@dataclass(frozen=True, slots=True)
class Address:
    """A broker, a login and a virtual host."""

    host: str
    port: int
    user: str
    password: str
    virtual_host: str


def parse_uri(uri: str) -> Address:
    """The address in an amqp URI; what it leaves out is guest's, on this machine, and `/`."""
    try:
        parts = urlsplit(uri)
        port = parts.port or PORT
    except ValueError as error:
        raise BenchError(f"{uri!r}: {error}") from None
    if parts.scheme != "amqp":
        raise BenchError(f"{uri!r} is not an amqp:// URI")
    virtual_host = unquote(parts.path[1:])
    return Address(
        host=unquote(parts.hostname or "127.0.0.1"),
        port=port,
        user=unquote(parts.username or "guest"),
        password=unquote(parts.password or "guest"),
        virtual_host=virtual_host or "/",
    )
