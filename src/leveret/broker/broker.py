"""The broker: its virtual hosts, and who may come in."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from leveret.broker import authentication
from leveret.broker.errors import NotAllowed
from leveret.broker.limits import Limits
from leveret.broker.user import User
from leveret.broker.virtual_host import VirtualHost

if TYPE_CHECKING:
    from leveret.engine.shard import Shard

DEFAULT_VIRTUAL_HOST = "/"


class Broker:
    """`random` gives so many random bytes: they must not be guessable."""

    def __init__(
        self, shard: Shard, random: Callable[[int], bytes], limits: Limits | None = None
    ) -> None:
        self.limits = limits or Limits()
        self.channel_count = 0  # of all connections
        host = VirtualHost(DEFAULT_VIRTUAL_HOST, shard, random, self.limits)
        self.virtual_hosts = {host.name: host}

    def authenticate(self, mechanism: str, response: bytes, *, is_loopback: bool) -> User:
        """The user who logs in with this response.

        Raises CommandInvalid for a mechanism that is not offered, MalformedResponse, AccessRefused.
        """
        return authentication.authenticate(mechanism, response, is_loopback=is_loopback)

    def check_password(
        self, name: bytes, password: bytes, *, mechanism: str, is_loopback: bool
    ) -> User:
        """The user of this name and password, which `mechanism` brought. Raises AccessRefused."""
        return authentication.check_password(
            name, password, mechanism=mechanism, is_loopback=is_loopback
        )

    def virtual_host(self, name: str) -> VirtualHost:
        """Raises NotAllowed if there is none."""
        host = self.virtual_hosts.get(name)
        if host is None:
            raise NotAllowed(f"vhost {name} not found")
        return host
