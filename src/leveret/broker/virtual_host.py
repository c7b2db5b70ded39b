"""A virtual host: the commands on its exchanges, queues and bindings.

Names come in; what is not allowed is refused here, in RabbitMQ's order and words, before anything
has changed. What a change brings with it is the topology's business.

`connection` is any object that stands for the connection a command came over, None for commands
that came over none. It owns exclusive queues, and no other may touch them. `access` is what whoever
gives the command may do; where it is asked, AccessRefused may be raised.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from leveret.broker import queue_arguments
from leveret.broker.access import EXCHANGE, QUEUE, UNLIMITED, Access, check_dead_letters
from leveret.broker.arguments import NO_ARGUMENTS, Arguments, freeze
from leveret.broker.binding import Binding
from leveret.broker.definitions import Definitions, Recorder
from leveret.broker.errors import AccessRefused, NotFound, PreconditionFailed
from leveret.broker.events import Events
from leveret.broker.exchange import NOT_KEPT, Exchange, Router, alternate_in, check_alternate
from leveret.broker.exchanges import EXCHANGE_TYPES, RouterMaker
from leveret.broker.exchanges.default import check_not_default
from leveret.broker.exchanges.surroundings import Surroundings
from leveret.broker.firehose import TRACE_EXCHANGE, Client, Firehose
from leveret.broker.limits import Limits
from leveret.broker.metadata import MAX_QUEUES, Metadata
from leveret.broker.names import (
    RESERVED_PREFIX,
    check_not_reserved,
    encoded,
    generated_queue_name,
    stripped,
)
from leveret.broker.permission import CONFIGURE, READ, WRITE
from leveret.broker.policies import Policies
from leveret.broker.queue import Queue
from leveret.broker.queue_settings import QUORUM
from leveret.broker.reply_queues import PSEUDO_QUEUE, check_not_reply_queue, reply_address
from leveret.broker.topology import Topology, for_this_key
from leveret.engine.chores import Chore
from leveret.engine.route import Route, RouteCache

if TYPE_CHECKING:
    from leveret.broker.binding import Destination
    from leveret.broker.message import Message
    from leveret.engine.shard import Shard

PREDECLARED_EXCHANGES = (
    ("amq.direct", "direct"),
    ("amq.fanout", "fanout"),
    ("amq.headers", "headers"),
    ("amq.match", "headers"),
    ("amq.topic", "topic"),
)
SEED_BYTES = 8


class Deletion(NamedTuple):
    """What became of a queue's messages, and what is still to be done."""

    message_count: int
    chore: Chore | None


class VirtualHost:
    def __init__(
        self,
        name: str,
        shard: Shard,
        random: Callable[[int], bytes],
        limits: Limits,
        events: Events | None = None,
    ) -> None:
        self.name = name
        self.shard = shard
        self.random = random
        self.limits = limits
        self.own_limits: dict[str, int] = {}  # those of LIMITS that are set; negative: none
        self.metadata = Metadata()
        self.connection_count = 0  # of those that are open now
        self.routes = RouteCache(int.from_bytes(random(SEED_BYTES), "big"))
        self.topology = Topology(name, shard, events)
        self.policies = Policies(self.topology)
        self.surroundings = Surroundings(random, self.topology.deliver, self.topology.spend)
        for exchange_name, type in PREDECLARED_EXCHANGES:
            router = EXCHANGE_TYPES[type](NO_ARGUMENTS, self.surroundings)
            self.add_exchange(exchange_name, type, router)
        self.add_internal_exchange(TRACE_EXCHANGE)

    def add_internal_exchange(self, name: str) -> None:
        """A topic exchange to which nobody but the broker publishes."""
        router = find_type("topic")(NO_ARGUMENTS, self.surroundings)
        self.add_exchange(name, "topic", router, internal=True)

    @property
    def exchanges(self) -> Mapping[str, Exchange]:
        return self.topology.exchanges

    @property
    def firehose(self) -> Firehose | None:
        """The firehose, while it is on."""
        return self.topology.firehose

    @property
    def queues(self) -> Mapping[str, Queue]:
        return self.topology.queues

    def keep(self, definitions: Definitions) -> None:
        """From now on tell `definitions` of all that changes and is to survive a restart."""
        self.topology.recorder = Recorder(self.name, definitions)

    # Exchanges

    def declare_exchange(
        self,
        name: str,
        type: str,
        *,
        passive: bool = False,
        durable: bool = False,
        auto_delete: bool = False,
        internal: bool = False,
        arguments: Arguments = NO_ARGUMENTS,
        access: Access = UNLIMITED,
    ) -> Exchange:
        """The exchange of that name, made if it is not there and `passive` is not set.

        Raises NotFound, AccessRefused for names that are not the client's to declare, and
        PreconditionFailed for an unknown type, arguments that it cannot take, a differing
        declaration, or at the limit.
        """
        name = stripped(name)
        if passive:
            check_not_default(name)
            access.check_any(EXCHANGE, name)
            return self.find_exchange(name)
        make_router = find_type(type)
        check_not_default(name)
        access.check(CONFIGURE, EXCHANGE, name)
        exchange = self.exchanges.get(name)
        if exchange is None:
            check_not_reserved(name, kind="exchange")
            resource = self.exchange_description(name)
            check_alternate(arguments, resource=resource)
            if (alternate := alternate_in(arguments)) is not None:
                access.check(READ, EXCHANGE, name)
                access.check(WRITE, EXCHANGE, alternate)
            self.limits.check_exchanges(len(self.exchanges), resource=resource)
            return self.add_exchange(
                name,
                type,
                make_router(arguments, self.surroundings),
                durable=durable,
                auto_delete=auto_delete,
                internal=internal,
                arguments=arguments,
                incarnation=self.shard.new_incarnation() if durable else NOT_KEPT,
            )
        exchange.check_same(
            type,
            durable=durable,
            auto_delete=auto_delete,
            internal=internal,
            arguments=arguments,
            resource=self.exchange_description(name),
        )
        return exchange

    def delete_exchange(
        self, name: str, *, if_unused: bool = False, access: Access = UNLIMITED
    ) -> Chore | None:
        """Deletes it with its bindings; that there is none is not an error.

        It has gone at once, its bindings when the chore is done.

        Raises AccessRefused for the server's own, PreconditionFailed if it is in use.
        """
        name = stripped(name)
        check_not_default(name)
        if name.startswith(RESERVED_PREFIX):
            raise AccessRefused(f"deletion of system {self.exchange_description(name)} not allowed")
        access.check(CONFIGURE, EXCHANGE, name)
        exchange = self.exchanges.get(name)
        if exchange is None:
            return None
        if if_unused and exchange.binding_count:
            raise PreconditionFailed(f"{self.exchange_description(name)} in use")
        return self.topology.remove_exchange(exchange)

    def find_exchange(self, name: str) -> Exchange:
        """Raises NotFound."""
        exchange = self.exchanges.get(name)
        if exchange is None:
            raise NotFound(f"no {self.exchange_description(name)}")
        return exchange

    # Queues

    def declare_queue(
        self,
        name: str,
        *,
        passive: bool = False,
        durable: bool = False,
        exclusive: bool = False,
        auto_delete: bool = False,
        arguments: Arguments = NO_ARGUMENTS,
        connection: object | None,
        access: Access = UNLIMITED,
    ) -> Queue:
        """The queue of that name, made if it is not there and `passive` is not set.

        An empty name asks for one that the server makes up. An exclusive queue is never durable.
        Raises NotFound, AccessRefused for a reserved name, ResourceLocked for another connection's
        exclusive queue, and PreconditionFailed for a differing declaration or at the limit.
        """
        name = stripped(name)
        if passive:
            access.check_any(QUEUE, name)
            queue = self.find_queue(name, connection)
            queue.used()
            return queue
        check_not_reserved(name, kind="queue")
        owner = connection if exclusive else None
        durable = durable and not exclusive
        queue_arguments.check_named(name, arguments)
        name = name or self.unused_queue_name()
        access.check(CONFIGURE, QUEUE, name)
        found = self.queues.get(name)
        if found is None:
            check_dead_letters(name, arguments, access)
            return self.add_queue(
                name,
                durable=durable,
                auto_delete=auto_delete,
                owner=owner,
                arguments=arguments,
            )
        queue = found
        queue.check_same(durable=durable, auto_delete=auto_delete, owner=owner, arguments=arguments)
        queue.used()
        return queue

    def delete_queue(
        self,
        name: str,
        *,
        if_unused: bool = False,
        if_empty: bool = False,
        connection: object | None,
        access: Access = UNLIMITED,
    ) -> Deletion:
        """How many ready messages went with it: none if there is no such queue.

        It has gone at once, its bindings when the chore is done. Raises ResourceLocked, and
        PreconditionFailed if it is not empty or in use.
        """
        name = stripped(name)
        access.check(CONFIGURE, QUEUE, name)
        queue = self.queues.get(name)
        if queue is None:
            return Deletion(0, None)
        queue.check_access(connection)
        message_count = queue.message_count
        if if_empty and message_count:
            raise PreconditionFailed(f"{queue.description} not empty")
        if if_unused and queue.consumer_count:
            raise PreconditionFailed(f"{queue.description} in use")
        return Deletion(message_count, self.topology.remove_queue(queue))

    def purge_queue(
        self, name: str, connection: object | None, *, access: Access = UNLIMITED
    ) -> Chore:
        """Drops its ready messages; the chore's count is how many.

        Raises NotFound, ResourceLocked.
        """
        access.check(READ, QUEUE, name)
        return self.shard.purge(self.find_queue(name, connection).store)

    def check_consumers(self) -> None:
        """Raises PreconditionFailed if there cannot be one more."""
        self.limits.check_consumers(self.topology.consumer_count, virtual_host=self.name)

    def find_read(self, name: str, connection: object | None, access: Access) -> Queue:
        """The queue, for a connection to take messages from. Raises NotFound, ResourceLocked."""
        access.check(READ, QUEUE, name)
        return self.find_queue(name, connection)

    def find_queue(self, name: str, connection: object | None) -> Queue:
        """The queue, for a connection to use. Raises NotFound, ResourceLocked."""
        queue = self.queues.get(name)
        if queue is None:
            raise NotFound(f"no {self.queue_description(name)}")
        queue.check_access(connection)
        return queue

    def connection_closed(self, connection: object) -> Chore | None:
        """Deletes the connection's exclusive queues: they have gone when the chore is done."""
        if connection not in self.topology.owned:
            return None
        return self.topology.remove_owned(connection)

    # Direct replies

    def open_reply_queue(self, connection: object) -> Queue:
        """A queue for one consumer's direct replies, named by their address."""
        queue = Queue(
            reply_address(self.random),
            self.topology,
            self.shard.open_queue(),
            durable=False,
            auto_delete=False,
            owner=connection,
            arguments=NO_ARGUMENTS,
        )
        self.topology.add_reply_queue(queue)
        return queue

    def close_reply_queue(self, queue: Queue) -> None:
        """What is published to its address from now on goes nowhere."""
        self.topology.remove_reply_queue(queue)

    def check_reply_queue(self, name: str) -> None:
        """Raises NotFound if nobody waits for replies at this address any more."""
        if name != PSEUDO_QUEUE and name not in self.topology.reply_queues:
            raise NotFound(f"no {self.queue_description(name)}")

    # Bindings

    def bind_queue(
        self,
        *,
        queue: str,
        exchange: str,
        routing_key: str,
        arguments: Arguments = NO_ARGUMENTS,
        connection: object | None,
        access: Access = UNLIMITED,
    ) -> None:
        """Binds; a binding that is there already is left as it is.

        Raises NotFound, AccessRefused for the default exchange, ResourceLocked, and
        PreconditionFailed at the limit.
        """
        exchange, queue = stripped(exchange), stripped(queue)
        check_not_default(exchange)
        check_not_reply_queue(queue, resource=self.queue_description(queue))
        self.check_binding(access, QUEUE, queue, exchange, routing_key)
        source = self.find_exchange(exchange)
        self.bind(source, self.find_queue(queue, connection), routing_key, arguments)

    def unbind_queue(
        self,
        *,
        queue: str,
        exchange: str,
        routing_key: str,
        arguments: Arguments = NO_ARGUMENTS,
        connection: object | None,
        access: Access = UNLIMITED,
    ) -> Chore | None:
        """Removes the binding; that it, or an end of it, is not there is not an error.

        An auto-delete exchange goes with its last one: when the chore is done. Raises
        AccessRefused for the default exchange, ResourceLocked.
        """
        exchange, queue = stripped(exchange), stripped(queue)
        check_not_default(exchange)
        self.check_binding(access, QUEUE, queue, exchange, routing_key)
        destination = self.queues.get(queue)
        binding = self.find_binding(exchange, destination, routing_key, arguments)
        if binding is not None and destination is not None:
            destination.check_access(connection)
            return self.topology.unbind(binding)
        return None

    def bind_exchange(
        self,
        *,
        destination: str,
        source: str,
        routing_key: str,
        arguments: Arguments = NO_ARGUMENTS,
        access: Access = UNLIMITED,
    ) -> None:
        """Binds; cycles are harmless. Raises as bind_queue does."""
        destination, source = stripped(destination), stripped(source)
        check_not_default(destination, source)
        self.check_binding(access, EXCHANGE, destination, source, routing_key)
        origin = self.find_exchange(source)
        self.bind(origin, self.find_exchange(destination), routing_key, arguments)

    def unbind_exchange(
        self,
        *,
        destination: str,
        source: str,
        routing_key: str,
        arguments: Arguments = NO_ARGUMENTS,
        access: Access = UNLIMITED,
    ) -> Chore | None:
        """Removes the binding, as unbind_queue does."""
        destination, source = stripped(destination), stripped(source)
        check_not_default(destination, source)
        self.check_binding(access, EXCHANGE, destination, source, routing_key)
        end = self.exchanges.get(destination)
        binding = self.find_binding(source, end, routing_key, arguments)
        return None if binding is None else self.topology.unbind(binding)

    # Routing

    def route(self, exchange: str, routing_key: str, *, access: Access = UNLIMITED) -> Route:
        """Where a message goes, for the engine, which also finds it in `routes` from now on.

        The engine takes the route's exchange for what may be published to: where routing keys make
        a difference, it is given another one, that is this key's alone. Raises NotFound,
        AccessRefused for an internal exchange.
        """
        source = self.find_published(exchange, access)
        access.check_topic(WRITE, source, routing_key)
        if self.firehose is not None:
            return Route(source.source, (), by_content=True)
        route = self.topology.route(source, routing_key)
        self.routes.put(encoded(exchange), encoded(routing_key), route)
        return for_this_key(route) if access.is_by_topic(source) else route

    def route_message(
        self, message: Message, *, access: Access = UNLIMITED, client: Client | None = None
    ) -> Route:
        """Where this message alone goes, whatever it is that decides. Raises as route() does.

        `client` has published it, for the firehose to know; None: that is off.
        """
        source = self.find_published(message.exchange, access)
        for routing_key in message.routing_keys:
            access.check_topic(WRITE, source, routing_key)
        if self.firehose is None or client is None:
            return self.topology.route_message(source, message)
        reached = self.topology.reach(source, message) or {}
        self.firehose.published(message, reached.values(), client)
        return Route(source.source, list(reached))

    @property
    def looked(self) -> int:
        """At how many bindings, or places among them, messages' ways were looked for, ever."""
        return self.topology.looked

    def find_published(self, name: str, access: Access) -> Exchange:
        """An exchange, for a client to publish to. Raises NotFound, AccessRefused."""
        access.check(WRITE, EXCHANGE, name)
        exchange = self.find_exchange(name)
        if exchange.internal:
            raise AccessRefused(f"cannot publish to internal {self.exchange_description(name)}")
        return exchange

    # What the commands are made of

    def add_exchange(
        self,
        name: str,
        type: str,
        router: Router,
        *,
        durable: bool = True,
        auto_delete: bool = False,
        internal: bool = False,
        arguments: Arguments = NO_ARGUMENTS,
        incarnation: int = NOT_KEPT,
    ) -> Exchange:
        exchange = Exchange(
            name,
            type,
            router,
            durable=durable,
            auto_delete=auto_delete,
            internal=internal,
            arguments=arguments,
            incarnation=incarnation,
        )
        self.topology.add_exchange(exchange)
        self.policies.govern_exchange(exchange)
        return exchange

    def add_queue(
        self,
        name: str,
        *,
        durable: bool,
        auto_delete: bool,
        owner: object | None,
        arguments: Arguments,
    ) -> Queue:
        resource = self.queue_description(name)
        queue_arguments.check(arguments, resource=resource)
        queue_arguments.check_kind(
            arguments,
            durable=durable,
            exclusive=owner is not None,
            auto_delete=auto_delete,
            resource=resource,
        )
        self.check_queue_count(name)
        return self.make_queue(
            name, durable=durable, auto_delete=auto_delete, owner=owner, arguments=arguments
        )

    def make_queue(
        self,
        name: str,
        *,
        durable: bool,
        auto_delete: bool,
        owner: object | None,
        arguments: Arguments,
    ) -> Queue:
        store = self.shard.open_queue()
        if durable and self.shard.keeps:
            everything = queue_arguments.type_of(arguments) == QUORUM
            self.shard.keep_queue(store, everything=everything)
        queue = Queue(
            name,
            self.topology,
            store,
            durable=durable,
            auto_delete=auto_delete,
            owner=owner,
            arguments=arguments,
        )
        self.topology.add_queue(queue)
        self.policies.govern_queue(queue)
        return queue

    def reached(self, limit: str, count: int) -> int | None:
        """The limit that was set for this virtual host, if there cannot be more than `count`."""
        value = self.own_limits.get(limit, -1)
        return value if 0 <= value <= count else None

    def check_binding(
        self, access: Access, kind: str, destination: str, source: str, routing_key: str
    ) -> None:
        """Whether somebody may bind or unbind these. Raises AccessRefused."""
        access.check(WRITE, kind, destination)
        access.check(READ, EXCHANGE, source)
        exchange = self.exchanges.get(source)
        if exchange is not None:
            access.check_topic(READ, exchange, routing_key)

    def check_queue_count(self, name: str) -> None:
        """Raises PreconditionFailed if there cannot be one more."""
        count = len(self.queues)
        self.limits.check_queues(count, name=name, virtual_host=self.name)
        if (limit := self.reached(MAX_QUEUES, count)) is not None:
            own = replace(self.limits, queues_max=limit)
            own.check_queues(count, name=name, virtual_host=self.name)

    def unused_queue_name(self) -> str:
        while (name := generated_queue_name(self.random)) in self.queues:
            pass
        return name

    def bind(
        self, source: Exchange, destination: Destination, routing_key: str, arguments: Arguments
    ) -> None:
        binding = Binding(source, destination, routing_key, freeze(arguments))
        if destination.bindings is not None and binding in destination.bindings:
            return
        self.limits.check_bindings(self.topology.binding_count, virtual_host=self.name)
        self.topology.bind(binding)

    def find_binding(
        self,
        source: str,
        destination: Destination | None,
        routing_key: str,
        arguments: Arguments,
    ) -> Binding | None:
        origin = self.exchanges.get(source)
        if origin is None or destination is None:
            return None
        binding = Binding(origin, destination, routing_key, freeze(arguments))
        return binding if binding in (destination.bindings or ()) else None

    def exchange_description(self, name: str) -> str:
        return f"exchange '{name}' in vhost '{self.name}'"

    def queue_description(self, name: str) -> str:
        return f"queue '{name}' in vhost '{self.name}'"


def find_type(type: str) -> RouterMaker:
    """Raises PreconditionFailed."""
    make = EXCHANGE_TYPES.get(type)
    if make is None:
        raise PreconditionFailed(f"unknown exchange type '{type}'")
    return make
