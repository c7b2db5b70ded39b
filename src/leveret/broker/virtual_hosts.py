"""The virtual hosts, and the commands on them.

    ("vhost", name)    what it says of itself, its limits, and whether it is on its way out

One that is deleted may have very many queues. It is gone for everybody at once, and for the log
too; then its queues, exchanges and bindings go in slices, and its name last: so a broker that
crashed in between knows that it has to go on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Final

from leveret.broker.definitions import Definitions, Forgetful, Value
from leveret.broker.errors import NotAllowed, NotFound, PreconditionFailed
from leveret.broker.event_facts import (
    cleared_limits_facts,
    name_of,
    virtual_host_facts,
    virtual_host_limits_facts,
)
from leveret.broker.events import EVENT_EXCHANGE, Events
from leveret.broker.firehose import Firehose, WriteTrace, forget_routes
from leveret.broker.limits import Limits, check_limits
from leveret.broker.metadata import LIMITS, Metadata
from leveret.broker.sweep import sweep
from leveret.broker.virtual_host import VirtualHost
from leveret.engine.chores import Chore

if TYPE_CHECKING:
    from leveret.broker.sessions import Sessions
    from leveret.engine.shard import Shard

VIRTUAL_HOST: Final = "vhost"
DEFAULT_VIRTUAL_HOST: Final = "/"


class VirtualHosts:
    """`by_name` are those that can be opened; `leaving` those that are on their way out."""

    def __init__(
        self,
        shard: Shard,
        random: Callable[[int], bytes],
        limits: Limits,
        sessions: Sessions,
        events: Events | None = None,
    ) -> None:
        self.shard = shard
        self.random = random
        self.limits = limits
        self.sessions = sessions
        self.events = events or Events()
        self.write_trace: WriteTrace = lambda properties, about: properties
        self.by_name: dict[str, VirtualHost] = {}
        self.leaving: dict[str, VirtualHost] = {}
        self.definitions: Definitions = Forgetful()

    def find(self, name: str) -> VirtualHost:
        """For a command. Raises NotFound."""
        host = self.by_name.get(name)
        if host is None:
            raise NotFound(f"Virtual host '{name}' does not exist")
        return host

    def opened(self, name: str) -> VirtualHost:
        """For a connection. Raises NotAllowed."""
        host = self.by_name.get(name)
        if host is None:
            raise NotAllowed(f"vhost {name} not found")
        return host

    def all(self) -> Mapping[str, VirtualHost]:
        """Also those that are on their way out."""
        return {**self.by_name, **self.leaving}

    def add(self, name: str, metadata: Metadata | None = None) -> VirtualHost:
        """The virtual host of that name, made if it is not there.

        Raises PreconditionFailed for what cannot be, or while one of that name is being deleted.
        """
        if not name:
            raise PreconditionFailed("a virtual host must have a name")
        if name in self.leaving:
            raise PreconditionFailed(f"Virtual host '{name}' is being deleted")
        host = self.by_name.get(name)
        if host is None:
            (metadata or Metadata()).check()
            host = VirtualHost(name, self.shard, self.random, self.limits, self.events)
            host.metadata = metadata or Metadata()
            host.keep(self.definitions)
            self.by_name[name] = host
            if name == DEFAULT_VIRTUAL_HOST:
                host.add_internal_exchange(EVENT_EXCHANGE)
                self.events.topology = host.topology
            self.keep(host)
            self.events.tell("vhost.created", virtual_host_facts, host)
        return host

    def describe(self, name: str, metadata: Metadata) -> None:
        """Instead of what it said of itself before. Raises NotFound, PreconditionFailed."""
        host = self.find(name)
        metadata.check()
        host.metadata = metadata
        self.keep(host)

    def set_limits(self, name: str, limits: Mapping[str, object]) -> None:
        """These instead of those that are set; a negative number is no limit.

        What is there already stays. Raises NotFound, PreconditionFailed.
        """
        host = self.find(name)
        host.own_limits = check_limits(limits, LIMITS)
        self.keep(host)
        self.events.tell("vhost.limits.set", virtual_host_limits_facts, host)

    def clear_limits(self, name: str) -> None:
        """Raises NotFound."""
        host = self.find(name)
        host.own_limits = {}
        self.keep(host)
        self.events.tell("vhost.limits.cleared", cleared_limits_facts, name)

    def trace(self, name: str, *, is_on: bool) -> Chore:
        """Begins or ends the firehose. All goes by it when the chore is done. Raises NotFound."""
        host = self.find(name)
        topology = host.topology
        if is_on and topology.firehose is None:
            topology.firehose = Firehose(topology, self.write_trace)
        elif not is_on:
            topology.firehose = None
        self.sessions.trace_changed(host)
        return topology.begin(forget_routes(topology))

    def delete(self, name: str) -> Chore:
        """With all that is in it; its connections are closed. It is done with the chore.

        Raises NotFound.
        """
        host = self.find(name)
        del self.by_name[name]
        self.events.tell("vhost.deleted", name_of, name)
        self.sessions.shut_down_virtual_host(host, f"vhost '{name}' is deleted")
        return self.remove(host)

    def remove(self, host: VirtualHost) -> Chore:
        """Takes out what is in one that nobody can open any more."""
        self.leaving[host.name] = host
        self.keep(host)
        chore = sweep(self.removal(host))
        self.shard.chores.begin(chore)
        return chore

    def removal(self, host: VirtualHost) -> Iterator[None]:
        host.policies.forget_all()
        yield from host.topology.remove_all()
        del self.leaving[host.name]
        self.definitions.define((VIRTUAL_HOST, host.name), None)

    # What is kept

    def keep_all(self) -> Iterator[None]:
        """Defines all of them once more, one with each step."""
        for host in (*self.by_name.values(), *self.leaving.values()):
            if host.name in self.by_name or host.name in self.leaving:
                self.keep(host)
                host.policies.keep_all()
                yield

    def keep(self, host: VirtualHost) -> None:
        value: Value = {
            "description": host.metadata.description,
            "tags": list(host.metadata.tags),
            "default_queue_type": host.metadata.default_queue_type,
            "limits": dict(host.own_limits),
            "leaving": host.name in self.leaving,
        }
        self.definitions.define((VIRTUAL_HOST, host.name), value)
