"""Who may come in, of those who connect.

    welcome    so many in all, and so many from each address
    refused    a client that is one too many: it is served until it opens its virtual host, and
               learns there why it cannot; a few may be on this way at a time
    NoRoom     more than these are not spoken to at all

What counts is open sockets, whatever is said on them: each takes a descriptor. An address is an
IPv4 address, or the first half of an IPv6 address: each machine may use all second halves.
"""

from __future__ import annotations

from leveret import limits
from leveret.server.address import Address

REFUSED_MAX = 64  # a descriptor each, and the time of a handshake; more learn nothing new
SHARE_OF_ADDRESS = 10  # enough for the others to come in, and little for who is alone


class NoRoom(Exception):
    """Not even for a refusal; the text says of what there are too many."""


class Admission:
    """`connections_per_address_max` may be `limits.AUTOMATIC`."""

    def __init__(self, connections_max: int, connections_per_address_max: int) -> None:
        if connections_per_address_max == limits.AUTOMATIC:
            connections_per_address_max = max(
                1, connections_max - connections_max // SHARE_OF_ADDRESS
            )
        self.connections_max = connections_max
        self.connections_per_address_max = connections_per_address_max
        self.welcome_count = 0
        self.refused_count = 0
        self._by_network: dict[bytes, int] = {}

    def enter(self, remote: Address) -> str | None:
        """Counts a connection in: None if it is welcome, else why it is refused. Raises NoRoom."""
        refusal = self._refusal(remote)
        if refusal is None:
            self.welcome_count += 1
            self._by_network[remote.network] = self._by_network.get(remote.network, 0) + 1
            return None
        if self.refused_count >= REFUSED_MAX:
            raise NoRoom(refusal)
        self.refused_count += 1
        return refusal

    def leave(self, remote: Address, *, was_refused: bool) -> None:
        """A connection that was counted in has gone."""
        if was_refused:
            self.refused_count -= 1
            return
        self.welcome_count -= 1
        count = self._by_network.pop(remote.network) - 1
        if count:
            self._by_network[remote.network] = count

    def _refusal(self, remote: Address) -> str | None:
        limit = self.connections_max
        if self.welcome_count >= limit:
            return f"connection refused: node connection limit ({limit}) is reached"
        limit = self.connections_per_address_max
        if self._by_network.get(remote.network, 0) >= limit:
            return f"connection refused: address connection limit ({limit}) is reached"
        return None
