"""The broker: its virtual hosts, its users, and who may come in.

One that begins with nothing has RabbitMQ's defaults: the virtual host /, and guest, who may do all
there. That it has been given these is kept, so that they do not come back where they were deleted.

    ("defaults",)    {}
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Final

from leveret.broker import authentication
from leveret.broker.definitions import Definitions, Forgetful, Key
from leveret.broker.errors import NotAllowed
from leveret.broker.events import Events
from leveret.broker.limits import Limits
from leveret.broker.metadata import MAX_CONNECTIONS as VIRTUAL_HOSTS_MAX_CONNECTIONS
from leveret.broker.parameters import Parameters
from leveret.broker.sessions import Session, Sessions
from leveret.broker.user import MAX_CHANNELS, MAX_CONNECTIONS, User
from leveret.broker.users import Users
from leveret.broker.virtual_host import VirtualHost
from leveret.broker.virtual_hosts import DEFAULT_VIRTUAL_HOST, VirtualHosts

if TYPE_CHECKING:
    from leveret.engine.chores import Chore
    from leveret.engine.shard import Shard

DEFAULTS: Final[Key] = ("defaults",)


class Broker:
    """`random` gives so many random bytes: they must not be guessable."""

    def __init__(
        self,
        shard: Shard,
        random: Callable[[int], bytes],
        limits: Limits | None = None,
        *,
        empty: bool = False,
    ) -> None:
        self.limits = limits or Limits()
        self.channel_count = 0  # of all connections
        self.sessions = Sessions()
        self.events = Events()
        self.users = Users(random, self.sessions, self.events)
        self.hosts = VirtualHosts(shard, random, self.limits, self.sessions, self.events)
        self.parameters = Parameters(self.events)
        self.definitions: Definitions = Forgetful()
        self.is_new = False  # it has just been given the defaults
        if not empty:
            self.add_defaults()

    @property
    def virtual_hosts(self) -> Mapping[str, VirtualHost]:
        return self.hosts.by_name

    def add_defaults(self) -> None:
        """What a broker begins with."""
        self.hosts.add(DEFAULT_VIRTUAL_HOST)
        self.users.add_guest(DEFAULT_VIRTUAL_HOST)
        self.definitions.define(DEFAULTS, {})
        self.is_new = True

    def delete_virtual_host(self, name: str) -> Chore:
        """With all that is in it, and what anybody may there. It is done with the chore.

        Raises NotFound.
        """
        self.hosts.find(name)
        self.users.forget_virtual_host(name)
        self.parameters.forget_virtual_host(name)
        return self.hosts.delete(name)

    # Those who come in

    def authenticate(self, mechanism: str, response: bytes, *, is_loopback: bool) -> User:
        """The user who logs in with this response.

        Raises CommandInvalid for a mechanism that is not offered, MalformedResponse, LoginRefused.
        """
        return authentication.authenticate(
            self.users.by_name, mechanism, response, is_loopback=is_loopback
        )

    def check_password(
        self, name: bytes, password: bytes, *, mechanism: str, is_loopback: bool
    ) -> User:
        """The user of this name and password, which `mechanism` brought. Raises LoginRefused."""
        return authentication.check_password(
            self.users.by_name, name, password, mechanism=mechanism, is_loopback=is_loopback
        )

    def virtual_host(self, name: str) -> VirtualHost:
        """Raises NotAllowed if there is none."""
        return self.hosts.opened(name)

    def enter(self, session: Session, user: User, virtual_host: str) -> VirtualHost:
        """Opens the virtual host for the connection. Raises NotAllowed."""
        host = self.virtual_host(virtual_host)
        refused = f"access to vhost '{virtual_host}' refused for user '{user.name}'"
        limit = host.reached(VIRTUAL_HOSTS_MAX_CONNECTIONS, host.connection_count)
        if limit is not None:
            raise NotAllowed(f"{refused}: connection limit ({limit}) is reached")
        limit = user.reached(MAX_CONNECTIONS, user.connection_count)
        if limit is not None:
            raise NotAllowed(
                f"Connection refused for user '{user.name}': "
                f"user connection limit ({limit}) is reached"
            )
        if virtual_host not in user.permissions:
            raise NotAllowed(refused)
        self.sessions.opened(session, user, host)
        return host

    def leave(self, session: Session) -> bool:
        """The connection is over, if it had entered at all: whether it had."""
        return self.sessions.closed(session)

    def open_channel(self, user: User, *, node: str) -> None:
        """One more is open. Raises NotAllowed if there cannot be."""
        self.limits.check_channels(self.channel_count, node=node)
        limit = user.reached(MAX_CHANNELS, user.channel_count)
        if limit is not None:
            raise NotAllowed(
                f"number of channels opened for user '{user.name}' has reached "
                f"the maximum allowed user limit of ({limit})"
            )
        self.channel_count += 1
        user.channel_count += 1

    def close_channel(self, user: User) -> None:
        self.channel_count -= 1
        user.channel_count -= 1

    # What is kept

    def keep(self, definitions: Definitions) -> None:
        """From now on tell `definitions` of all that changes and is to survive a restart."""
        self.definitions = definitions
        self.users.definitions = definitions
        self.parameters.definitions = definitions
        self.hosts.definitions = definitions
        for host in (*self.hosts.by_name.values(), *self.hosts.leaving.values()):
            host.keep(definitions)

    def keep_all(self) -> Iterator[None]:
        """Defines once more what is in no virtual host, and these; one thing with each step."""
        self.definitions.define(DEFAULTS, {})
        yield
        yield from self.hosts.keep_all()
        yield from self.users.keep_all()
        yield from self.parameters.keep_all()
