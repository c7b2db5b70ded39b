"""What a client tells of itself in connection.start-ok, as far as operators are shown it."""

from __future__ import annotations

from collections.abc import Mapping
from sys import intern
from typing import Final, NamedTuple

TEXT_LENGTH_MAX: Final = 255
"""As of all names; there may be very many connections."""


class Client(NamedTuple):
    """Empty texts for what it does not tell. `name` is what it calls this connection."""

    product: str = ""
    version: str = ""
    platform: str = ""
    name: str = ""

    def properties(self) -> dict[str, str]:
        """As they came, without what it does not tell."""
        told = {
            "product": self.product,
            "version": self.version,
            "platform": self.platform,
            "connection_name": self.name,
        }
        return {name: text for name, text in told.items() if text}


UNKNOWN: Final = Client()


def read_client(properties: Mapping[str, object]) -> Client:
    """All connections of one program share the texts that are the same."""
    return Client(
        intern(text_of(properties, "product")),
        intern(text_of(properties, "version")),
        intern(text_of(properties, "platform")),
        text_of(properties, "connection_name"),
    )


def text_of(properties: Mapping[str, object], name: str) -> str:
    value = properties.get(name)
    return value[:TEXT_LENGTH_MAX] if isinstance(value, str) else ""
