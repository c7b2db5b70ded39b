"""The graph of one virtual host: exchanges, queues and bindings, and what follows from a change.

Three things follow, and nobody else has to think of them:

* cached routes that a change makes untrue are made stale: those of the exchange, and of every
  exchange from which bindings lead to it, or which has it as its alternate. A route of the default
  exchange depends on the queue that it leads to, and on the exchange only if it leads nowhere: so
  one queue that goes makes one route stale, and one that comes only those that led nowhere
* an auto-delete exchange goes with the last binding that leaves from it
* whoever consumes from a queue that goes is told

Routes are cached by exchange and routing key. Where a message gets to an exchange that decides by
more than the key, the cache learns only that: each message is then traced on its own.

It takes objects and checks nothing: names, rights and limits are the virtual host's business.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from leveret.broker.binding import Binding
from leveret.broker.definitions import Forgetful, Recorder
from leveret.broker.exchange import Exchange
from leveret.broker.exchanges import default
from leveret.broker.message import Message
from leveret.broker.names import encoded
from leveret.broker.queue import Queue
from leveret.engine.route import Route

if TYPE_CHECKING:
    from leveret.broker.binding import Destination
    from leveret.engine.shard import Shard


class Topology:
    """`virtual_host` is its name; `recorder` is told of what is to survive a restart."""

    def __init__(self, virtual_host: str, shard: Shard) -> None:
        self.virtual_host = virtual_host
        self.shard = shard
        self.recorder = Recorder(virtual_host, Forgetful())
        self.exchanges: dict[str, Exchange] = {}
        self.queues: dict[str, Queue] = {}
        self.reply_queues: dict[str, Queue] = {}  # by address
        self.alternated: dict[str, dict[Exchange, None]] = {}  # by the name of their alternate
        self.add_exchange(default.exchange(self.queues, self.reply_queues))
        self.owned: dict[object, dict[Queue, None]] = {}  # the exclusive queues, by connection
        self.binding_count = 0

    def add_exchange(self, exchange: Exchange) -> None:
        self.exchanges[exchange.name] = exchange
        if exchange.alternate is not None:
            self.alternated.setdefault(exchange.alternate, {})[exchange] = None
        for dependent in self.alternated.get(exchange.name, ()):
            self.make_routes_stale(dependent)
        self.recorder.exchange_added(exchange)

    def remove_exchange(self, exchange: Exchange) -> None:
        """And all bindings from it and to it."""
        self.make_routes_stale(exchange)
        self.forget_exchange(exchange)
        for binding in tuple(exchange.router.bindings()):
            self.drop(binding)
        self.remove_bindings_to(exchange)

    def add_queue(self, queue: Queue) -> None:
        self.queues[queue.name] = queue
        self.make_routes_stale(self.exchanges[default.NAME])
        if queue.owner is not None:
            self.owned.setdefault(queue.owner, {})[queue] = None
        self.recorder.queue_added(queue)

    def remove_queue(self, queue: Queue) -> None:
        """And all bindings to it, its consumers and its messages."""
        del self.queues[queue.name]
        self.make_default_route_stale(queue)
        self.remove_bindings_to(queue)
        if queue.owner is not None:
            self.disown(queue)
        subscriptions, queue.subscriptions = queue.subscriptions, None
        for subscription in subscriptions or ():
            subscription.cancelled()
        self.recorder.queue_removed(queue)
        self.shard.close_queue(queue.store)

    def add_reply_queue(self, queue: Queue) -> None:
        """A queue that nothing is known of but its address."""
        self.reply_queues[queue.name] = queue

    def remove_reply_queue(self, queue: Queue) -> None:
        del self.reply_queues[queue.name]
        self.make_default_route_stale(queue)
        self.shard.close_queue(queue.store)

    def bind(self, binding: Binding) -> None:
        """Adds a binding that is not there."""
        source, destination = binding.source, binding.destination
        source.router.bind(binding)
        source.binding_count += 1
        if destination.bindings is None:
            destination.bindings = {}
        destination.bindings[binding] = None
        if isinstance(destination, Exchange):
            destination.upstream[source] = destination.upstream.get(source, 0) + 1
        self.binding_count += 1
        self.make_routes_stale(source)
        self.recorder.bound(binding)

    def unbind(self, binding: Binding) -> None:
        """Removes a binding that is there, and its source if that was its last one."""
        source = binding.source
        self.make_routes_stale(source)
        self.drop(binding)
        if source.auto_delete and source.binding_count == 0:
            self.remove_exchange(source)

    def route(self, exchange: Exchange, routing_key: str) -> Route:
        """Where a message goes from here, good until something on the way changes."""
        numbers = self.trace(exchange, Message(exchange.name, (routing_key,)), by_keys=True)
        if numbers is None:
            return Route(exchange.source, (), by_content=True)
        if exchange.name == default.NAME and numbers:
            queue = self.queues.get(routing_key) or self.reply_queues[routing_key]
            return Route(exchange.source, numbers, queue.source)
        return Route(exchange.source, numbers)

    def route_message(self, exchange: Exchange, message: Message) -> Route:
        """Where this message alone goes from here, now."""
        return Route(exchange.source, self.trace(exchange, message) or ())

    def deliver(self, message: Message, destination: Destination) -> None:
        """Hands a message on that was published before: to a queue, or through an exchange."""
        if isinstance(destination, Queue):
            route = Route(destination.source, (destination.store.number,))
        else:
            route = self.route_message(destination, message)
        self.shard.insert(
            route,
            encoded(message.exchange),
            encoded(message.routing_keys[0]),
            properties=message.properties,
            body=bytes(message.body),
            arrival=message.arrival,
            priority=message.priority,
            persistent=message.persistent,
        )

    def trace(
        self, exchange: Exchange, message: Message, *, by_keys: bool = False
    ) -> list[int] | None:
        """The engine's numbers of all queues that a message reaches from here, each once.

        Marks the exchanges on the way. None: the routing keys alone should decide (`by_keys`),
        and do not.
        """
        numbers: dict[int, None] = {}
        seen = {exchange}
        work = [exchange]
        while work:
            passed = work.pop()
            passed.is_routed = True
            if by_keys and passed.router.by_content:
                return None
            for destination in self.destinations(passed, message):
                if isinstance(destination, Queue):
                    numbers[destination.store.number] = None
                elif destination not in seen:
                    seen.add(destination)
                    work.append(destination)
        return list(numbers)

    def destinations(self, exchange: Exchange, message: Message) -> list[Destination]:
        """What the exchange finds; if that is nothing, its alternate, where there is one."""
        found = list(exchange.router.destinations(message))
        if not found and exchange.alternate in self.exchanges:
            found.append(self.exchanges[exchange.alternate])
        return found

    def make_routes_stale(self, exchange: Exchange) -> None:
        """Those through the exchange, and through all from which a message may get to it.

        No good route leads through an exchange without a mark: there the walk ends. So it costs
        no more than the traces did that set the marks, however the exchanges are bound.
        """
        work = [exchange]
        while work:
            changed = work.pop()
            if changed.is_routed:
                changed.is_routed = False
                changed.source.changed()
                work.extend(changed.upstream)
                work.extend(self.alternated.get(changed.name, ()))

    def make_default_route_stale(self, queue: Queue) -> None:
        """The default exchange's route to a queue that goes; and all, if it is an alternate."""
        queue.source.changed()
        if default.NAME in self.alternated:
            self.make_routes_stale(self.exchanges[default.NAME])

    def remove_bindings_to(self, gone: Destination) -> None:
        """And the auto-delete exchanges that thereby lose their last binding, and so on.

        A loop and not a recursion: such exchanges can be chained without limit.
        """
        work: list[Destination] = [gone]
        while work:
            for binding in tuple(work.pop().bindings or ()):
                source = binding.source
                self.make_routes_stale(source)
                self.drop(binding)
                if source.auto_delete and source.binding_count == 0:
                    self.forget_exchange(source)
                    work.append(source)

    def forget_exchange(self, exchange: Exchange) -> None:
        del self.exchanges[exchange.name]
        self.recorder.exchange_removed(exchange)
        if exchange.alternate is not None:
            dependents = self.alternated[exchange.alternate]
            del dependents[exchange]
            if not dependents:
                del self.alternated[exchange.alternate]

    def drop(self, binding: Binding) -> None:
        """Takes the binding out at both ends."""
        self.recorder.unbound(binding)
        source, destination = binding.source, binding.destination
        source.router.unbind(binding)
        source.binding_count -= 1
        self.binding_count -= 1
        bindings = destination.bindings or {}
        del bindings[binding]
        if not bindings:
            destination.bindings = None
        if isinstance(destination, Exchange):
            destination.upstream[source] -= 1
            if destination.upstream[source] == 0:
                del destination.upstream[source]

    def disown(self, queue: Queue) -> None:
        queues = self.owned[queue.owner]
        del queues[queue]
        if not queues:
            del self.owned[queue.owner]
