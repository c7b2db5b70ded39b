"""The connections that are open: whose they are, and in which virtual host.

What an operator changes about a user or a virtual host reaches the connections through here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from leveret.broker.user import User
    from leveret.broker.virtual_host import VirtualHost


class Session(Protocol):
    """A connection, as the peer that has it shows it to the broker."""

    def shut_down(self, text: str) -> None:
        """Ask the client to go, and say why."""

    def forget_permissions(self) -> None:
        """What the user may has changed: whatever was remembered of it is to be asked again."""

    def trace_changed(self) -> None:
        """The firehose of its virtual host has begun, or ended."""


class Place(NamedTuple):
    user: User
    virtual_host: VirtualHost


class Sessions:
    """Each from when its virtual host is open until it is over."""

    def __init__(self) -> None:
        self.places: dict[Session, Place] = {}

    def __len__(self) -> int:
        return len(self.places)

    def __iter__(self) -> Iterator[tuple[Session, Place]]:
        return iter(tuple(self.places.items()))

    def opened(self, session: Session, user: User, virtual_host: VirtualHost) -> None:
        self.places[session] = Place(user, virtual_host)
        user.connection_count += 1
        virtual_host.connection_count += 1

    def closed(self, session: Session) -> bool:
        """Also for one that never was open, or closed before: whether it was open."""
        place = self.places.pop(session, None)
        if place is not None:
            place.user.connection_count -= 1
            place.virtual_host.connection_count -= 1
        return place is not None

    def permissions_changed(self, user: User) -> None:
        for session, place in self:
            if place.user is user:
                session.forget_permissions()

    def trace_changed(self, virtual_host: VirtualHost) -> None:
        for session, place in self:
            if place.virtual_host is virtual_host:
                session.trace_changed()

    def shut_down_user(self, user: User, text: str) -> None:
        for session, place in self:
            if place.user is user:
                session.shut_down(text)

    def shut_down_virtual_host(self, virtual_host: VirtualHost, text: str) -> None:
        for session, place in self:
            if place.virtual_host is virtual_host:
                session.shut_down(text)
